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

/// Writes to a temporary file beside `path` that no other writer uses, syncs it to the disk,
/// renames it to `path`, and syncs the folder. After an error the file at `path` is as it was.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content);

/// Adds `text` at the end of a file, which is made where there is none: all of it, or after an
/// error nothing.
Status append_to_file(const std::filesystem::path& path, std::string_view text);

/// Makes a folder, and those above it, where there is none.
Status make_folder(const std::filesystem::path& folder);

/// Whether files can be made in `folder`, or where it does not exist in the nearest folder above;
/// the error says the system's reason.
Status check_writable(std::filesystem::path folder);

/// The second half of write_file_atomic, for a temporary file that somebody else has written.
Status commit_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

}  // namespace omniq
