#include "ui/jobs/engine/machine.h"

#include "core/model/device.h"

namespace omniq::ui {

Result<Machine> find_machine(const std::string& name) {
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(name));
  return Machine{device.is_cuda(), model::device_name(device)};
}

}  // namespace omniq::ui
