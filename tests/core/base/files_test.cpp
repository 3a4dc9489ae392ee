#include "core/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <vector>

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

TEST(WriteFile, ManyWritersOfOneFileLeaveOneOfTheirs) {
  const TemporaryFolder folder;
  const auto file = folder / "file";
  {
    std::vector<std::jthread> writers;
    for (const char letter : {'a', 'b', 'c', 'd'}) {
      writers.emplace_back([&, letter] {
        for (int i = 0; i < 25; ++i) {
          const auto written = write_file_atomic(file, std::string(20'000, letter));
          EXPECT_TRUE(written) << written.error().text();
        }
      });
    }
  }
  const std::string text = testing_support::read_text(file);
  ASSERT_EQ(text.size(), 20'000u);
  EXPECT_EQ(text, std::string(20'000, text[0]));
  const auto count = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  EXPECT_EQ(count, 1) << "a temporary file is left";
}

TEST(WriteFile, SaysTheSystemsReasonAndLeavesNothing) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "taken");
  EXPECT_THAT(write_file_atomic(folder / "taken", "x").error().message,
              HasSubstr("taken: Is a directory"));
  EXPECT_THAT(write_file_atomic(folder / "none" / "file", "x").error().message,
              HasSubstr("No such file or directory"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_THAT(append_to_file("/dev/full", "x").error().message,
              HasSubstr("No space left on device"));
}

TEST(WriteFile, AppendsAtTheEnd) {
  const TemporaryFolder folder;
  ASSERT_TRUE(append_to_file(folder / "lines", "one\n"));
  ASSERT_TRUE(append_to_file(folder / "lines", "two\n"));
  EXPECT_EQ(testing_support::read_text(folder / "lines"), "one\ntwo\n");
}

TEST(WriteFile, AFolderIsWritableWhenItsNearestThatExistsIs) {
  const TemporaryFolder folder;
  EXPECT_TRUE(check_writable(folder.path()));
  EXPECT_TRUE(check_writable(folder / "a" / "b"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  folder.write("file", "");
  EXPECT_THAT(check_writable(folder / "file" / "b").error().message,
              HasSubstr("file: Not a directory"));
  EXPECT_THAT(make_folder(folder / "file" / "b").error().message, HasSubstr("Not a directory"));
  EXPECT_THAT(check_writable("/proc/self").error().message,
              HasSubstr("Cannot write to /proc/self"));
}

}  // namespace
}  // namespace omniq
