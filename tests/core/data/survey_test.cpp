#include "core/data/survey.h"

#include <gmock/gmock.h>

#include <map>

#include "core/base/text.h"
#include "tests/core/data/support.h"

namespace omniq::data {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::multimap<ProblemKind, std::string> by_kind(const std::vector<Problem>& problems) {
  std::multimap<ProblemKind, std::string> found;
  for (const Problem& problem : problems) found.emplace(problem.kind, problem.id);
  return found;
}

void write_clips(const TempDir& dir, const fs::path& root, const std::string& name, int groups) {
  for (int group = 1; group <= groups; ++group) {
    for (int clip = 1; clip <= 2; ++clip)
      dir.write(root / name / cat("v_", name, "_g0", group, "_c0", clip, ".avi"), "x");
  }
}

/// Punch, YoYo and an empty Rowing, with lists that have one of every mistake.
class Mistakes : public testing::Test {
 protected:
  Mistakes() {
    for (const char* name : {"Punch", "YoYo"}) write_clips(dir, "clips", name, 4);
    write_clips(dir, "clips", "Extra", 1);
    dir.write("clips/lists/classInd.txt", "1 Punch\n2 Rowing\n3 YoYo\n");
    dir.write("clips/lists/trainlist.txt",
              "Punch/v_Punch_g01_c01.avi 1\nPunch/v_Punch_g01_c02.avi 1\n"
              "Punch/v_Punch_g01_c01.avi 1\n"                           // twice
              "Punch/v_Punch_g02_c01.avi 1\n"                           // its group is tested with
              "YoYo/v_YoYo_g01_c01.avi 3\nYoYo/v_YoYo_g09_c01.avi 3\n"  // missing
              "YoYo/v_YoYo_g03_c01.avi 3\n");                           // in both
    dir.write("clips/lists/testlist.txt",
              "Punch/v_Punch_g02_c02.avi\nYoYo/v_YoYo_g03_c01.avi\nYoYo/v_YoYo_g08_c01.avi\n");
  }
  Survey survey() {
    const Layout layout = find_layout(dir.path() / "clips");
    DatasetOptions options;
    options.root = layout.root;
    options.val_fraction = 0;
    const ListFiles& lists = layout.lists.at(0);
    options.trainlist = lists.trainlist;
    options.testlist = lists.testlist;
    options.classind = lists.classind;
    return survey_dataset(options).value();
  }
  TempDir dir;
};

TEST_F(Mistakes, AreAllFound) {
  const Survey found = survey();
  ASSERT_EQ(found.classes.size(), 3u);
  EXPECT_THAT(found.classes[0].clips, ElementsAre(3, 0, 1, 4));
  EXPECT_THAT(found.classes[1].clips, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(found.classes[2].clips, ElementsAre(2, 0, 2, 6));
  EXPECT_EQ(found.count(Part::not_listed), 10);
  auto problems = by_kind(found.problems);
  const auto ids = [&](ProblemKind kind) {
    std::vector<std::string> names;
    const auto [first, last] = problems.equal_range(kind);
    for (auto it = first; it != last; ++it) names.push_back(it->second);
    return names;
  };
  EXPECT_THAT(ids(ProblemKind::listed_twice), ElementsAre("Punch/v_Punch_g01_c01.avi"));
  EXPECT_THAT(ids(ProblemKind::group_in_both_lists), ElementsAre("Punch/g02"));
  EXPECT_THAT(ids(ProblemKind::in_both_lists), ElementsAre("YoYo/v_YoYo_g03_c01.avi"));
  EXPECT_THAT(ids(ProblemKind::missing),
              UnorderedElementsAre("YoYo/v_YoYo_g09_c01.avi", "YoYo/v_YoYo_g08_c01.avi"));
  EXPECT_THAT(ids(ProblemKind::class_without_clips), ElementsAre("Rowing"));
  EXPECT_THAT(ids(ProblemKind::unknown_class), ElementsAre("Extra"));
  EXPECT_EQ(ids(ProblemKind::not_listed).size(), 10u);
}

TEST_F(Mistakes, AreNotInTheListsThatAreWrittenWithoutThem) {
  const Survey before = survey();
  const auto files = write_lists(before, before.problems, dir.path() / "mended");
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_EQ(test::slurp(files->classind), "1 Punch\n2 YoYo\n");
  EXPECT_EQ(test::slurp(files->testlist), "Punch/v_Punch_g02_c02.avi\nYoYo/v_YoYo_g03_c01.avi\n");
  EXPECT_EQ(test::slurp(files->trainlist),
            "Punch/v_Punch_g01_c01.avi 1\nPunch/v_Punch_g01_c02.avi 1\nYoYo/v_YoYo_g01_c01.avi "
            "2\n");
  DatasetOptions options = before.options;
  options.trainlist = files->trainlist;
  options.testlist = files->testlist;
  options.classind = files->classind;
  const Survey after = survey_dataset(options).value();
  for (const Problem& problem : after.problems) {
    EXPECT_TRUE(problem.kind == ProblemKind::not_listed ||
                problem.kind == ProblemKind::unknown_class)
        << problem.id << " " << problem.what;
  }
  // A call that was ended half-way can be made again …
  fs::remove(files->trainlist);
  EXPECT_TRUE(write_lists(before, before.problems, dir.path() / "mended"));
  EXPECT_TRUE(fs::exists(files->trainlist));
  // … but lists that say something else stay as they are.
  const auto again = write_lists(before, {}, dir.path() / "mended");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::io);
  EXPECT_EQ(test::slurp(files->classind), "1 Punch\n2 YoYo\n");
}

TEST(Survey, WhatALineCannotHoldIsInNoList) {
  for (const char* name : {"v_YoYo\n_g09_c01.avi", "v_YoYo_g09_c01.avi\r"}) {
    Survey survey;
    survey.classes = {{"YoYo", {1, 0, 0, 0}}};
    survey.clips = {{{cat("YoYo/", name), "x", 0, "g"}, Part::train, false}};
    const TempDir dir;
    const auto lists = write_lists(survey, {}, dir.path() / "lists");
    ASSERT_FALSE(lists);
    EXPECT_THAT(lists.error().message, testing::HasSubstr("A list cannot hold the name \"YoYo/v_"));
    EXPECT_FALSE(fs::exists(dir.path() / "lists"));
  }
}

TEST(Survey, ListsHaveNoPlaceForAFolderOfValidationClips) {
  const test::TempDir dir;
  for (const char* part : {"train", "val", "test"}) {
    for (const char* name : {"Bend", "Wave"})
      dir.write(cat("clips/", part, "/", name, "/a.avi"), "x");
  }
  DatasetOptions options;
  options.root = dir.path() / "clips";
  const auto survey = survey_dataset(options);
  ASSERT_TRUE(survey) << survey.error().text();
  const auto files = write_lists(*survey, {}, dir.path() / "lists");
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().text(), HasSubstr("no place for the validation clips"));
  EXPECT_FALSE(fs::exists(dir.path() / "lists"));
}

TEST(Survey, FoldersAloneHaveNothingWrong) {
  const TempDir dir;
  for (const char* name : {"Punch", "YoYo"}) write_clips(dir, "", name, 4);
  DatasetOptions options;
  options.root = dir.path();
  const Survey found = survey_dataset(options).value();
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.count(Part::train) + found.count(Part::val) + found.count(Part::test), 16);
  EXPECT_GT(found.count(Part::val), 0);
  EXPECT_GT(found.count(Part::test), 0);
}

TEST(Layout, OfUcf101) {
  const TempDir dir;
  write_clips(dir, "UCF-101", "YoYo", 1);
  for (const char* name : {"classInd.txt", "trainlist01.txt", "trainlist02.txt", "testlist01.txt",
                           "testlist02.txt", "readme.txt"})
    dir.write(fs::path("ucfTrainTestlist") / name, "x");
  for (const fs::path& chosen : {dir.path(), dir.path() / "UCF-101", dir.path() / "UCF-101/"}) {
    const Layout layout = find_layout(chosen);
    EXPECT_EQ(layout.root, dir.path() / "UCF-101");
    ASSERT_EQ(layout.lists.size(), 2u) << chosen;
    EXPECT_EQ(layout.lists[1].name, "ucfTrainTestlist, split 2");
    EXPECT_EQ(layout.lists[1].trainlist, dir.path() / "ucfTrainTestlist/trainlist02.txt");
    EXPECT_EQ(layout.lists[1].testlist, dir.path() / "ucfTrainTestlist/testlist02.txt");
    EXPECT_EQ(layout.lists[1].classind, dir.path() / "ucfTrainTestlist/classInd.txt");
  }
}

TEST(Layout, OfWhatIsNoDataset) {
  const TempDir dir;
  EXPECT_EQ(find_layout(dir.path() / "nowhere").root, dir.path() / "nowhere");
  EXPECT_TRUE(find_layout(dir.path()).lists.empty());
  DatasetOptions options;
  options.root = dir.path();
  const auto found = survey_dataset(options);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text(), HasSubstr("no class folders"));
}

}  // namespace
}  // namespace omniq::data
