#include "core/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "core/base/text.h"

namespace omniq {
namespace fs = std::filesystem;

namespace {
tl::unexpected<Error> errno_error(std::string_view what, const fs::path& path) {
  const int code = errno;
  return fail(ErrorCode::io,
              cat("Cannot ", what, " ", path.string(), ": ", std::strerror(code), "."),
              code == ENOSPC ? "Free some space on that disk." : "");
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Status sync_path(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags);
  if (fd < 0) return errno_error("open", path);
  const int rc = ::fsync(fd);
  ::close(fd);
  // Some file systems do not sync folders; that is all a program can do there.
  if (rc != 0 && errno != EINVAL) return errno_error("sync", path);
  return {};
}

struct OutputFile {
  int fd = -1;
  ~OutputFile() {
    if (fd >= 0) ::close(fd);
  }
  Status write(std::string_view text, const fs::path& path) const {
    while (!text.empty()) {
      const ::ssize_t done = ::write(fd, text.data(), text.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno_error("write", path);
      text.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
  }
};
}  // namespace

InputFile::~InputFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<InputFile> InputFile::open(const fs::path& path) {
  // Without O_NONBLOCK a named pipe that nobody writes to would be waited for.
  InputFile file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), path);
  struct stat info {};
  // A socket cannot be opened, but can be named for what it is.
  const bool known = file.fd_ >= 0 ? ::fstat(file.fd_, &info) == 0
                                   : errno == ENXIO && ::stat(path.c_str(), &info) == 0;
  if (!known) return errno_error("read", path);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::io, cat("Cannot read ", path.string(), ": it is ", kind_of(info.st_mode),
                                   ", not a file."));
  }
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

Result<std::size_t> InputFile::read(char* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    const ::ssize_t got = ::read(fd_, to + done, bytes - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Status check_regular_file(const fs::path& path) {
  OMNIQ_TRY(InputFile::open(path));
  return {};
}

Result<std::string> read_file(const fs::path& path) {
  OMNIQ_ASSIGN(InputFile file, InputFile::open(path));
  std::string text;
  // Until its end, not its size: files under /proc have none, and others may grow meanwhile.
  for (std::size_t next = file.size() + 1;; next = std::max<std::size_t>(text.size(), 4096)) {
    const std::size_t before = text.size();
    text.resize(before + next);
    OMNIQ_ASSIGN(const std::size_t got, file.read(text.data() + before, next));
    text.resize(before + got);
    if (got < next) return text;
  }
}

Status commit_file(const fs::path& temporary, const fs::path& path) {
  OMNIQ_TRY(sync_path(temporary, O_RDWR));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return errno_error("write", path);
  return sync_path(path.has_parent_path() ? path.parent_path() : fs::path("."),
                   O_RDONLY | O_DIRECTORY);
}

Status write_file_atomic(const fs::path& path, std::string_view content) {
  // Two processes, or two threads, may write the same file at once: the last of them stays, whole.
  static std::atomic<unsigned> counter = 0;
  fs::path temporary;
  OutputFile file;
  do {
    temporary = path.parent_path() / cat(".omniq-", ::getpid(), "-", counter++, ".tmp");
    file.fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file.fd < 0 && errno == EEXIST);  // of a process on another machine, or one that died
  if (file.fd < 0) return errno_error("write", path);
  Status written = file.write(content, path);
  if (written) written = commit_file(temporary, path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Status append_to_file(const fs::path& path, std::string_view text) {
  const OutputFile file{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
  struct stat before {};
  if (file.fd < 0 || ::fstat(file.fd, &before) != 0) return errno_error("write", path);
  Status written = file.write(text, path);
  // Half a line would spoil the next one.
  if (!written) std::ignore = ::ftruncate(file.fd, before.st_size);
  return written;
}

Status make_folder(const fs::path& folder) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (!ec) return {};
  return fail(ErrorCode::io, cat("Cannot make ", folder.string(), ": ", ec.message(), "."));
}

Status check_writable(fs::path folder) {
  std::error_code ec;
  while (folder.has_relative_path() && !fs::exists(folder, ec) && !ec)
    folder = folder.parent_path();
  // By trying: what a folder's permissions say is not all, a disk can be mounted read-only.
  if (folder.empty()) folder = ".";
  const int fd = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
  if (fd >= 0) return ::close(fd), Status{};
  if (errno == EOPNOTSUPP || errno == EISDIR) {  // a file system without nameless files
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  }
  return errno_error("write to", folder);
}

}  // namespace omniq
