#include "core/eval/timing.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "core/model/device.h"

namespace omniq::eval {
namespace {

double time_on_cpu(const std::function<void(std::int64_t)>& work, std::int64_t i) {
  const auto start = std::chrono::steady_clock::now();
  work(i);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double time_on_device(c10::Device device, const std::function<void(std::int64_t)>& work,
                      std::int64_t i) {
  const c10::impl::VirtualGuardImpl guard(device.type());
  c10::Event start(device.type(), c10::EventFlag::BACKEND_DEFAULT),
      end(device.type(), c10::EventFlag::BACKEND_DEFAULT);
  model::synchronize(device);
  start.record(guard.getStream(device));
  work(i);
  end.record(guard.getStream(device));
  model::synchronize(device);
  return start.elapsedTime(end);
}

}  // namespace

Timing summarize(std::vector<double> ms) {
  TORCH_CHECK(!ms.empty(), "no measurement to summarise");
  std::sort(ms.begin(), ms.end());
  const auto quantile = [&](double q) {
    const double place = q * static_cast<double>(ms.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, ms.size() - 1);
    return ms[low] + (place - static_cast<double>(low)) * (ms[high] - ms[low]);
  };
  return {quantile(0.5), quantile(0.1), quantile(0.9),
          std::accumulate(ms.begin(), ms.end(), 0.0) / static_cast<double>(ms.size()),
          static_cast<std::int64_t>(ms.size())};
}

Timing measure(c10::Device device, const std::function<void(std::int64_t)>& work,
               std::int64_t warmup, std::int64_t runs) {
  for (std::int64_t i = 0; i < warmup; ++i) work(i);
  std::vector<double> ms;
  for (std::int64_t i = 0; i < runs; ++i) {
    ms.push_back(device.is_cpu() ? time_on_cpu(work, warmup + i)
                                 : time_on_device(device, work, warmup + i));
  }
  return summarize(std::move(ms));
}

}  // namespace omniq::eval
