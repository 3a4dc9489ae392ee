#pragma once

#include <filesystem>
#include <memory>

#include "ui/engine/video_source.h"

namespace omniq::ui {

Result<std::unique_ptr<VideoSource>> open_stream(const std::filesystem::path& path,
                                                 std::int64_t short_side);

}  // namespace omniq::ui
