// What the bytes of a file say before, or instead of, a decoder. Internal to core/data.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace omniq::data {

/// An error for what is no video whatever a decoder may find in it: missing, a folder, a named
/// pipe, empty, not readable, text, a HEIC or AVIF picture. Never waits.
Status check_video_file(const std::filesystem::path& path);

/// What AVI, MP4, QuickTime and Matroska files say of their own size, where that is more than there
/// is: "its header promises 1.2 MiB, 0.6 MiB are there"; else "".
std::string missing_bytes(const std::filesystem::path& path);

/// Of a file that FFmpeg does not open, for its `reason`.
Error explain_unopened(const std::filesystem::path& path, const std::string& reason);

/// There is a video stream, but nothing in it. `reason` may be empty.
Error no_frame_error(const std::filesystem::path& path, const std::string& reason);

}  // namespace omniq::data
