// The device that a run would use, behind a header without torch.
#pragma once

#include <string>

#include "core/base/result.h"

namespace omniq::ui {

struct Machine {
  bool gpu = false;
  std::string device_name;
};

/// For the setting `device`: auto, cpu or cuda. The first call starts CUDA: not on the GUI thread.
Result<Machine> find_machine(const std::string& device);

}  // namespace omniq::ui
