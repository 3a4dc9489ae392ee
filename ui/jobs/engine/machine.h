// What the engine is made of and runs on. Asking initialises torch and CUDA: not for the GUI
// thread.
#pragma once

#include <string>
#include <vector>

namespace omniq::ui {

struct MachineFacts {
  std::string torch, cuda, driver, video;  // versions; empty where there is none
  std::string processor;
  std::vector<std::string> gpus;  // "NVIDIA H200"
};

MachineFacts describe_engine();

}  // namespace omniq::ui
