#include "core/data/loader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "core/base/text.h"
#include "core/data/clip_cache.h"
#include "core/data/clip_reader.h"
#include "tests/core/data/support.h"
#include "tests/core/data/video_files.h"

namespace omniq::data {
namespace {

using test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;

/// Ten videos with a gradient that tells a crop from its mirror image; clip 3 is text, clip 6 is
/// cut off.
class Loading : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new TempDir;
    split_ = new Split;
    for (int i = 0; i < 10; ++i) {
      const auto path = dir_->path() / "videos" / cat("clip", i, ".avi");
      if (i == 3) {
        dir_->write("videos/clip3.avi", "no video here\n");
      } else {
        test::write_video(
            path, 20 + i, {80, 60},
            [i](int frame, cv::Mat& picture) {
              for (int x = 0; x < picture.cols; ++x) {
                picture.col(x) = cv::Scalar(20 + 18 * i, 30 + 2 * x, 60 + 4 * frame);
              }
            },
            "MJPG");
      }
      if (i == 6) {
        const std::string bytes = test::slurp(path);
        dir_->write("videos/clip6.avi", bytes.substr(0, bytes.size() / 2));
      }
      split_->clips.push_back({cat("clip", i, ".avi"), path, i % 2, cat("clip", i)});
    }
  }
  static void TearDownTestSuite() {
    delete split_;
    delete dir_;
  }

  static LoaderOptions options(int workers = 1, std::size_t cache = 0) {
    LoaderOptions o;
    o.clip.frames = 6;
    o.clip.stride = 2;
    o.clip.size = 32;
    o.batch_size = 4;
    o.training = true;
    o.seed = 9;
    o.workers = workers;
    o.cache_bytes = cache;
    return o;
  }

  static std::vector<Batch> epoch(Loader& loader, std::int64_t number, std::int64_t first = 0) {
    std::vector<Batch> batches;
    loader.start(number, first);
    while (auto batch = loader.next()) batches.push_back(std::move(*batch));
    return batches;
  }

  static void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].indices, b[i].indices);
      EXPECT_EQ(a[i].unreadable_indices, b[i].unreadable_indices);
      EXPECT_TRUE(a[i].labels.equal(b[i].labels));
      ASSERT_EQ(a[i].video.defined(), b[i].video.defined());
      if (a[i].video.defined()) {
        EXPECT_TRUE(a[i].video.equal(b[i].video)) << i;
      }
    }
  }

  static inline TempDir* dir_ = nullptr;
  static inline Split* split_ = nullptr;
};

TEST_F(Loading, BatchesDoNotDependOnWorkersOrMemory) {
  Loader plain(*split_, options());
  EXPECT_EQ(plain.clips(), 10);
  EXPECT_EQ(plain.batches(), 3);
  const auto first = epoch(plain, 0), second = epoch(plain, 1);
  for (const auto sampling : {Sampling::stride, Sampling::segments}) {
    LoaderOptions one = options();
    one.clip.sampling = sampling;
    Loader reference(*split_, one);
    const auto expected0 = epoch(reference, 0), expected1 = epoch(reference, 1);
    for (const std::size_t cache : {std::size_t{0}, std::size_t{500'000}, std::size_t{1} << 30}) {
      LoaderOptions many = options(4, cache);
      many.clip.sampling = sampling;
      Loader loader(*split_, many);
      expect_same(epoch(loader, 0), expected0);
      expect_same(epoch(loader, 1), expected1);
      expect_same(epoch(loader, 0), expected0);
    }
  }
  EXPECT_NE(first[0].indices, second[0].indices);
}

TEST_F(Loading, ShapesLabelsAndUnreadableClips) {
  Loader loader(*split_, options(2));
  std::set<std::int64_t> seen;
  int unreadable = 0;
  for (const Batch& batch : epoch(loader, 4)) {
    const auto count = static_cast<std::int64_t>(batch.indices.size());
    EXPECT_EQ(batch.video.sizes(), (at::IntArrayRef{count, 1, 6, 32, 32, 3}));
    EXPECT_EQ(batch.video.scalar_type(), at::kByte);
    for (std::int64_t i = 0; i < count; ++i) {
      EXPECT_EQ(batch.labels[i].item<std::int64_t>(), batch.indices[i] % 2);
      const double blue = batch.video[i].select(-1, 2).to(at::kDouble).mean().item<double>();
      EXPECT_NEAR(blue, 20.0 + 18.0 * static_cast<double>(batch.indices[i]), 7) << batch.indices[i];
      seen.insert(batch.indices[i]);
    }
    unreadable += static_cast<int>(batch.unreadable.size());
    for (const Problem& problem : batch.unreadable) {
      EXPECT_EQ(problem.id, "clip3.avi");
      EXPECT_THAT(problem.what, HasSubstr("text file"));
    }
  }
  EXPECT_EQ(unreadable, 1);
  EXPECT_EQ(seen.size(), 9u);
  EXPECT_FALSE(seen.contains(3));
}

TEST_F(Loading, StartsAnywhereInTheOrder) {
  Loader loader(*split_, options(2));
  const auto all = epoch(loader, 2);
  for (std::int64_t first = 0; first <= 3; ++first) {
    expect_same(epoch(loader, 2, first), {all.begin() + first, all.end()});
  }
  // In the middle of another epoch.
  loader.start(1);
  ASSERT_TRUE(loader.next());
  expect_same(epoch(loader, 2, 1), {all.begin() + 1, all.end()});
  EXPECT_FALSE(loader.next());
  EXPECT_THROW(loader.start(0, 4), std::invalid_argument);
}

TEST_F(Loading, EvaluationIsInOrderAndAlwaysTheSame) {
  LoaderOptions o = options(3);
  o.training = false;
  o.clip.spatial_views = 3;
  o.clip.temporal_views = 2;
  Loader loader(*split_, o);
  const auto batches = epoch(loader, 0);
  expect_same(epoch(loader, 7), batches);
  EXPECT_THAT(batches[0].indices, ElementsAre(0, 1, 2));
  EXPECT_THAT(batches[0].unreadable_indices, ElementsAre(3));
  EXPECT_THAT(batches[2].indices, ElementsAre(8, 9));
  EXPECT_EQ(batches[1].video.sizes(), (at::IntArrayRef{4, 6, 6, 32, 32, 3}));
  const auto single = load_clip(split_->clips[4].path, o.clip);
  EXPECT_TRUE(batches[1].video[0].equal(single->video));
}

// What `omniq frames --training` shows is what training is given.
TEST_F(Loading, AClipByItselfIsTheOneThatTrainingDraws) {
  const LoaderOptions o = options(2);
  Loader loader(*split_, o);
  const ModelClip alone = load_clip(split_->clips[0].path, o.clip, o.seed).value();
  for (const Batch& batch : epoch(loader, 0)) {
    const auto place = std::find(batch.indices.begin(), batch.indices.end(), 0);
    if (place == batch.indices.end()) continue;
    EXPECT_TRUE(batch.video[place - batch.indices.begin()].equal(alone.video));
  }
  EXPECT_EQ(alone.numbers.size(), 6u);
  for (std::size_t i = 0; i < alone.numbers.size(); ++i)
    EXPECT_NEAR(alone.times[i], static_cast<double>(alone.numbers[i]) / 25, 1e-6);
  EXPECT_FALSE(load_clip(split_->clips[0].path, o.clip, o.seed + 1)->video.equal(alone.video));
}

TEST_F(Loading, OneCropAndFlipForAllFramesOfAClip) {
  LoaderOptions o = options();
  o.batch_size = 10;
  Loader loader(*split_, o);
  int flipped = 0, clips = 0;
  for (std::int64_t number = 0; number < 6; ++number) {
    for (const Batch& batch : epoch(loader, number)) {
      // Green grows from left to right; every frame of a clip shows the same part of it.
      const at::Tensor green =
          batch.video.select(1, 0).select(-1, 1).to(at::kDouble).mean(2);  // [B, T, S]
      for (std::int64_t i = 0; i < green.size(0); ++i) {
        if (batch.indices[static_cast<std::size_t>(i)] == 6)
          continue;  // its last frame is cut in half
        const at::Tensor spread = std::get<0>(green[i].max(0)) - std::get<0>(green[i].min(0));
        EXPECT_LT(spread.max().item<double>(), 5.0);
        const double slope = (green[i][0][31] - green[i][0][0]).item<double>();
        EXPECT_GT(std::abs(slope), 40);
        flipped += slope < 0;
        ++clips;
      }
    }
  }
  EXPECT_GT(flipped, clips / 4);
  EXPECT_LT(flipped, 3 * clips / 4);
  o.clip.hflip = false;
  Loader straight(*split_, o);
  const at::Tensor green =
      epoch(straight, 0)[0].video.select(1, 0).select(-1, 1).to(at::kDouble).mean(2);
  EXPECT_TRUE((green.select(2, 31) > green.select(2, 0)).all().item<bool>());
}

TEST_F(Loading, ABatchOfUnreadableClipsHasNoVideo) {
  Split broken;
  broken.clips = {split_->clips[3], split_->clips[3]};
  Loader loader(broken, options());
  const auto batches = epoch(loader, 0);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_FALSE(batches[0].video.defined());
  EXPECT_EQ(batches[0].labels.numel(), 0);
  EXPECT_EQ(batches[0].unreadable.size(), 2u);
}

TEST_F(Loading, EmptySplitHasNoBatches) {
  Loader loader({}, options());
  EXPECT_TRUE(epoch(loader, 0).empty());
}

TEST_F(Loading, StopsAtOnce) {
  LoaderOptions o = options(2);
  o.clip.size = 224;
  Split many;
  for (int i = 0; i < 40000; ++i) many.clips.push_back(split_->clips[i % 3]);
  Loader loader(many, o);
  loader.start(0);
  ASSERT_TRUE(loader.next());
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(loader.next(source.get_token()));
  // A stop while next() waits.
  std::stop_source later;
  std::jthread thread([&] { later.request_stop(); });
  std::int64_t batches = 1;
  while (loader.next(later.get_token())) ++batches;
  EXPECT_LT(batches, loader.batches());
  EXPECT_THROW(Loader(many, o).next(), std::logic_error);
}

TEST_F(Loading, RefusesOptionsOutOfRange) {
  LoaderOptions o = options();
  o.workers = 0;
  EXPECT_THROW(Loader(*split_, o), std::invalid_argument);
  o = options();
  o.clip.spatial_views = 2;
  EXPECT_THROW(Loader(*split_, o), std::invalid_argument);
}

TEST(ClipCache, KeepsToItsBudget) {
  ClipCache cache(1000);
  EXPECT_TRUE(cache.reserve(600));
  EXPECT_FALSE(cache.reserve(500));
  VideoFrames video;
  video.frames = at::zeros({1, 10, 10, 3}, at::kByte);
  cache.insert(4, video, 600);  // needed less than it took
  EXPECT_EQ(cache.used(), 300u);
  EXPECT_TRUE(cache.reserve(700));
  cache.release(700);
  EXPECT_NE(cache.find(4), nullptr);
  EXPECT_EQ(cache.find(5), nullptr);
}

}  // namespace
}  // namespace omniq::data
