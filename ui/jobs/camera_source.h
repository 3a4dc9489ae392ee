// Cameras of this machine, by Qt Multimedia, which is loaded when the first of these is made.
#pragma once

#include "ui/jobs/frame_source.h"

namespace omniq::ui {

std::unique_ptr<FrameSource> make_camera_source();

}  // namespace omniq::ui
