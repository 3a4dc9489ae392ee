#include "core/data/sampling.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace omniq::data {
namespace {

using testing::ElementsAre;

TEST(Sampling, StrideEvaluationMatchesTheSlowReference) {
  for (std::int64_t total = 1; total <= 80; ++total) {
    for (const std::int64_t frames : {1, 2, 7, 8, 32}) {
      for (const std::int64_t stride : {1, 2, 3}) {
        // Lay the video out end to end, so that wrapping is walking on.
        std::vector<std::int64_t> film;
        while (static_cast<std::int64_t>(film.size()) < total + frames * stride) {
          for (std::int64_t i = 0; i < total; ++i) film.push_back(i);
        }
        std::int64_t start = 0;
        while (start + 1 + frames * stride <= total - (start + 1)) ++start;  // as far in as out
        std::vector<std::int64_t> expected;
        for (std::int64_t i = 0; i < frames; ++i) expected.push_back(film[start + i * stride]);
        EXPECT_EQ(sample_frames(total, frames, stride, Sampling::stride, nullptr), expected)
            << total << " " << frames << " " << stride;
      }
    }
  }
}

TEST(Sampling, KnownWindows) {
  EXPECT_THAT(sample_frames(20, 4, 2, Sampling::stride, nullptr), ElementsAre(6, 8, 10, 12));
  EXPECT_THAT(sample_frames(5, 4, 2, Sampling::stride, nullptr), ElementsAre(0, 2, 4, 1));
  EXPECT_THAT(sample_frames(1, 3, 2, Sampling::stride, nullptr), ElementsAre(0, 0, 0));
  EXPECT_THAT(sample_frames(16, 8, 1, Sampling::segments, nullptr),
              ElementsAre(1, 3, 5, 7, 9, 11, 13, 15));
  EXPECT_THAT(sample_frames(3, 6, 1, Sampling::segments, nullptr), ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST(Sampling, StrideTrainingCoversEveryStartAndNoOther) {
  Random random(3);
  std::set<std::int64_t> starts;
  for (int draw = 0; draw < 2000; ++draw) {
    const auto indices = sample_frames(20, 4, 3, Sampling::stride, &random);
    starts.insert(indices.front());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      EXPECT_EQ(indices[i], indices[0] + 3 * static_cast<std::int64_t>(i));
    }
  }
  EXPECT_EQ(starts.size(), 9u);
  EXPECT_EQ(*starts.begin(), 0);
  EXPECT_EQ(*starts.rbegin(), 8);
}

TEST(Sampling, ShortVideosWrapInTrainingToo) {
  Random random(3);
  for (int draw = 0; draw < 20; ++draw) {
    EXPECT_THAT(sample_frames(5, 4, 2, Sampling::stride, &random), ElementsAre(0, 2, 4, 1));
  }
}

TEST(Sampling, SegmentsJitterInsideTheirSegment) {
  Random random(4);
  for (const std::int64_t total : {8, 16, 37, 100}) {
    std::vector<std::set<std::int64_t>> seen(8);
    for (int draw = 0; draw < 1000; ++draw) {
      const auto indices = sample_frames(total, 8, 1, Sampling::segments, &random);
      EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end()));
      for (std::int64_t i = 0; i < 8; ++i) {
        // Frame k covers [k, k + 1); it must meet the segment [i, i + 1) · total / 8.
        EXPECT_LT(i * total, (indices[i] + 1) * 8);
        EXPECT_LT(indices[i] * 8, (i + 1) * total);
        seen[i].insert(indices[i]);
      }
    }
    for (const auto& frames : seen) EXPECT_GE(static_cast<std::int64_t>(frames.size()), total / 8);
  }
}

TEST(Sampling, ViewsSpreadFromTheFirstToTheLastWindow) {
  const auto view = [](std::int64_t v) {
    return sample_frames(100, 5, 2, Sampling::stride, nullptr, v, 4);
  };
  EXPECT_EQ(view(0).front(), 0);
  EXPECT_EQ(view(1).front(), 30);
  EXPECT_EQ(view(2).front(), 60);
  EXPECT_EQ(view(3).front(), 90);
  EXPECT_THAT(sample_frames(16, 4, 1, Sampling::segments, nullptr, 0, 2), ElementsAre(1, 5, 9, 13));
  EXPECT_THAT(sample_frames(16, 4, 1, Sampling::segments, nullptr, 1, 2),
              ElementsAre(3, 7, 11, 15));
}

TEST(Sampling, RefusesWhatCannotBe) {
  EXPECT_THROW(sample_frames(0, 4, 1, Sampling::stride, nullptr), std::invalid_argument);
  EXPECT_THROW(sample_frames(4, 0, 1, Sampling::stride, nullptr), std::invalid_argument);
  EXPECT_THROW(sample_frames(4, 4, 0, Sampling::stride, nullptr), std::invalid_argument);
  EXPECT_THROW(sample_frames(4, 4, 1, Sampling::stride, nullptr, 2, 2), std::invalid_argument);
}

}  // namespace
}  // namespace omniq::data
