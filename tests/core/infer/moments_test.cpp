#include "core/infer/moments.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>

#include "core/data/sampling.h"

namespace omniq::infer {
namespace {

using testing::ElementsAre;

data::ClipOptions clip(data::Sampling sampling, std::int64_t frames, std::int64_t stride = 1) {
  data::ClipOptions options;
  options.sampling = sampling;
  options.frames = frames;
  options.stride = stride;
  return options;
}

TEST(Moments, ClipsOfWhatWasSeen) {
  const auto segments = clip(data::Sampling::segments, 4);
  EXPECT_THAT(clip_until(segments, 8), ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(clip_until(segments, 2), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(clip_until(segments, 100, 8), ElementsAre(93, 95, 97, 99));
  const auto stride = clip(data::Sampling::stride, 3, 2);
  EXPECT_THAT(clip_until(stride, 20), ElementsAre(14, 16, 18));
  EXPECT_THAT(clip_until(stride, 5), ElementsAre(0, 2, 4));
  EXPECT_THAT(clip_until(stride, 1), ElementsAre(0, 0, 0));
}

// A ring that keeps `most_held` of the wanted frames, oldest out first, has what every moment
// picks, and one that keeps a frame less has not.
TEST(Moments, ThePlanSaysHowManyFramesHaveToBeHeld) {
  for (const auto sampling : {data::Sampling::segments, data::Sampling::stride}) {
    for (const std::int64_t total : {1, 7, 40, 333}) {
      const Plan plan = plan_moments(clip(sampling, 5, 3), total, 24);
      EXPECT_EQ(plan.moments.back().frame, total - 1);
      const auto holds = [&](std::size_t capacity) {
        std::deque<std::int64_t> ring;
        auto next = plan.wanted.begin();
        for (const Plan::Moment& moment : plan.moments) {
          for (; next != plan.wanted.end() && *next <= moment.frame; ++next) {
            ring.push_back(*next);
            if (ring.size() > capacity) ring.pop_front();
          }
          for (const std::int64_t pick : moment.picks) {
            if (std::find(ring.begin(), ring.end(), pick) == ring.end()) return false;
          }
        }
        return true;
      };
      EXPECT_TRUE(holds(static_cast<std::size_t>(plan.most_held))) << total;
      EXPECT_FALSE(holds(static_cast<std::size_t>(plan.most_held) - 1)) << total;
    }
  }
  // However long the video is.
  EXPECT_LE(plan_moments(clip(data::Sampling::stride, 32, 2), 1'000'000, 24).most_held, 32);
  EXPECT_LE(plan_moments(clip(data::Sampling::segments, 32), 1'000'000, 24).most_held, 24 * 32);
}

TEST(Moments, AfterAFrameOnlyLaterOnes) {
  const auto options = clip(data::Sampling::segments, 4);
  const Plan all = plan_moments(options, 40, 8);
  const Plan rest = plan_moments(options, 40, 8, all.moments[4].frame);
  ASSERT_EQ(rest.moments.size(), 3u);
  EXPECT_EQ(rest.moments[0].frame, all.moments[5].frame);
}

}  // namespace
}  // namespace omniq::infer
