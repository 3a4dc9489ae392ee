#include "core/model/weights/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <caffe2/serialize/inline_container.h>

#include <fstream>

#include "core/base/files.h"
#include "core/model/swin.h"
#include "core/model/weights/pickle.h"
#include "tests/core/model/golden/paths.h"

namespace omniq::model {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

at::Tensor find(const StateDict& state, const std::string& name) {
  for (const auto& [key, tensor] : state) {
    if (key == name) return tensor;
  }
  return {};
}

at::Tensor counting(std::vector<std::int64_t> shape, int start = 0) {
  return (torch::arange(start, start + c10::multiply_integers(shape), torch::kFloat) / 2)
      .view(shape);
}

StateDict parameters_of(const torch::nn::Module& module, const std::string& prefix) {
  StateDict state;
  for (const auto& item : module.named_parameters())
    state.emplace_back(prefix + item.key(), item.value().detach().clone());
  return state;
}

Swin nano() { return Swin(swin_options("swin_nano").value()); }

TEST(Weights, ReadsAStateDictOfTorchSave) {
  const auto state = load_weights(golden("state_dict.pth"));
  ASSERT_TRUE(state) << state.error().text();
  ASSERT_EQ(state->size(), 7U);
  EXPECT_EQ(state->front().first, "fc.weight");
  EXPECT_TRUE(torch::equal(find(*state, "fc.weight"), counting({2, 3})));
  EXPECT_TRUE(torch::equal(find(*state, "fc.bias"), counting({2}, 10)));
  EXPECT_EQ(find(*state, "bn.num_batches_tracked").item<std::int64_t>(), 0);
}

TEST(Weights, ReadsAStateDictWithinACheckpoint) {
  const auto state = load_weights(golden("wrapped.pth"));
  ASSERT_TRUE(state) << state.error().text();
  ASSERT_EQ(state->size(), 2U);
  EXPECT_TRUE(torch::equal(find(*state, "fc.weight"), counting({3, 2}).t()));
  EXPECT_TRUE(torch::equal(find(*state, "fc.bias"), counting({2}).to(torch::kHalf)));
}

TEST(Weights, ReadsTensorsAmongObjects) {
  const auto state = load_weights(golden("objects.pth"));
  ASSERT_TRUE(state) << state.error().text();
  ASSERT_EQ(state->size(), 13U);
  const std::vector<std::pair<std::string, at::ScalarType>> types = {
      {"float64", at::kDouble},    {"float32", at::kFloat}, {"float16", at::kHalf},
      {"bfloat16", at::kBFloat16}, {"int64", at::kLong},    {"int32", at::kInt},
      {"int16", at::kShort},       {"int8", at::kChar},     {"uint8", at::kByte},
      {"bool", at::kBool}};
  for (std::size_t i = 0; i < types.size(); ++i) {
    EXPECT_EQ((*state)[i].first, types[i].first);
    EXPECT_TRUE(torch::equal((*state)[i].second, torch::tensor({0, 1, 1}).to(types[i].second)))
        << types[i].first;
  }
  EXPECT_TRUE(torch::equal(find(*state, "first"), counting({2})));
  EXPECT_TRUE(torch::equal(find(*state, "second"), counting({2}, 2)));
  EXPECT_EQ(find(*state, "empty").sizes(), (std::vector<std::int64_t>{0, 3}));
}

TEST(Weights, ReadsSafetensorsWhateverItsName) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(golden("python.safetensors"), folder / "weights.bin");
  const auto state = load_weights(folder / "weights.bin");
  ASSERT_TRUE(state) << state.error().text();
  EXPECT_EQ(state->size(), 4U);
}

TEST(Weights, OtherFilesAreErrorsThatSayWhat) {
  const TemporaryFolder folder;
  const auto message = [](const std::filesystem::path& path) {
    const auto state = load_weights(path);
    return state ? std::string("read") : state.error().text();
  };
  EXPECT_THAT(message(golden("legacy.pth")), HasSubstr("before 1.6"));
  EXPECT_THAT(message(golden("list.pth")), HasSubstr("does not hold a dict of tensors"));
  EXPECT_THAT(message(folder / "none.pth"), HasSubstr("No such file"));
  EXPECT_THAT(message(folder / "."), HasSubstr("folder"));
  std::ofstream(folder / "text.pth") << "weights";
  EXPECT_THAT(message(folder / "text.pth"), HasSubstr("neither"));
  std::ofstream(folder / "zip.pth") << "PK\x03\x04 and no more";
  EXPECT_THAT(message(folder / "zip.pth"), HasSubstr("zip.pth"));
  // Cut anywhere: a sentence, never a crash, and never libtorch's stack trace.
  const std::string whole = read_file(golden("wrapped.pth")).value();
  for (std::size_t length = 0; length < whole.size(); length += 9) {
    std::ofstream(folder / "cut.pth", std::ios::binary)
        .write(whole.data(), static_cast<std::streamsize>(length));
    const std::string text = message(folder / "cut.pth");
    EXPECT_THAT(text, HasSubstr("cut.pth")) << length;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

// The pickle inside, which the archive's checksum would otherwise guard.
TEST(Pickle, NeitherTruncationNorAWrongByteCrashes) {
  for (const char* name : {"state_dict.pth", "objects.pth"}) {
    caffe2::serialize::PyTorchStreamReader reader(golden(name).string());
    const auto [data, size] = reader.getRecord("data.pkl");
    const std::string whole(static_cast<const char*>(data.get()), size);
    const auto storage = [](const std::string&) { return torch::zeros({24}, torch::kByte); };
    EXPECT_EQ(pickle::read(whole, storage).root->kind, pickle::Value::Kind::dict);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_THROW(pickle::read(whole.substr(0, length), storage), pickle::Malformed) << length;
    }
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int wrong = 0; wrong < 256; wrong += 15) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(wrong);
        try {
          pickle::read(bytes, storage);  // a name or a number may have changed, no more
        } catch (const pickle::Malformed&) {
          ++refused;
        }
      }
    }
    EXPECT_GT(refused, 0);
  }
}

TEST(LoadInto, AnExtraPrefixDoesNotMatter) {
  torch::manual_seed(1);
  const Swin source = nano();
  for (const auto& [in_file, asked] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"module.", ""},
                                                        {"module.backbone.", ""},
                                                        {"trunk.", ""},
                                                        {"encoder.", "encoder."},
                                                        {"module.encoder.", "module.encoder."}}) {
    StateDict state = parameters_of(*source, in_file);
    state.emplace_back(in_file + "features.1.0.attn.relative_position_index",
                       torch::zeros({256}, torch::kLong));
    state.emplace_back(in_file + "head.weight", torch::zeros({10, 64}));
    Swin target = nano();
    const auto report = load_into(*target, state, asked);
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->loaded.size(), source->parameters().size());
    EXPECT_THAT(report->missing, IsEmpty());
    EXPECT_THAT(report->mismatched, IsEmpty());
    EXPECT_THAT(report->unexpected, ElementsAre("head.weight"));
    for (std::size_t i = 0; i < source->parameters().size(); ++i) {
      EXPECT_TRUE(torch::equal(target->parameters()[i], source->parameters()[i]));
    }
  }
}

TEST(LoadInto, ReportsWhatDoesNotFit) {
  StateDict state = parameters_of(*nano(), "trunk.");
  state.emplace_back("heads.image.weight", torch::zeros({3}));
  for (auto& [name, tensor] : state) {
    if (name == "trunk.norm.weight") tensor = torch::zeros({65});
    if (name == "trunk.norm.bias") tensor = torch::zeros({64}, torch::kLong);
  }
  state.erase(state.begin());  // features.0.0.weight
  Swin target = nano();
  const auto report = load_into(*target, state, "trunk.");
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_THAT(report->missing, ElementsAre("features.0.0.weight"));
  EXPECT_THAT(report->unexpected, ElementsAre("heads.image.weight"));
  EXPECT_THAT(report->mismatched, ElementsAre("norm.weight: file [65], model [64]",
                                              "norm.bias: file Long, model Float"));
}

TEST(LoadInto, ConvertsDtypesAndLoadsBuffers) {
  torch::nn::BatchNorm1d target(2);
  const auto report =
      load_into(*target, {{"running_mean", torch::tensor({1.0, 2.0}, torch::kBFloat16)}});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(torch::equal(target->running_mean, torch::tensor({1.0F, 2.0F})));
  EXPECT_THAT(report->missing, Contains("weight"));
}

TEST(LoadInto, NothingMatchingIsAnError) {
  Swin target = nano();
  const auto report = load_into(*target, {{"layers.0.blocks.0.weight", torch::zeros({1})}});
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("layers.0.blocks.0.weight"));
  EXPECT_THAT(report.error().message, HasSubstr("features.0.0.weight"));
  EXPECT_FALSE(load_into(*target, {}));
  const auto prefixed = load_into(*target, parameters_of(*nano(), ""), "trunk.");
  ASSERT_FALSE(prefixed);
  EXPECT_THAT(prefixed.error().message, HasSubstr("under \"trunk.\""));
}

TEST(LoadInto, AnotherWindowSizeIsAnErrorAndChangesNothing) {
  SwinOptions options = swin_options("swin_nano").value();
  options.window = 5;
  const Swin source(options);
  Swin target = nano();
  const StateDict before = parameters_of(*target, "");
  const auto report = load_into(*target, parameters_of(*source, ""));
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("window"));
  const StateDict after = parameters_of(*target, "");
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(torch::equal(before[i].second, after[i].second));
}

TEST(FileSha256, HashesContent) {
  const TemporaryFolder folder;
  std::ofstream(folder / "abc") << "abc";
  EXPECT_EQ(file_sha256(folder / "abc").value(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::ofstream(folder / "empty").flush();
  EXPECT_EQ(file_sha256(folder / "empty").value(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_FALSE(file_sha256(folder / "none"));
  EXPECT_FALSE(file_sha256(folder / "."));
}

}  // namespace
}  // namespace omniq::model
