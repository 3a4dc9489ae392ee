#include "core/data/video_support.h"

#include <unistd.h>

#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <opencv2/videoio/registry.hpp>

#include "core/base/text.h"
#include "core/data/ffmpeg.h"
#include "core/data/video.h"

namespace omniq::data {

VideoSupport video_support() {
  VideoSupport support;
  support.backend = cat("FFmpeg ", av_version_info(), ", OpenCV ", CV_VERSION);
  support.decodes = true;
  if (!cv::videoio_registry::hasBackend(cv::CAP_FFMPEG)) return support;
  std::error_code ec;
  const auto folder = std::filesystem::temp_directory_path(ec);
  if (ec) return support;  // nowhere to try it
  const auto path = folder / cat("omniq-codec-", ::getpid(), ".mp4");
  {
    cv::VideoWriter writer(path.string(), cv::CAP_FFMPEG,
                           cv::VideoWriter::fourcc('m', 'p', '4', 'v'), 12, cv::Size(64, 64));
    for (int i = 0; writer.isOpened() && i < 3; ++i)
      writer.write(cv::Mat(64, 64, CV_8UC3, cv::Scalar(40 * i, 80, 120)));
  }
  const auto info = probe_video(path);
  support.encodes = info && info->width == 64;
  std::filesystem::remove(path, ec);
  return support;
}

}  // namespace omniq::data
