#include "core/run/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "tests/support/temporary_folder.h"

namespace omniq::run {
namespace {

using testing_support::read_text;
using testing_support::TemporaryFolder;

template <class T>
T number_at(const std::string& bytes, std::size_t place) {
  T value;
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return value;
}

/// The fields of a protocol buffer: number → raw value (varints as 8 bytes).
std::multimap<int, std::string> fields(const std::string& message) {
  std::multimap<int, std::string> out;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    std::size_t size = 0;
    switch (key & 7) {
      case 0: {
        const std::uint64_t value = varint();
        out.emplace(key >> 3, std::string(reinterpret_cast<const char*>(&value), 8));
        continue;
      }
      case 1:
        size = 8;
        break;
      case 2:
        size = varint();
        break;
      case 5:
        size = 4;
        break;
      default:
        ADD_FAILURE() << "wire type " << (key & 7);
    }
    out.emplace(key >> 3, message.substr(at, size));
    at += size;
  }
  return out;
}

std::vector<std::string> records(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string bytes = read_text(entry.path());
    for (std::size_t at = 0; at < bytes.size();) {
      const auto length = number_at<std::uint64_t>(bytes, at);
      EXPECT_EQ(number_at<std::uint32_t>(bytes, at + 8), masked_crc32c(bytes.substr(at, 8)));
      out.push_back(bytes.substr(at + 12, length));
      EXPECT_EQ(number_at<std::uint32_t>(bytes, at + 12 + length), masked_crc32c(out.back()));
      at += 16 + length;
    }
  }
  return out;
}

TEST(Crc32c, MatchesItsPublishedVectors) {  // RFC 3720, B.4
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(TensorBoard, WritesScalarsThatReadBack) {
  const TemporaryFolder tmp;
  auto writer = TensorBoardWriter::create(tmp.path(), 1);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->scalar("loss/train", 1.5, 300, 1e9));
  const auto events = records(tmp.path());
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(fields(events[0]).find(3)->second, "brain.Event:2");
  const auto event = fields(events[2]);
  EXPECT_EQ(number_at<double>(event.find(1)->second, 0), 1e9);
  EXPECT_EQ(number_at<std::uint64_t>(event.find(2)->second, 0), 300u);
  const auto value = fields(fields(event.find(5)->second).find(1)->second);
  EXPECT_EQ(value.find(1)->second, "loss/train");
  EXPECT_EQ(number_at<float>(value.find(2)->second, 0), 1.5f);
}

TEST(TensorBoard, TellsWhereAStartContinues) {
  const TemporaryFolder tmp;
  ASSERT_TRUE(TensorBoardWriter::create(tmp.path(), 41));
  const auto events = records(tmp.path());
  ASSERT_EQ(events.size(), 2u);
  const auto event = fields(events[1]);
  EXPECT_EQ(number_at<std::uint64_t>(event.find(2)->second, 0), 41u);
  EXPECT_EQ(number_at<std::uint64_t>(fields(event.find(7)->second).find(1)->second, 0),
            1u);  // SessionLog.START
}

}  // namespace
}  // namespace omniq::run
