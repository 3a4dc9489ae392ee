#include "core/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/temporary_folder.h"

namespace omniq {
namespace {

using ::testing::HasSubstr;
using testing_support::TemporaryFolder;

std::string message(const std::filesystem::path& path) {
  const auto text = read_file(path);
  EXPECT_EQ(check_regular_file(path).has_value(), text.has_value()) << path;
  return text ? "read" : text.error().text();
}

TEST(ReadFile, ReadsEveryByte) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 100'000U}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    const auto read = read_file(folder.write("bytes", bytes));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, bytes);
  }
}

TEST(ReadFile, ReadsWhatSaysThatItHasNoSize) {
  const auto status = read_file("/proc/self/status");
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_THAT(*status, HasSubstr("VmRSS"));
}

// A test that waits for ever when a pipe is opened as files are.
TEST(ReadFile, WhatIsNoFileIsNamed) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(message(pipe), "Cannot read " + pipe.string() + ": it is a named pipe, not a file.");
  std::filesystem::create_symlink(pipe, folder / "link");
  EXPECT_THAT(message(folder / "link"), HasSubstr("named pipe"));
  EXPECT_THAT(message(folder.path()), HasSubstr("a folder, not a file"));
  EXPECT_THAT(message("/dev/zero"), HasSubstr("a device, not a file"));
  EXPECT_THAT(message(folder / "none"), HasSubstr("No such file or directory"));

  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = (folder / "socket").string();
  std::strncpy(address.sun_path, name.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(message(name), HasSubstr("a socket, not a file"));
  ::close(listening);
}

TEST(InputFile, ReadsOnFromWhereItWas) {
  const TemporaryFolder folder;
  auto file = InputFile::open(folder.write("text", "abcdef"));
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->size(), 6U);
  std::string part(4, ' ');
  EXPECT_EQ(file->read(part.data(), 4), 4U);
  EXPECT_EQ(part, "abcd");
  EXPECT_EQ(file->read(part.data(), 4), 2U);
  EXPECT_EQ(part, "efcd");
  EXPECT_EQ(file->read(part.data(), 4), 0U);
}

}  // namespace
}  // namespace omniq
