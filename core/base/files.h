// Whole-file reading and writing with errors as values. A written file is either the old one or the
// new one, whenever the process dies.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace omniq {

Result<std::string> read_file(const std::filesystem::path& path);

/// Writes to `<path>.tmp`, syncs it to the disk, renames it to `path`, and syncs the folder.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content);

/// The second half of write_file_atomic, for a temporary file that somebody else has written.
Status commit_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

}  // namespace omniq
