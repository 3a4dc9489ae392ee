// omniq doctor
#include <torch/cuda.h>
#include <torch/types.h>

#include <filesystem>
#include <iostream>
#include <thread>

#include "app/omniq/command.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/data/video_support.h"
#include "core/model/device.h"
#include "core/train/environment.h"

namespace omniq::app {
namespace {

struct Check {
  std::string name;
  bool good;
  std::string finding;  // what is there
  std::string limits;   // what its absence limits, and what to do; empty when good
};

std::vector<Check> examine() {
  std::vector<Check> checks;
  if (torch::cuda::is_available()) {
    const c10::Device device(c10::kCUDA, 0);
    checks.push_back(
        {"GPU", true, cat(model::device_name(device), ", driver ", model::driver_version()), ""});
    checks.push_back({"bfloat16", model::supports_bfloat16(device),
                      model::supports_bfloat16(device) ? "supported" : "not supported",
                      model::supports_bfloat16(device)
                          ? ""
                          : "Mixed precision uses float16 with loss scaling instead."});
  } else {
    checks.push_back({"GPU", false, "none that libtorch can use",
                      "Training Swin-T takes days on a CPU; the demo set and small models train. "
                      "Install an NVIDIA driver (580 or newer) if there is a card."});
  }
  const unsigned cores = std::thread::hardware_concurrency();
  checks.push_back(
      {"CPU", true, cat(model::device_name(c10::Device(c10::kCPU)), ", ", cores, " cores"), ""});
  const data::VideoSupport video = data::video_support();
  checks.push_back({"Video decoding", video.decodes, video.backend,
                    video.decodes ? "" : "Video files cannot be read. Build with OMNIQ_VIDEO=ON."});
  checks.push_back(
      {"MPEG-4 encoding", video.encodes, video.encodes ? "works" : "not available",
       video.encodes
           ? ""
           : "The demo set cannot be generated. Install FFmpeg's codecs (libavcodec-extra)."});
  std::error_code ec;
  const auto space = std::filesystem::space(".", ec);
  const bool roomy = !ec && space.available > (2ULL << 30);
  checks.push_back(
      {"Disk", roomy, ec ? ec.message() : human_bytes(space.available) + " free here",
       roomy ? "" : "A run of Swin-T keeps up to 1 GB of checkpoints; free some space."});
  return checks;
}

}  // namespace

void add_doctor(CommandLine& line) {
  add_command(line, "doctor", "Say what this machine has, what is missing, and what that limits",
              [&line]() -> Result<int> {
                const c10::Device device(torch::cuda::is_available() ? c10::kCUDA : c10::kCPU);
                const auto versions =
                    train::describe_machine(device.is_cuda() ? c10::Device(c10::kCUDA, 0) : device);
                const std::vector<Check> checks = examine();
                if (line.json) {
                  auto list = nlohmann::ordered_json::array();
                  for (const Check& c : checks)
                    list.push_back({{"check", c.name},
                                    {"good", c.good},
                                    {"finding", c.finding},
                                    {"limits", c.limits}});
                  print_json({{"versions", versions}, {"checks", list}});
                  return kDone;
                }
                for (const auto& [key, value] : versions.items()) {
                  std::cout << key << ": "
                            << (value.is_string() ? value.get<std::string>() : json_text(value))
                            << "\n";
                }
                std::cout << "\n";
                for (const Check& c : checks) {
                  std::cout << (c.good ? "  ok       " : "  missing  ") << c.name << ": "
                            << c.finding << "\n";
                  if (!c.limits.empty()) std::cout << "           " << c.limits << "\n";
                }
                return kDone;
              });
}

}  // namespace omniq::app
