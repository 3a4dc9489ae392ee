// Where Swin's tokens lie: the order of a stage's tokens in memory, the permutations into shifted
// windows and merged patches, and the masks of shifted windows. All of it depends on the frame size
// alone, so it is computed once a size.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace omniq::model::swin {

/// A rearrangement of tokens [n, in, C] → [n, out, C] in which every input token is used at most
/// once. An entry equal to the source's length stands for a token of zeros.
struct Gather {
  at::Tensor forward;          // int64 [out], into 0 … in; undefined: the identity
  at::Tensor backward;         // int64 [in], into 0 … out: where each input token went
  bool forward_pads = false;   // some output tokens are zeros
  bool backward_pads = false;  // some input tokens are dropped
  bool identity() const { return !forward.defined(); }
};

/// Applies `gather`, or its inverse (dropping what it padded, zeros where it dropped); one copy,
/// differentiable.
at::Tensor rearrange(const at::Tensor& tokens, const Gather& gather, bool inverse = false);

/// One stage's map of height × width tokens.
struct StageLayout {
  std::int64_t height = 0, width = 0;
  std::int64_t windows = 0;  // of one frame, padding included
  Gather plain;              // stage order → windows of unshifted blocks
  Gather shifted;            // stage order → windows of shifted blocks
  at::Tensor shift_mask;  // float [windows, T, T], 0 or −100; undefined when nothing is shifted
  Gather merge;           // stage order → four neighbours side by side, in the next stage's order
  std::int64_t merged = 0;  // tokens of the next stage; 0 after the last
};

struct FrameLayout {
  // The first stage's tokens lie window by window when windows divide the map, else row by row.
  bool windowed = false;
  std::int64_t rows = 0, columns = 0;  // of the first stage's map
  std::vector<StageLayout> stages;
};

/// For a first-stage map of rows × columns tokens. Tensors are on `device`.
FrameLayout make_layout(std::int64_t rows, std::int64_t columns, std::int64_t stages,
                        std::int64_t window, at::Device device);

}  // namespace omniq::model::swin
