#include "core/model/weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <fstream>

#include "core/base/files.h"
#include "tests/core/model/golden/paths.h"

namespace omniq::model {
namespace {

using ::testing::HasSubstr;

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string with_length(const std::string& header, const std::string& data) {
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(header.size() >> (8 * i)));
  return out + header + data;
}

TEST(Safetensors, RoundTripOfAllDtypes) {
  const TemporaryFolder folder;
  torch::manual_seed(0);
  StateDict tensors;
  for (const auto type : {at::kByte, at::kChar, at::kBool, at::kShort, at::kInt, at::kLong,
                          at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    tensors.emplace_back(std::string("t.") + c10::toString(type),
                         torch::randint(0, 100, {3, 5}).to(type));
  }
  tensors.emplace_back("scalar", torch::tensor(3.5));
  tensors.emplace_back("empty", torch::empty({0, 4}));
  tensors.emplace_back("strided", torch::randn({4, 6}).t().slice(0, 1, 5));
  tensors.emplace_back("expanded", torch::randn({1, 6}).expand({4, 6}));
  tensors.emplace_back("gradient", torch::randn({2}).requires_grad_());
  const std::map<std::string, std::string> metadata = {{"format", "pt"},
                                                       {"step", "12 \"quoted\" ü"}};
  ASSERT_TRUE(save_safetensors(folder / "a.safetensors", tensors, metadata));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.safetensors.tmp"));
  for (const Loading loading : {Loading::mapped, Loading::copied}) {
    const auto file = load_safetensors(folder / "a.safetensors", loading);
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->metadata, metadata);
    ASSERT_EQ(file->tensors.size(), tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(file->tensors[i].first, tensors[i].first);
      EXPECT_EQ(file->tensors[i].second.scalar_type(), tensors[i].second.scalar_type());
      EXPECT_TRUE(torch::equal(file->tensors[i].second, tensors[i].second)) << tensors[i].first;
    }
    EXPECT_FALSE(file->find("nothing").defined());
  }
}

TEST(Safetensors, SavesFromAGpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const TemporaryFolder folder;
  const at::Tensor tensor = torch::randn({5, 7}, at::kCUDA).t();
  ASSERT_TRUE(save_safetensors(folder / "a.safetensors", {{"x", tensor}}));
  EXPECT_TRUE(torch::equal(load_safetensors(folder / "a.safetensors")->find("x"), tensor.cpu()));
}

TEST(Safetensors, ReadsWhatPythonWrites) {
  const auto file = load_safetensors(golden("python.safetensors"));
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->metadata.at("format"), "pt");
  EXPECT_TRUE(torch::equal(file->find("a"), (torch::arange(6, torch::kFloat) / 2).view({2, 3})));
  EXPECT_TRUE(torch::equal(file->find("b"), torch::tensor({0.0, 0.5, 1.0}, torch::kBFloat16)));
  EXPECT_TRUE(torch::equal(file->find("c"), torch::tensor({true, false, true})));
  EXPECT_EQ(file->find("scalar").item<std::int64_t>(), 5);
}

TEST(Safetensors, TensorsOutliveTheFile) {
  const TemporaryFolder folder;
  const at::Tensor saved = torch::randn({1000});
  ASSERT_TRUE(save_safetensors(folder / "a.safetensors", {{"x", saved}, {"y", saved}}));
  at::Tensor x = load_safetensors(folder / "a.safetensors")->find("x");
  // A new file under the same name and writing to the tensor are both private.
  ASSERT_TRUE(save_safetensors(folder / "a.safetensors", {{"x", torch::zeros({1000})}}));
  EXPECT_TRUE(torch::equal(x, saved));
  x.add_(1);
  EXPECT_EQ(load_safetensors(folder / "a.safetensors")->find("x").abs().max().item<float>(), 0);
}

TEST(Safetensors, MisalignedDataAreCopied) {
  const TemporaryFolder folder;
  std::string data = "\x07";
  const float value = 1.5F;
  data.append(reinterpret_cast<const char*>(&value), sizeof value);
  write_bytes(folder / "a", with_length(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                        R"("f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                        data));
  const auto file = load_safetensors(folder / "a");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->find("f").item<float>(), 1.5F);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file->find("f").data_ptr()) % 4, 0U);
}

TEST(Safetensors, SavingRefusesWhatTheFormatLacks) {
  const TemporaryFolder folder;
  const auto message = [&](const StateDict& tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    const Status status = save_safetensors(folder / "a", tensors, metadata);
    EXPECT_FALSE(std::filesystem::exists(folder / "a"));
    return status ? std::string("saved") : status.error().message;
  };
  const at::Tensor one = torch::ones({1});
  EXPECT_THAT(message({{"x", at::Tensor()}}), HasSubstr("\"x\" is undefined"));
  EXPECT_THAT(message({{"x", one}, {"x", one}}), HasSubstr("\"x\" is given twice"));
  EXPECT_THAT(message({{"__metadata__", one}}), HasSubstr("reserves"));
  EXPECT_THAT(message({{"x", torch::ones({1}, torch::kComplexFloat)}}), HasSubstr("ComplexFloat"));
  EXPECT_THAT(message({{"x", torch::ones({2, 2}).to_sparse()}}), HasSubstr("not dense"));
  EXPECT_THAT(message({{"\xff", one}}), HasSubstr("UTF-8"));
  EXPECT_THAT(message({{"x", one}}, {{"k", "\xff"}}), HasSubstr("UTF-8"));
  EXPECT_FALSE(save_safetensors(folder / "missing/a", {{"x", one}}));
}

TEST(Safetensors, AFullDiskLeavesTheOldFile) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const TemporaryFolder folder;
  ASSERT_TRUE(save_safetensors(folder / "a", {{"x", torch::ones({3})}}));
  std::filesystem::create_symlink("/dev/full", folder / "a.tmp");
  const Status status = save_safetensors(folder / "a", {{"x", torch::zeros({300000})}});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().hint, HasSubstr("Free some space"));
  EXPECT_TRUE(torch::equal(load_safetensors(folder / "a")->find("x"), torch::ones({3})));
}

struct Broken {
  const char* name;
  std::string bytes;
  const char* expected;
};

std::vector<Broken> broken_files() {
  const std::string f4 = std::string(4, '\0');
  const auto one = [&](const std::string& entry, const std::string& data) {
    return with_length("{\"w\":" + entry + "}", data);
  };
  return {
      {"nothing", "", "0 bytes"},
      {"short", "1234567", "7 bytes"},
      {"length", with_length("{}", "").replace(2, 1, "\x01"), "header would take"},
      {"hugelength", std::string(8, '\xff') + "{}", "header would take"},
      {"noheader", std::string(8, '\0'), "does not begin with '{'"},
      {"json", with_length("{\"w\":", ""), "not valid JSON"},
      {"utf8", with_length("{\"\xff\":1}", ""), "not valid JSON"},
      {"deep", with_length("{\"w\":" + std::string(200000, '['), ""), "not valid JSON"},
      {"list", with_length("[]", ""), "does not begin with '{'"},
      {"number", one("3", ""), "\"w\" is not described by an object"},
      {"dtype", one(R"({"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]})", "x"),
       "\"w\" has the dtype F8_E4M3"},
      {"dtypenumber", one(R"({"dtype":3,"shape":[1],"data_offsets":[0,1]})", "x"),
       "dtype that is not a string"},
      {"nodtype", one(R"({"shape":[1],"data_offsets":[0,1]})", "x"), "has no dtype"},
      {"noshape", one(R"({"dtype":"U8","data_offsets":[0,1]})", "x"), "has no shape"},
      {"nooffsets", one(R"({"dtype":"U8","shape":[1]})", "x"), "has no data_offsets"},
      {"extra", one(R"({"dtype":"U8","shape":[1],"data_offsets":[0,1],"z":1})", "x"),
       "unknown field \"z\""},
      {"negative", one(R"({"dtype":"U8","shape":[-1],"data_offsets":[0,1]})", "x"),
       "not a list of sizes"},
      {"fraction", one(R"({"dtype":"U8","shape":[1.5],"data_offsets":[0,1]})", "x"),
       "not a list of sizes"},
      {"shapetext", one(R"({"dtype":"U8","shape":"1","data_offsets":[0,1]})", "x"),
       "shape that is not a list"},
      {"overflow",
       one(R"({"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,1]})", "x"),
       "too large"},
      {"overflowempty",
       one(R"({"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]})", ""),
       "too large"},
      {"huge", one(R"({"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]})", "x"),
       "not a list of sizes"},
      {"offsets", one(R"({"dtype":"U8","shape":[1],"data_offsets":[0]})", "x"),
       "not two byte positions"},
      {"offsetsign", one(R"({"dtype":"U8","shape":[1],"data_offsets":[-1,0]})", "x"),
       "not two byte positions"},
      {"backwards", one(R"({"dtype":"U8","shape":[1],"data_offsets":[1,0]})", "x"),
       "run backwards"},
      {"bytes", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", f4), "needs 8 bytes"},
      {"cut", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", f4),
       "only 4; it may be cut off"},
      {"trailing", one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", f4 + "x"),
       "1 bytes at its end"},
      {"hole", one(R"({"dtype":"U8","shape":[1],"data_offsets":[2,3]})", "abc"),
       "\"w\" follows a hole of 2 bytes"},
      {"overlap",
       with_length(
           R"({"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"w":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
           "abc"),
       "\"w\" overlaps tensor \"v\""},
      {"twice",
       with_length(
           R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
           "ab"),
       "names \"w\" twice"},
      {"bool", one(R"({"dtype":"BOOL","shape":[2],"data_offsets":[0,2]})", "\x01\x02"), "BOOL"},
      {"metadata", with_length(R"({"__metadata__":[]})", ""), "__metadata__ is not an object"},
      {"metavalue", with_length(R"({"__metadata__":{"k":1}})", ""), "entry \"k\" is not a string"},
  };
}

class BrokenSafetensors : public ::testing::TestWithParam<Broken> {};
INSTANTIATE_TEST_SUITE_P(Files, BrokenSafetensors, ::testing::ValuesIn(broken_files()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(BrokenSafetensors, IsAnErrorThatSaysWhat) {
  const TemporaryFolder folder;
  write_bytes(folder / "x.safetensors", GetParam().bytes);
  const auto file = load_safetensors(folder / "x.safetensors");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("x.safetensors"));
  EXPECT_THAT(file.error().message, HasSubstr(GetParam().expected));
}

TEST(Safetensors, MissingFileOrFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT(load_safetensors(folder / "none").error().message, HasSubstr("No such file"));
  EXPECT_THAT(load_safetensors(folder / ".").error().message, HasSubstr("not a regular file"));
}

TEST(Safetensors, NeitherTruncationNorAWrongByteCrashes) {
  const TemporaryFolder folder;
  const std::string whole = read_file(golden("python.safetensors")).value();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_bytes(folder / "x", whole.substr(0, length));
    EXPECT_FALSE(load_safetensors(folder / "x")) << length;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char wrong : {'\0', '9', '"', '{', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = wrong;
      write_bytes(folder / "x", bytes);
      const auto file = load_safetensors(folder / "x");  // an error or, in the data, other numbers
      if (file) {
        for (const auto& [name, tensor] : file->tensors) EXPECT_GE(tensor.numel(), 0);
      } else {
        EXPECT_FALSE(file.error().message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace omniq::model
