#include "core/model/weights/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <fstream>

#include "core/base/files.h"
#include "tests/core/model/golden/paths.h"

namespace omniq::model {
namespace {

using ::testing::HasSubstr;

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

// {"epoch": 3, "best_acc1": tensor, "state_dict": {…}}
TEST(Weights, ATensorBesideTheStateDictIsNotTheWeights) {
  const auto state = load_weights(golden("beside.pth"));
  ASSERT_TRUE(state) << state.error().text();
  ASSERT_EQ(state->size(), 1U);
  EXPECT_TRUE(torch::equal(find(*state, "fc.weight"), counting({3, 2})));
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
  ASSERT_EQ(::mkfifo((folder / "pipe.pth").c_str(), 0600), 0);
  EXPECT_THAT(message(folder / "pipe.pth"), HasSubstr("a named pipe, not a file"));
  std::ofstream(folder / "text.pth") << "weights";
  EXPECT_THAT(message(folder / "text.pth"), HasSubstr("neither"));
  std::ofstream(folder / "zip.pth") << "PK\x03\x04 and no more";
  EXPECT_THAT(message(folder / "zip.pth"), HasSubstr("zip.pth"));
  // A record that is said to be compressed, which torch.save never does: it could become anything.
  std::string packed = read_file(golden("wrapped.pth")).value();
  packed[packed.find("PK\1\2") + 10] = 8;
  std::ofstream(folder / "packed.pth", std::ios::binary) << packed;
  EXPECT_THAT(message(folder / "packed.pth"), HasSubstr("is compressed"));
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
