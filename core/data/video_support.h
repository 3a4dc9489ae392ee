// What this build can do with video files.
#pragma once

#include <string>

namespace omniq::data {

struct VideoSupport {
  std::string backend;   // "FFmpeg 5.1.9, OpenCV 4.6.0", or why there is none
  bool decodes = false;  // the build has FFmpeg's libraries
  bool encodes = false;  // an MPEG-4 file was written and read back
};

/// Tries it out with a small file in the temporary folder.
VideoSupport video_support();

}  // namespace omniq::data
