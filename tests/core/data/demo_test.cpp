#include "core/data/demo.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/data/dataset.h"
#include "core/data/video.h"
#include "tests/core/data/support.h"

namespace omniq::data {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using testing::HasSubstr;

DemoOptions small() {
  DemoOptions options;
  options.train_clips = 3;
  options.test_clips = 2;
  options.size = 64;
  return options;
}

/// Every file below the folder, with its bytes.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[fs::relative(entry.path(), folder).string()] = test::slurp(entry.path());
  }
  return files;
}

std::map<std::string, at::Tensor> pixels(const fs::path& folder) {
  std::map<std::string, at::Tensor> videos;
  std::vector<std::int64_t> all(16);
  std::iota(all.begin(), all.end(), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".mp4") continue;
    videos[entry.path().filename().string()] = decode_frames(entry.path(), all, 0).value();
  }
  return videos;
}

TEST(Demo, IsADatasetOfRealVideoFiles) {
  const TempDir dir;
  std::int64_t calls = 0, last = 0;
  const auto made = generate_demo(dir.path(), small(), [&](std::int64_t done, std::int64_t total) {
    EXPECT_EQ(total, 40);
    EXPECT_EQ(done, last + 1);
    last = done;
    ++calls;
  });
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(calls, 40);
  DatasetOptions options;
  options.root = dir.path();
  options.classind = "lists/classInd.txt";
  options.trainlist = "lists/trainlist.txt";
  options.testlist = "lists/testlist.txt";
  options.val_fraction = 0;
  const auto dataset = load_dataset(options);
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->classes.size(), 8u);
  EXPECT_EQ(dataset->classes[5], "OrbitCounterclockwise");
  EXPECT_EQ(dataset->train.clips.size(), 24u);
  EXPECT_EQ(dataset->test.clips.size(), 16u);
  EXPECT_TRUE(dataset->train.problems.empty());
  EXPECT_TRUE(fs::exists(dir.path() / "SlideLeft" / "slide_left_t002.mp4"));
  std::set<std::string> groups;
  for (const ClipRef& clip : dataset->train.clips) groups.insert(clip.group);
  for (const ClipRef& clip : dataset->test.clips) EXPECT_FALSE(groups.contains(clip.group));
  const auto info = probe_video(dataset->test.clips[0].path);
  EXPECT_EQ(info->frames, 16);
  EXPECT_NEAR(info->fps, 12, 0.01);
  EXPECT_EQ(info->width, 64);
}

TEST(Demo, SamePixelsWhateverTheThreads) {
  const TempDir a, b, c;
  DemoOptions options = small();
  options.threads = 1;
  ASSERT_TRUE(generate_demo(a.path(), options));
  options.threads = 4;
  ASSERT_TRUE(generate_demo(b.path(), options));
  options.seed = 2;
  ASSERT_TRUE(generate_demo(c.path(), options));
  const auto first = pixels(a.path()), second = pixels(b.path()), other = pixels(c.path());
  ASSERT_EQ(first.size(), 40u);
  ASSERT_EQ(second.size(), 40u);
  for (const auto& [name, video] : first) {
    EXPECT_TRUE(video.equal(second.at(name))) << name;
    EXPECT_FALSE(video.equal(other.at(name))) << name;
  }
}

TEST(Demo, ACompleteSetIsLeftAlone) {
  const TempDir dir;
  ASSERT_TRUE(generate_demo(dir.path(), small()));
  const auto before = contents(dir.path());
  const auto time = fs::last_write_time(dir.path() / "Grow" / "grow_t000.mp4");
  ASSERT_TRUE(generate_demo(dir.path(), small()));
  EXPECT_EQ(fs::last_write_time(dir.path() / "Grow" / "grow_t000.mp4"), time);
  EXPECT_EQ(contents(dir.path()), before);
  // A lost clip comes back.
  fs::remove(dir.path() / "Grow" / "grow_t001.mp4");
  ASSERT_TRUE(generate_demo(dir.path(), small()));
  EXPECT_EQ(fs::last_write_time(dir.path() / "Grow" / "grow_t000.mp4"), time);
  EXPECT_EQ(contents(dir.path()), before);
}

TEST(Demo, AnInterruptedSetIsCompleted) {
  const TempDir dir, whole;
  std::stop_source stop;
  const auto cut = generate_demo(
      dir.path(), small(),
      [&](std::int64_t done, std::int64_t) {
        if (done == 11) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::stopped);
  EXPECT_FALSE(fs::exists(dir.path() / "lists" / "trainlist.txt"));
  dir.write("Grow/.grow_t002.123.tmp.mp4", "half");
  ASSERT_TRUE(generate_demo(dir.path(), small()));
  ASSERT_TRUE(generate_demo(whole.path(), small()));
  const auto files = contents(dir.path()), expected = contents(whole.path());
  ASSERT_EQ(files.size(), expected.size());
  for (const auto& [name, bytes] : expected) EXPECT_TRUE(files.contains(name)) << name;
  const auto made = pixels(dir.path()), wanted = pixels(whole.path());
  for (const auto& [name, video] : wanted) EXPECT_TRUE(video.equal(made.at(name))) << name;
}

TEST(Demo, OtherOptionsReplaceTheSet) {
  const TempDir dir;
  ASSERT_TRUE(generate_demo(dir.path(), small()));
  DemoOptions other = small();
  other.train_clips = 1;
  other.test_clips = 0;
  other.seed = 5;
  ASSERT_TRUE(generate_demo(dir.path(), other));
  EXPECT_EQ(pixels(dir.path()).size(), 8u);
}

TEST(Demo, RefusesWhatItCannotDo) {
  const TempDir dir;
  const auto error = [&](const DemoOptions& options) {
    const auto status = generate_demo(dir.path() / "set", options);
    return status ? std::string("no error") : status.error().message;
  };
  DemoOptions options = small();
  options.size = 63;
  EXPECT_THAT(error(options), HasSubstr("even number of pixels"));
  options = small();
  options.frames = 1;
  EXPECT_THAT(error(options), HasSubstr("2 frames"));
  dir.write("set/SlideUp/mine.mp4", "x");
  EXPECT_THAT(error(small()), HasSubstr("SlideUp"));
  EXPECT_EQ(test::slurp(dir.path() / "set/SlideUp/mine.mp4"), "x");
  dir.write("file", "x");
  EXPECT_FALSE(generate_demo(dir.path() / "file", small()));
}

}  // namespace
}  // namespace omniq::data
