#include "core/infer/moments.h"

#include <algorithm>

#include "core/data/sampling.h"

namespace omniq::infer {

std::vector<std::int64_t> clip_until(const data::ClipOptions& clip, std::int64_t seen,
                                     std::int64_t most) {
  std::int64_t window = most > 0 ? std::min(seen, most) : seen;
  if (clip.sampling == data::Sampling::stride) window = std::min(seen, clip.frames * clip.stride);
  auto picks = data::sample_frames(window, clip.frames, clip.stride, clip.sampling, nullptr);
  for (std::int64_t& pick : picks) pick += seen - window;
  return picks;
}

Plan plan_moments(const data::ClipOptions& clip, std::int64_t total, std::int64_t moments,
                  std::int64_t after) {
  Plan plan;
  const std::int64_t count = std::min(moments, total);
  for (std::int64_t m = 1; m <= count; ++m) {
    const std::int64_t seen = (m * total + count - 1) / count;
    if (seen - 1 <= after) continue;
    plan.moments.push_back({seen - 1, clip_until(clip, seen)});
    const auto& picks = plan.moments.back().picks;
    plan.wanted.insert(plan.wanted.end(), picks.begin(), picks.end());
  }
  std::sort(plan.wanted.begin(), plan.wanted.end());
  plan.wanted.erase(std::unique(plan.wanted.begin(), plan.wanted.end()), plan.wanted.end());
  // From the last moment back: the oldest frame that this one or a later one picks.
  std::int64_t oldest = total;
  for (auto moment = plan.moments.rbegin(); moment != plan.moments.rend(); ++moment) {
    oldest = std::min(oldest, *std::min_element(moment->picks.begin(), moment->picks.end()));
    const auto first = std::lower_bound(plan.wanted.begin(), plan.wanted.end(), oldest);
    const auto last = std::upper_bound(first, plan.wanted.end(), moment->frame);
    plan.most_held = std::max(plan.most_held, static_cast<std::int64_t>(last - first));
  }
  return plan;
}

}  // namespace omniq::infer
