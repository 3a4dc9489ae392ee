#include "core/base/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

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

Status sync_path(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags);
  if (fd < 0) return errno_error("open", path);
  const int rc = ::fsync(fd);
  ::close(fd);
  // Some file systems do not sync folders; that is all a program can do there.
  if (rc != 0 && errno != EINVAL) return errno_error("sync", path);
  return {};
}
}  // namespace

Result<std::string> read_file(const fs::path& path) {
  std::error_code ec;
  if (fs::is_directory(path, ec)) {
    return fail(ErrorCode::io, cat("Cannot read ", path.string(), ": it is a folder, not a file."));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return errno_error("read", path);
  std::ostringstream out;
  out << in.rdbuf();
  if (in.bad()) return errno_error("read", path);
  return std::move(out).str();
}

Status commit_file(const fs::path& temporary, const fs::path& path) {
  OMNIQ_TRY(sync_path(temporary, O_RDWR));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return errno_error("write", path);
  return sync_path(path.has_parent_path() ? path.parent_path() : fs::path("."),
                   O_RDONLY | O_DIRECTORY);
}

Status write_file_atomic(const fs::path& path, std::string_view content) {
  const fs::path temporary = path.string() + ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.flush();
    if (!out) return errno_error("write", temporary);
  }
  return commit_file(temporary, path);
}

}  // namespace omniq
