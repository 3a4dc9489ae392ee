#include "core/model/graph_cache.h"

#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/types.h>

#include <algorithm>
#include <memory>

namespace omniq::model {
namespace {

bool same_shapes(const GraphCache::Inputs& a, const GraphCache::Inputs& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const at::Tensor& x, const at::Tensor& y) {
                      return x.scalar_type() == y.scalar_type() && x.sizes() == y.sizes() &&
                             x.device() == y.device();
                    });
}

}  // namespace

struct GraphCache::Shape {
  Inputs inputs;  // of the graph; before there is one, tensors without memory
  std::unique_ptr<at::cuda::CUDAGraph> graph;  // null when the shape was seen once
  at::Tensor result;                           // of the graph
  at::cuda::CUDAEvent used;                    // the end of its last use

  void capture(const Inputs& given, const Work& work);
};

GraphCache::GraphCache() = default;
GraphCache::~GraphCache() = default;

void GraphCache::clear() { shapes_.clear(); }

std::size_t GraphCache::graphs() const {
  return std::count_if(shapes_.begin(), shapes_.end(),
                       [](const Shape& shape) { return shape.graph != nullptr; });
}

void GraphCache::Shape::capture(const Inputs& given, const Work& work) {
  for (std::size_t i = 0; i < given.size(); ++i) inputs[i] = given[i].clone();
  at::cuda::getCurrentCUDAStream().synchronize();
  // The default stream cannot be captured.
  const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  const c10::cuda::CUDAStreamGuard guard(stream);
  work(inputs);  // what is prepared once must not become part of the graph
  stream.synchronize();
  auto captured = std::make_unique<at::cuda::CUDAGraph>();
  // Other threads, which load clips, may go on using the device.
  captured->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  try {
    result = work(inputs);
  } catch (...) {
    result = at::Tensor();
    captured->capture_end();  // the stream is usable again; the graph is thrown away
    throw;
  }
  captured->capture_end();
  graph = std::move(captured);
}

at::Tensor GraphCache::run(const Inputs& inputs, const Work& work) {
  auto shape = std::find_if(shapes_.begin(), shapes_.end(),
                            [&](const Shape& s) { return same_shapes(s.inputs, inputs); });
  if (shape == shapes_.end()) {
    at::Tensor result = work(inputs);
    shapes_.emplace_front();
    for (const at::Tensor& x : inputs) {
      shapes_.front().inputs.push_back(
          at::empty({1}, x.options()).expand(x.sizes()));  // a shape, no memory to speak of
    }
    if (shapes_.size() > kMostGraphs) shapes_.pop_back();
    return result;
  }
  shapes_.splice(shapes_.begin(), shapes_, shape);
  const c10::cuda::CUDAStream stream = at::cuda::getCurrentCUDAStream();
  if (!shape->graph) {
    shape->capture(inputs, work);
  } else {
    shape->used.block(stream);
    for (std::size_t i = 0; i < inputs.size(); ++i) shape->inputs[i].copy_(inputs[i]);
  }
  shape->graph->replay();
  at::Tensor result = shape->result.clone();
  shape->used.record(stream);
  return result;
}

}  // namespace omniq::model
