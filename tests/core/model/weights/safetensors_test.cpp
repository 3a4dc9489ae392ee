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

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
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
  const auto file = load_safetensors(folder / "a.safetensors");
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
  EXPECT_THAT(message({{"x", torch::ones({1}, torch::kComplexDouble)}}),
              HasSubstr("ComplexDouble"));
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
      {"deep", with_length("{\"w\":{\"x\":" + std::string(200000, '['), ""), "nests without end"},
      {"deepobjects", with_length("{\"w\":{\"x\":" + repeated("{\"y\":", 50000), ""),
       "nests without end"},
      {"list", with_length("[]", ""), "does not begin with '{'"},
      {"number", one("3", ""), "\"w\" is not described by an object"},
      {"dtype", one(R"({"dtype":"F7","shape":[1],"data_offsets":[0,1]})", "x"),
       "\"w\" has the dtype F7"},
      {"halfbyte", one(R"({"dtype":"F4","shape":[3],"data_offsets":[0,2]})", "xy"), "whole bytes"},
      {"infinite", one(R"({"dtype":"F32","shape":[1e999],"data_offsets":[0,8]})", "12345678"),
       "not valid JSON"},
      {"sides",
       one(R"({"dtype":"U8","shape":[1)" + repeated(",1", 64) + R"(],"data_offsets":[0,1]})", "x"),
       "more than 64 sides"},
      {"threeoffsets", one(R"({"dtype":"U8","shape":[1],"data_offsets":[0,1,1]})", "x"),
       "not two byte positions"},
      {"dtypenumber", one(R"({"dtype":3,"shape":[1],"data_offsets":[0,1]})", "x"),
       "dtype that is not a string"},
      {"nodtype", one(R"({"shape":[1],"data_offsets":[0,1]})", "x"), "has no dtype"},
      {"noshape", one(R"({"dtype":"U8","data_offsets":[0,1]})", "x"), "has no shape"},
      {"nooffsets", one(R"({"dtype":"U8","shape":[1]})", "x"), "has no data_offsets"},
      {"fieldtwice", one(R"({"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]})", "x"),
       "names \"dtype\" twice"},
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
  EXPECT_THAT(load_safetensors(folder / ".").error().message, HasSubstr("a folder, not a file"));
}

// What the official library opens.
TEST(Safetensors, ReadsWhatIsUnusual) {
  const TemporaryFolder folder;
  write_bytes(folder / "x",
              with_length(R"({"__metadata__":null,)"
                          R"("f8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},)"
                          R"("u16":{"dtype":"U16","shape":[1],"data_offsets":[2,4],"z":[{},null]},)"
                          R"("f4":{"dtype":"F4","shape":[2,3],"data_offsets":[4,7]},)"
                          R"("i8":{"dtype":"I8","shape":[],"data_offsets":[7,8]},)"
                          R"("c64":{"dtype":"C64","shape":[1],"data_offsets":[8,16]}}   )",
                          std::string("\x38\x40\x02\x01qrs\xff", 8) + std::string(8, '\0')));
  const auto file = load_safetensors(folder / "x");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_TRUE(file->metadata.empty());
  EXPECT_TRUE(torch::equal(file->find("f8").to(at::kFloat), torch::tensor({1.0F, 2.0F})));
  EXPECT_EQ(file->find("u16").to(at::kLong).item<std::int64_t>(), 258);
  EXPECT_EQ(file->find("f4").sizes(), (std::vector<std::int64_t>{3}));  // as bytes
  EXPECT_EQ(file->find("i8").item<std::int64_t>(), -1);
  EXPECT_EQ(file->find("c64").scalar_type(), at::kComplexFloat);
}

TEST(Safetensors, ManyNamesTakeLittleTime) {  // minutes, if the time grew with their square
  const TemporaryFolder folder;
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i) {
    header += (i ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  write_bytes(folder / "x", with_length(header + "}", ""));
  const auto file = load_safetensors(folder / "x");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->tensors.size(), 100'000U);
  EXPECT_EQ(file->tensors.back().first, "99999");
}

TEST(Safetensors, EveryFlippedBitIsFound) {
  const TemporaryFolder folder;
  torch::manual_seed(0);
  const StateDict tensors = {{"a.weight", torch::randn({3, 4})},
                             {"step", torch::tensor(7)},
                             {"mask", torch::tensor({true, false, true})},
                             {"half", torch::randn({5}).to(at::kHalf)}};
  ASSERT_TRUE(save_safetensors(folder / "x", tensors, {{"omniq.trainer", R"({"step":12})"}}));
  const std::string whole = read_file(folder / "x").value();
  ASSERT_TRUE(SafetensorsReader::open(folder / "x")->checked());
  std::fstream file(folder / "x", std::ios::in | std::ios::out | std::ios::binary);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    const auto put = [&](char byte) {
      file.seekp(static_cast<std::streamoff>(bit / 8)).put(byte).flush();
    };
    put(static_cast<char>(whole[bit / 8] ^ 1 << bit % 8));
    const auto read = load_safetensors(folder / "x");
    ASSERT_FALSE(read) << "bit " << bit << " at " << whole.substr(bit / 8, 20);
    EXPECT_THAT(read.error().message, HasSubstr((folder / "x").string()));
    put(whole[bit / 8]);
  }
  EXPECT_TRUE(load_safetensors(folder / "x"));
}

TEST(Safetensors, DamageIsNamed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(
      save_safetensors(folder / "x", {{"a", torch::ones({1000})}, {"b", torch::ones({9})}}));
  const std::string whole = read_file(folder / "x").value();
  const auto message = [&](std::size_t at, std::size_t count) {
    std::string bytes = whole;
    bytes.replace(at, count, std::string(count, '\0'));
    write_bytes(folder / "x", bytes);
    const auto file = load_safetensors(folder / "x");
    return file ? "read" : file.error().message;
  };
  const std::size_t data = whole.size() - 4036;
  EXPECT_THAT(message(data + 2000, 16), HasSubstr("is damaged: the values of a are not"));
  EXPECT_THAT(message(data + 4000, 36), HasSubstr("is damaged: the values of b are not"));
  EXPECT_THAT(message(data + 4000, 36), ::testing::Not(HasSubstr("\n")));
  // A tensor that is not read is not in the way of others.
  const auto reader = SafetensorsReader::open(folder / "x");
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->read(static_cast<std::size_t>(reader->find("a"))));
  EXPECT_FALSE(reader->read(static_cast<std::size_t>(reader->find("b"))));
  EXPECT_FALSE(reader->check());
  EXPECT_EQ(reader->find("c"), -1);
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
