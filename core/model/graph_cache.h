// Work on a GPU that is captured as a CUDA graph when its shape comes again, for work that is so
// little that launching its operators one by one would take longer than they do.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <list>
#include <vector>

namespace omniq::model {

/// A shape is the sizes and dtypes of the inputs. The first time it is computed as it is (the last
/// batch of an evaluation comes once), the second time captured, from then on replayed. Streams are
/// those of the caller; uses of a graph on several streams wait for each other. Not for more than
/// one thread at a time.
class GraphCache {
 public:
  using Inputs = std::vector<at::Tensor>;
  /// Must do the same on the same shapes, and depend on nothing that changes before clear().
  using Work = std::function<at::Tensor(const Inputs&)>;

  GraphCache();
  ~GraphCache();

  /// work(inputs), which are on the current device. What `work` throws while it is captured is
  /// thrown on, and the shape may be tried again.
  at::Tensor run(const Inputs& inputs, const Work& work);

  /// To be called when what `work` uses besides its inputs has changed.
  void clear();

  /// Graphs that are kept, at most: the least recently used goes first.
  static constexpr std::size_t kMostGraphs = 16;
  /// Graphs that are there.
  std::size_t graphs() const;

 private:
  struct Shape;
  std::list<Shape> shapes_;  // the most recently used first
};

}  // namespace omniq::model
