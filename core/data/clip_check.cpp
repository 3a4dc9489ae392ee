// check_clips of survey.h
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "core/base/text.h"
#include "core/data/survey.h"
#include "core/data/video.h"

namespace omniq::data {
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
  const int each = std::max(1, threads / static_cast<int>(std::max<std::size_t>(1, clips.size())));
  const auto work = [&] {
    for (std::size_t i = next++; i < clips.size() && !stop.stop_requested(); i = next++) {
      const auto length = measure_video(clips[i]->path, each, stop);
      if (stop.stop_requested()) return;
      const std::lock_guard lock(mutex);
      check.problems.clear();
      ++check.done;
      if (!length) {
        check.problems.push_back({clips[i]->id, length.error().text(), ProblemKind::unreadable});
      } else {
        check.seconds += length->seconds;
        if (const VideoFault& fault = length->fault; !fault.what.empty()) {
          check.problems.push_back({clips[i]->id,
                                    cat(fault.what, "; ", length->frames, " frames can be decoded"),
                                    fault.cut_off ? ProblemKind::cut_off : ProblemKind::damaged});
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
