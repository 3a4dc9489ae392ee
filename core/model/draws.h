// What a model draws at random in training mode: keyed by (seed, step, layer, sample), so that it
// is the same in any division of a step into micro-batches and ranks, and beside other work of the
// process.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>

namespace omniq::model {

/// What the draws of a forward pass are keyed by, beside the layer.
struct PassKey {
  std::uint64_t seed = 0;
  std::int64_t step = 0;  // of the optimiser
  at::Tensor samples;     // int64 [B]: which each clip of the batch is, on the model's device
};

/// A module that draws in training mode.
class Drawing {
 public:
  virtual ~Drawing() = default;
  /// From now on, as `pass` says at the time and under this name.
  void draw_from(std::shared_ptr<const PassKey> pass, std::string name);

 protected:
  /// Of the pass under way. Throw c10::Error where there is none: nothing says what to draw.
  const at::Tensor& samples() const;
  std::uint64_t key() const;

 private:
  std::shared_ptr<const PassKey> pass_;
  std::string name_;
};

/// Lets `root` and everything in it that draws do so as `pass` says, under their names in it.
void draw_from(torch::nn::Module& root, const std::shared_ptr<const PassKey>& pass);

/// kernels::keyed_dropout in training mode; x itself in evaluation mode.
class Dropout : public torch::nn::Module, public Drawing {
 public:
  explicit Dropout(double rate) : rate_(rate) {}
  /// x floating, with the pass's samples along `axis`.
  at::Tensor forward(const at::Tensor& x, std::int64_t axis = 0);
  bool drops() const { return is_training() && rate_ > 0; }

 private:
  double rate_;
};

}  // namespace omniq::model
