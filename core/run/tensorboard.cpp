#include "core/run/tensorboard.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/run/run_folder.h"

namespace omniq::run {
namespace {

template <class T>
std::string little_endian(T value) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Protocol buffers' wire format: a varint key (field number, wire type), then the value.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string field_varint(int number, std::uint64_t value) {
  return varint(number << 3) + varint(value);
}
std::string field_double(int number, double value) {
  return varint(number << 3 | 1) + little_endian(value);
}
std::string field_bytes(int number, const std::string& value) {
  return varint(number << 3 | 2) + varint(value.size()) + value;
}
std::string field_float(int number, float value) {
  return varint(number << 3 | 5) + little_endian(value);
}

// Fields of tensorflow.Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7.
std::string event(double time, std::int64_t step, const std::string& what) {
  return field_double(1, time) + field_varint(2, static_cast<std::uint64_t>(step)) + what;
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ (c & 1 ? 0x82f63b78u : 0);
      t[i] = c;
    }
    return t;
  }();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes)
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

std::uint32_t masked_crc32c(const std::string& bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

Result<TensorBoardWriter> TensorBoardWriter::create(const std::filesystem::path& folder,
                                                    std::int64_t first_step) {
  const double now = now_seconds();
  // TensorBoard reads a folder's files in the order of their names; the process makes a quick
  // resume unique.
  const std::string name = cat("events.out.tfevents.", static_cast<std::int64_t>(now), ".",
                               host_name(), ".", ::getpid());
  TensorBoardWriter writer(folder / name);
  OMNIQ_TRY(writer.append(event(now, 0, field_bytes(3, "brain.Event:2"))));
  constexpr int kSessionStart = 1;
  OMNIQ_TRY(writer.append(event(now, first_step, field_bytes(7, field_varint(1, kSessionStart)))));
  return writer;
}

Status TensorBoardWriter::scalar(const std::string& tag, double value, std::int64_t step,
                                 double time_seconds) {
  // Summary.value 1; Summary.Value: tag 1, simple_value 2.
  const std::string entry = field_bytes(1, tag) + field_float(2, static_cast<float>(value));
  return append(event(time_seconds, step, field_bytes(5, field_bytes(1, entry))));
}

Status TensorBoardWriter::append(const std::string& record) {
  const std::string length = little_endian(static_cast<std::uint64_t>(record.size()));
  return append_to_file(path_, length + little_endian(masked_crc32c(length)) + record +
                                   little_endian(masked_crc32c(record)));
}

}  // namespace omniq::run
