#include "core/assembly/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "core/assembly/estimate.h"
#include "core/base/memory.h"
#include "core/config/settings.h"

namespace omniq::assembly {
namespace {

using testing::AllOf;
using testing::HasSubstr;
constexpr std::int64_t kGibibyte = 1 << 30;

data::Dataset dataset(std::size_t clips) {
  data::Dataset dataset;
  dataset.classes = {"A", "B"};
  for (auto* split : {&dataset.train, &dataset.val, &dataset.test}) split->clips.resize(clips);
  return dataset;
}

config::Experiment huge() {
  config::Experiment e;
  e.frames = e.fusion.max_frames = e.size = e.train.batch_size = 4096;
  return e;
}

/// The hint's settings, "key=value", set in `e`.
config::Experiment as_hinted(config::Experiment e, const std::string& hint) {
  std::istringstream words(hint.substr(0, hint.find(" fits")));
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    EXPECT_TRUE(config::find_setting(word.substr(0, equals))->set(e, word.substr(equals + 1)));
  }
  return e;
}

TEST(Fit, WhatDoesNotFitIsRefusedWithTheSmallestChangeThatDoes) {
  const FreeMemory free{16 * kGibibyte, {}};
  const auto many = dataset(10000);
  EXPECT_TRUE(check_fits({}, many, free));
  config::Experiment batch;
  batch.train.batch_size = 4096;
  const Status refused = check_fits(batch, many, free);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::config);
  EXPECT_THAT(refused.error().text(),
              AllOf(HasSubstr("train.batch_size=4096"), HasSubstr("16.0 GiB are free"),
                    HasSubstr("train.accum_steps="), HasSubstr("--force")));
  const config::Experiment smaller = as_hinted(batch, refused.error().hint);
  EXPECT_LT(smaller.train.batch_size, 4096);
  EXPECT_TRUE(check_fits(smaller, many, free));
  config::Experiment larger = smaller;
  ++larger.train.batch_size;
  EXPECT_FALSE(check_fits(larger, many, free)) << "the largest that fits was named";
}

TEST(Fit, EverySettingThatIsTooLargeHasAnAnswer) {
  const FreeMemory free{16 * kGibibyte, {}};
  const auto many = dataset(10000);
  config::Experiment frames, evaluation;
  frames.frames = frames.fusion.max_frames = 65536;
  frames.train.batch_size = frames.eval.batch_size = 1;
  evaluation.eval.batch_size = 4096;
  for (const auto& [e, names] : {std::pair<config::Experiment, const char*>{huge(), "size="},
                                 {frames, "frames="},
                                 {evaluation, "eval.batch_size="}}) {
    const Status refused = check_fits(e, many, free);
    ASSERT_FALSE(refused) << names;
    EXPECT_THAT(refused.error().hint, HasSubstr(names));
    EXPECT_TRUE(check_fits(as_hinted(e, refused.error().hint), many, free))
        << refused.error().text();
  }
  EXPECT_THAT(check_fits({}, many, {1000, {}}).error().hint, HasSubstr("smaller vision_backbone"));
}

TEST(Fit, ABatchIsNoLargerThanItsList) {
  config::Experiment e;
  e.train.batch_size = e.eval.batch_size = 4096;
  EXPECT_TRUE(check_fits(e, dataset(4), {16 * kGibibyte, {}}));
}

TEST(Fit, AGpuAndTheMachineBesideItAreAskedEach) {
  const auto many = dataset(10000);
  EXPECT_TRUE(check_fits({}, many, {16 * kGibibyte, 16 * kGibibyte}));
  EXPECT_THAT(check_fits({}, many, {16 * kGibibyte, kGibibyte / 4}).error().message,
              HasSubstr("of the GPU's"));
  EXPECT_THAT(check_fits({}, many, {kGibibyte / 100, 64 * kGibibyte}).error().message,
              HasSubstr("of the machine's"));
  EXPECT_TRUE(check_fits(huge(), many, {0, 0})) << "nothing is known, nothing refused";
}

TEST(Fit, KnowsWhatSaysThatMemoryRanOut) {
  config::Experiment e;
  EXPECT_FALSE(memory_error(e, std::runtime_error("something else")));
  EXPECT_THAT(memory_error(e, std::bad_alloc())->text(),
              AllOf(HasSubstr("machine's memory"), HasSubstr("train.batch_size=8")));
  EXPECT_THAT(memory_error(e, std::runtime_error("CUDA error: out of memory"))->message,
              HasSubstr("GPU's memory"));
  EXPECT_GT(available_memory(), 0);
}

}  // namespace
}  // namespace omniq::assembly
