#include "core/model/weights/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/model/weights/zip.h"
#include "tests/core/model/golden/paths.h"

namespace omniq::model {
namespace {

at::Tensor no_storage(const std::string&) { return torch::zeros({24}, torch::kByte); }

// The pickle inside, which the archive's checksum would otherwise guard.
TEST(Pickle, NeitherTruncationNorAWrongByteCrashes) {
  for (const char* name : {"state_dict.pth", "objects.pth"}) {
    const auto zip = StoredZip::open(golden(name));
    ASSERT_TRUE(zip) << zip.error().text();
    const std::string whole(zip->find("data.pkl").value());
    EXPECT_EQ(pickle::read(whole, no_storage).root->kind, pickle::Value::Kind::dict);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_THROW(pickle::read(whole.substr(0, length), no_storage), pickle::Malformed) << length;
    }
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int wrong = 0; wrong < 256; wrong += 15) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(wrong);
        try {
          pickle::read(bytes, no_storage);  // a name or a number may have changed, no more
        } catch (const pickle::Malformed&) {
          ++refused;
        }
      }
    }
    EXPECT_GT(refused, 0);
  }
}

std::string many_times(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// Few bytes that ask for much memory, or for time that grows with their square.
TEST(Pickle, BombsAreMalformed) {
  const std::string ordered_dict = "ccollections\nOrderedDict\n";
  const std::string pair = "(U\1aK\1t";
  const std::string list_of_pairs = "(" + many_times(pair, 2000) + "l";
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           // The same 2,000 pairs become 20,000 dicts.
           {"dicts", "\x80\2(" + list_of_pairs + "q\1" + ordered_dict + "q\2" +
                         many_times("h\2h\1\x85R", 20000) + "l."},
           // A text of 100,000 bytes becomes 10,000 names.
           {"names", "\x80\4(\x8d" + std::string("\xa0\x86\1\0\0\0\0\0", 8) +
                         std::string(100'000, 'a') + "q\1" + many_times("h\1h\1\x93", 10000) +
                         "l."}}) {
    EXPECT_THROW(pickle::read(bytes, no_storage), pickle::Malformed) << name;
  }
  // A size as long as the pickle, for each of many tensors.
  const std::string sides = "(" + many_times("K\1", 20000) + "tq\1";
  EXPECT_THROW(
      pickle::read("\x80\2" + sides +
                       "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\1"
                       "0U\3cpuK\1tQK\1h\1h\1tR.",
                   no_storage),
      pickle::Malformed);
}

}  // namespace
}  // namespace omniq::model
