#include <gmock/gmock.h>

#include "core/data/survey.h"
#include "tests/core/data/support.h"
#include "tests/core/data/video_files.h"

namespace omniq::data {
namespace {

namespace fs = std::filesystem;

/// Six good clips, one that is text and one that was cut off.
Survey damaged_set(const test::TempDir& dir) {
  for (const char* name : {"A/1.avi", "A/2.avi", "A/3.avi", "B/1.avi", "B/2.avi", "B/3.avi"})
    test::write_counting_video(dir.path() / name, 25, {64, 48}, "MJPG");
  dir.write("B/4.avi", "no video");
  test::write_counting_video(dir.path() / "A/4.avi", 50, {64, 48}, "MJPG");
  fs::resize_file(dir.path() / "A/4.avi", fs::file_size(dir.path() / "A/4.avi") / 2);
  DatasetOptions options;
  options.root = dir.path();
  return survey_dataset(options).value();
}

TEST(CheckClips, FindsWhatCannotBeDecodedAndHowLongTheRestIs) {
  const test::TempDir dir;
  const Survey survey = damaged_set(dir);
  std::vector<Problem> problems;
  std::vector<std::int64_t> done;
  double seconds = 0;
  ASSERT_TRUE(check_clips(survey, 2, [&](const ClipCheck& check) {
    problems.insert(problems.end(), check.problems.begin(), check.problems.end());
    EXPECT_EQ(check.total, 8);
    done.push_back(check.done);
    seconds = check.seconds;
  }));
  EXPECT_THAT(done, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  ASSERT_EQ(problems.size(), 2u);
  if (problems[0].id != "A/4.avi") std::swap(problems[0], problems[1]);
  EXPECT_EQ(problems[0].id, "A/4.avi");
  EXPECT_EQ(problems[0].kind, ProblemKind::cut_off);
  EXPECT_EQ(problems[1].id, "B/4.avi");
  EXPECT_EQ(problems[1].kind, ProblemKind::unreadable);
  EXPECT_GT(seconds, 6);
  EXPECT_LT(seconds, 8);
}

TEST(CheckClips, StopsWhenAsked) {
  const test::TempDir dir;
  const Survey survey = damaged_set(dir);
  std::stop_source stop;
  std::int64_t done = 0;
  const Status status = check_clips(
      survey, 1,
      [&](const ClipCheck& check) {
        done = check.done;
        stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::stopped);
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace omniq::data
