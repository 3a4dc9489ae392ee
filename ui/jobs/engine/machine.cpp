#include "ui/jobs/engine/machine.h"

#include <torch/cuda.h>
#include <torch/version.h>

#include <thread>

#include "core/base/text.h"
#include "core/base/version.h"
#include "core/data/video_support.h"
#include "core/model/device.h"

namespace omniq::ui {

MachineFacts describe_engine() {
  MachineFacts facts;
  facts.torch = TORCH_VERSION;
  facts.cuda = kCudaVersion;
  facts.driver = model::driver_version();
  facts.video = data::video_support().backend;
  facts.processor = cat(model::device_name(c10::Device(c10::kCPU)), ", ",
                        std::thread::hardware_concurrency(), " cores");
  const auto count =
      torch::cuda::is_available() ? static_cast<c10::DeviceIndex>(torch::cuda::device_count()) : 0;
  for (c10::DeviceIndex i = 0; i < count; ++i)
    facts.gpus.push_back(model::device_name(c10::Device(c10::kCUDA, i)));
  return facts;
}

Result<Machine> find_machine(const std::string& name) {
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(name));
  return Machine{device.is_cuda(), model::device_name(device)};
}

}  // namespace omniq::ui
