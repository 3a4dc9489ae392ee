// The machine that the engine runs on.
#pragma once

#include <string>
#include <vector>

namespace omniq::ui {

struct MachineFacts {
  std::string torch, cuda, driver, video;  // versions; empty where there is none
  std::string processor;
  std::vector<std::string> gpus;  // "NVIDIA H200"
};

/// The device that a run would use.
struct Machine {
  bool gpu = false;
  std::string device_name;
};

}  // namespace omniq::ui
