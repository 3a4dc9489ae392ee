// Whole-file reading and writing with errors as values. A written file is either the old one or the
// new one, whenever the process dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"

namespace omniq {

/// A regular file, open for reading until the value goes.
class InputFile {
 public:
  /// Never waits, as opening a named pipe would. Errors (io) say the system's reason, or that it is
  /// a folder, a named pipe, a socket or a device, not a file.
  static Result<InputFile> open(const std::filesystem::path& path);

  InputFile(InputFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), size_(other.size_), path_(std::move(other.path_)) {}
  InputFile& operator=(InputFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(size_, other.size_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~InputFile();

  int descriptor() const { return fd_; }
  std::uint64_t size() const { return size_; }  // when it was opened
  /// At most `bytes` from where the last reading ended; fewer at the end of the file.
  Result<std::size_t> read(char* to, std::size_t bytes);

 private:
  InputFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}

  int fd_;
  std::uint64_t size_ = 0;
  std::filesystem::path path_;
};

/// For files that a library opens by name: the errors of InputFile::open.
Status check_regular_file(const std::filesystem::path& path);

Result<std::string> read_file(const std::filesystem::path& path);

/// Writes to `<path>.tmp`, syncs it to the disk, renames it to `path`, and syncs the folder.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content);

/// The second half of write_file_atomic, for a temporary file that somebody else has written.
Status commit_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

}  // namespace omniq
