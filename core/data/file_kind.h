// Why a file could not be opened as a video, in words. Internal to core/data.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace omniq::data {

/// An error for what the file system alone shows: missing, a folder, empty, not readable.
Status check_video_file(const std::filesystem::path& path);

/// Looks at the bytes of a file that no decoder opened: audio only, cut off, text, or none of
/// these.
Error explain_unopened(const std::filesystem::path& path);

}  // namespace omniq::data
