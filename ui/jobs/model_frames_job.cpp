#include "ui/jobs/model_frames_job.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/config/load.h"
#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {
namespace {

constexpr double kMostBytes = 1 << 30;

QImage picture_of(const ModelFrame& frame) {
  QImage picture(frame.side, frame.side, QImage::Format_RGB888);
  const std::size_t row = static_cast<std::size_t>(frame.side) * 3;
  for (int y = 0; y < frame.side; ++y)
    std::copy_n(frame.rgb.data() + y * row, row, picture.scanLine(y));
  // Enlarged, the pixels that a model sees stay to be seen.
  constexpr int kSide = ModelFramesJob::kPictureSide;
  return picture.scaled(kSide, kSide, Qt::IgnoreAspectRatio,
                        frame.side > kSide ? Qt::SmoothTransformation : Qt::FastTransformation);
}

Result<QList<GivenFrame>> frames_of(const ModelFramesRequest& request,
                                    const std::stop_token& stop) {
  config::Experiment experiment;
  if (!request.config.isEmpty()) {
    // Whose dataset it is does not matter here, but a configuration without one is refused.
    const std::string root = "data.root=.";
    OMNIQ_ASSIGN(experiment, config::load(to_path(request.config), {&root, 1}));
  }
  const double views =
      request.seed
          ? 1
          : static_cast<double>(experiment.eval.temporal_views * experiment.eval.spatial_views);
  const double side = static_cast<double>(experiment.size), shown = ModelFramesJob::kPictureSide;
  // The model's bytes, a picture's and its pixmap's.
  const double bytes =
      views * static_cast<double>(experiment.frames) * (side * side * 3 + shown * shown * (3 + 4));
  if (bytes > kMostBytes) {
    return fail(ErrorCode::usage,
                cat("A clip of these settings takes ",
                    human_bytes(static_cast<std::uint64_t>(bytes)), ", which is too much to show."),
                "Lower frames, size or the views of the evaluation.");
  }
  OMNIQ_ASSIGN(Engine * engine, engine());
  OMNIQ_ASSIGN(const auto frames,
               engine->model_frames(to_path(request.video), experiment, request.seed, stop));
  QList<GivenFrame> pictures;
  for (const ModelFrame& frame : frames)
    pictures.append({frame.view, frame.number, frame.time, frame.side, picture_of(frame)});
  return pictures;
}

}  // namespace

void ModelFramesJob::look(const ModelFramesRequest& request, int ticket) {
  perform(ticket, "Choose settings with fewer or smaller frames.",
          [&](const std::stop_token& stop) -> Status {
            OMNIQ_ASSIGN(const auto frames, frames_of(request, stop));
            Q_EMIT found(ticket, frames);
            return {};
          });
}

}  // namespace omniq::ui
