#include "app/bench/timing.h"

#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>
#include <vector>

namespace omniq::bench {
namespace {

constexpr std::int64_t kMostSets = 32;
constexpr int kWarmUp = 3;

// Milliseconds that `all` takes on the stream.
double time_once(const std::function<void()>& all) {
  at::cuda::CUDAEvent start(cudaEventDefault), end(cudaEventDefault);
  start.record();
  all();
  end.record();
  end.synchronize();
  return start.elapsed_time(end);
}

}  // namespace

std::int64_t rotation(c10::Device device, std::int64_t bytes_of_a_set) {
  if (device.is_cpu()) return 4;
  const std::int64_t cache = at::cuda::getCurrentDeviceProperties()->l2CacheSize;
  return std::clamp<std::int64_t>(2 * cache / std::max<std::int64_t>(1, bytes_of_a_set) + 1, 2,
                                  kMostSets);
}

Timing measure(c10::Device device, const std::function<void(std::int64_t)>& work,
               std::int64_t rotation, std::int64_t runs, Launch launch) {
  if (device.is_cpu()) {
    return eval::measure(
        device, [&](std::int64_t i) { work(i % rotation); }, kWarmUp, runs);
  }
  // Graphs cannot be captured on the default stream.
  const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
  const auto each = [&] {
    for (std::int64_t i = 0; i < rotation; ++i) work(i);
  };
  for (int i = 0; i < kWarmUp; ++i) each();
  at::cuda::getCurrentCUDAStream().synchronize();
  at::cuda::CUDAGraph graph;
  if (launch == Launch::kGraph) {
    graph.capture_begin();
    each();
    graph.capture_end();
  }
  std::vector<double> ms;
  for (std::int64_t i = -kWarmUp; i < runs; ++i) {
    const double all =
        launch == Launch::kGraph ? time_once([&] { graph.replay(); }) : time_once(each);
    if (i >= 0) ms.push_back(all / static_cast<double>(rotation));
  }
  return eval::summarize(std::move(ms));
}

}  // namespace omniq::bench
