// Whatever bytes a weight file has, reading it gives tensors or an error that names the file.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <fstream>
#include <random>

#include "core/base/files.h"
#include "core/model/swin/swin.h"
#include "core/model/weights/load_into.h"
#include "core/model/weights/weights.h"
#include "tests/core/model/golden/paths.h"

namespace omniq::model {
namespace {

std::string mutated(std::string bytes, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return random() % std::max<std::size_t>(n, 1); };
  for (std::size_t i = 0, count = 1 + below(4); i < count && !bytes.empty(); ++i) {
    const std::size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.erase(at, below(16));
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
        break;
      case 4:
        bytes.replace(at, std::min<std::size_t>(8, bytes.size() - at), 8, '\xff');
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

class Mutations : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Files, Mutations,
                         ::testing::Values("state_dict.pth", "objects.pth", "beside.pth",
                                           "python.safetensors"));

TEST_P(Mutations, GiveTensorsOrAnErrorThatNamesTheFile) {
  const TemporaryFolder folder;
  const auto path = folder / "weights";
  const std::string whole = read_file(golden(GetParam())).value();
  std::mt19937 random(7);
  Swin encoder(swin_options("swin_nano").value());
  for (int i = 0; i < 1500; ++i) {
    std::ofstream(path, std::ios::binary) << mutated(whole, random);
    const auto state = load_weights(path);
    if (!state) {
      EXPECT_NE(state.error().message.find(path.string()), std::string::npos)
          << state.error().message;
      continue;
    }
    for (const auto& [name, tensor] : *state) EXPECT_GE(tensor.numel(), 0) << name;
    EXPECT_FALSE(load_into(*encoder, *state, {path.string(), "swin_nano", "--allow-partial"}));
  }
}

}  // namespace
}  // namespace omniq::model
