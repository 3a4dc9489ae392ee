// check_clips of survey.h
#include <atomic>
#include <mutex>
#include <thread>

#include "core/base/text.h"
#include "core/data/survey.h"
#include "core/data/video.h"

namespace omniq::data {
namespace {

// Headers may count a frame or two that never come; a copy that stopped halfway lacks more.
bool is_cut_off(const VideoLength& length) {
  return length.frames + 2 < length.claimed &&
         static_cast<double>(length.frames) < 0.98 * static_cast<double>(length.claimed);
}

}  // namespace

Status check_clips(const Survey& survey, int threads,
                   const std::function<void(const ClipCheck&)>& tell, std::stop_token stop) {
  std::vector<const ClipRef*> clips;
  for (const SurveyedClip& one : survey.clips) {
    if (!one.missing) clips.push_back(&one.clip);
  }
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  ClipCheck check;
  check.total = static_cast<std::int64_t>(clips.size());
  const auto work = [&] {
    for (std::size_t i = next++; i < clips.size() && !stop.stop_requested(); i = next++) {
      const auto length = measure_video(clips[i]->path, stop);
      if (stop.stop_requested()) return;
      const std::lock_guard lock(mutex);
      check.problems.clear();
      ++check.done;
      if (!length) {
        check.problems.push_back({clips[i]->id, length.error().text(), ProblemKind::unreadable});
      } else {
        if (length->fps > 0) check.seconds += static_cast<double>(length->frames) / length->fps;
        if (is_cut_off(*length)) {
          check.problems.push_back({clips[i]->id,
                                    cat("its header promises ", length->claimed, " frames, ",
                                        length->frames, " can be decoded"),
                                    ProblemKind::cut_off});
        }
      }
      tell(check);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back(work);
  }
  if (stop.stop_requested()) return fail(ErrorCode::stopped, "The check was stopped.");
  return {};
}

}  // namespace omniq::data
