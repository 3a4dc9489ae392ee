// The machine that the engine runs on, behind a header without torch. Asking initialises torch and
// CUDA: not for the GUI thread.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace omniq::ui {

struct MachineFacts {
  std::string torch, cuda, driver, video;  // versions; empty where there is none
  std::string processor;
  std::vector<std::string> gpus;  // "NVIDIA H200"
};
MachineFacts describe_engine();

/// The device that a run would use.
struct Machine {
  bool gpu = false;
  std::string device_name;
};
/// For the setting `device`: auto, cpu or cuda.
Result<Machine> find_machine(const std::string& device);

}  // namespace omniq::ui
