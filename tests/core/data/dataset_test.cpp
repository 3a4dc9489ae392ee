#include "core/data/dataset.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/base/text.h"
#include "core/data/list_file.h"
#include "tests/core/data/support.h"

namespace omniq::data {
namespace {

using test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> ids(const Split& split) {
  std::vector<std::string> names;
  for (const ClipRef& clip : split.clips) names.push_back(clip.id);
  return names;
}

std::set<std::string> groups(const Split& split) {
  std::set<std::string> names;
  for (const ClipRef& clip : split.clips) names.insert(clip.group);
  return names;
}

/// Two classes, Punch and YoYo, with two groups of two clips each.
class Lists : public testing::Test {
 protected:
  Lists() {
    for (const char* name : {"Punch", "YoYo"}) {
      for (int group = 1; group <= 2; ++group) {
        for (int clip = 1; clip <= 2; ++clip) {
          dir.write(cat(name, "/v_", name, "_g0", group, "_c0", clip, ".avi"), "x");
        }
      }
    }
    dir.write("classInd.txt", "1 Punch\r\n2 YoYo\r\n\r\n");
    options.root = dir.path();
    options.classind = "classInd.txt";
    options.val_fraction = 0;
  }

  Result<Dataset> load(std::string_view train, std::string_view test = {}) {
    options.trainlist = dir.write("train.txt", train);
    if (!test.empty()) options.testlist = dir.write("test.txt", test);
    return load_dataset(options);
  }
  std::string error(std::string_view train, std::string_view test = {}) {
    const auto dataset = load(train, test);
    return dataset ? "no error" : dataset.error().text();
  }

  TempDir dir;
  DatasetOptions options;
};

TEST_F(Lists, LabelsCountFromOneAndMayBeAbsent) {
  const auto dataset = load("YoYo/v_YoYo_g01_c01.avi 2\nPunch/v_Punch_g01_c01.avi 1\n",
                            "YoYo/v_YoYo_g02_c01.avi\nPunch/v_Punch_g02_c02.avi 1\n");
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(dataset->classes, ElementsAre("Punch", "YoYo"));
  EXPECT_THAT(ids(dataset->train),
              ElementsAre("YoYo/v_YoYo_g01_c01.avi", "Punch/v_Punch_g01_c01.avi"));
  EXPECT_EQ(dataset->train.clips[0].label, 1);
  EXPECT_EQ(dataset->train.clips[1].label, 0);
  EXPECT_EQ(dataset->test.clips[0].label, 1);
  EXPECT_EQ(dataset->test.clips[1].label, 0);
  EXPECT_EQ(dataset->train.clips[0].group, "YoYo/g01");
  EXPECT_EQ(dataset->train.clips[0].path, dir.path() / "YoYo/v_YoYo_g01_c01.avi");
  EXPECT_TRUE(dataset->train.problems.empty());
}

TEST_F(Lists, WindowsLineEndsBlankLinesAndStraySpaces) {
  const auto dataset = load(
      "\xef\xbb\xbf\r\n  YoYo/v_YoYo_g01_c01.avi \t 2  \r\n\r\n./Punch/v_Punch_g01_c01.avi 1\r\n   "
      "\r\nPunch\\v_Punch_g01_c02.avi 1");
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(ids(dataset->train),
              ElementsAre("YoYo/v_YoYo_g01_c01.avi", "Punch/v_Punch_g01_c01.avi",
                          "Punch/v_Punch_g01_c02.avi"));
}

TEST_F(Lists, LineEndsOfOldMacsUtf16AndCommas) {
  for (const std::string_view list :
       {std::string_view("YoYo/v_YoYo_g01_c01.avi 2\rPunch/v_Punch_g01_c01.avi 1\r"),
        std::string_view("YoYo/v_YoYo_g01_c01.avi,2\nPunch/v_Punch_g01_c01.avi, 1\n"),
        std::string_view("\"YoYo/v_YoYo_g01_c01.avi\" ,2\r\n\"Punch/v_Punch_g01_c01.avi\";1")}) {
    const auto dataset = load(list);
    ASSERT_TRUE(dataset) << dataset.error().text();
    EXPECT_THAT(ids(dataset->train),
                ElementsAre("YoYo/v_YoYo_g01_c01.avi", "Punch/v_Punch_g01_c01.avi"));
  }
  std::string utf16 = "\xff\xfe";
  for (const char c : std::string_view("YoYo/v_YoYo_g01_c01.avi 2\r\n")) utf16 += {c, '\0'};
  const auto dataset = load(utf16);
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(ids(dataset->train), ElementsAre("YoYo/v_YoYo_g01_c01.avi"));
  EXPECT_THAT(
      error(std::string_view(utf16).substr(2)),
      AllOf(HasSubstr("train.txt:1: this is no text"), HasSubstr("Save the list as UTF-8")));
  EXPECT_THAT(error("Punch/v_Punch_g01_c01.avi,Punch\n"),
              HasSubstr("train.txt:1: the label \"Punch\" is not a number"));
  dir.write("Punch/left, right.avi", "x");
  EXPECT_THAT(ids(load("Punch/left, right.avi,1\nPunch/left, right.avi\n")->train),
              ElementsAre("Punch/left, right.avi"));
}

TEST_F(Lists, AbsolutePathsUnderTheRootAndFoldersAboveTheClass) {
  const std::string root = dir.path().string();
  std::filesystem::create_directory_symlink(dir.path(), dir.path() / "link");
  dir.write("train/YoYo/a.avi", "x");
  const auto dataset = load(cat(root, "/YoYo/v_YoYo_g01_c01.avi 2\n", root,
                                "/link/Punch/v_Punch_g01_c01.avi 1\ntrain/YoYo/a.avi 2\n"));
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->train.clips[0].id, "YoYo/v_YoYo_g01_c01.avi");
  EXPECT_EQ(dataset->train.clips[1].label, 0);
  EXPECT_EQ(dataset->train.clips[2].id, "train/YoYo/a.avi");
  EXPECT_EQ(dataset->train.clips[2].label, 1);
  options.root = dir.path() / "link";
  EXPECT_THAT(ids(load(root + "/YoYo/v_YoYo_g01_c01.avi 2\n")->train),
              ElementsAre("YoYo/v_YoYo_g01_c01.avi"));
  EXPECT_THAT(error("/elsewhere/YoYo/v_YoYo_g01_c01.avi 2\n"),
              HasSubstr("train.txt:1: /elsewhere/YoYo/v_YoYo_g01_c01.avi does not lie under"));
  EXPECT_THAT(error("C:\\clips\\YoYo\\a.avi 2\n"), HasSubstr("a path on a drive of Windows"));
}

TEST_F(Lists, NamesThatDifferInCaseOnlyAreTwoFiles) {
  dir.write("Punch/hook.avi", "x");
  dir.write("Punch/Hook.avi", "x");
  const auto both = load("Punch/hook.avi 1\npunch/Hook.avi 1\n", "YoYo/v_yoyo_g01_c01.avi\n");
  ASSERT_TRUE(both) << both.error().text();
  ASSERT_EQ(both->train.clips.size(), 2u);
  EXPECT_EQ(both->train.clips[0].path, dir.path() / "Punch/hook.avi");
  EXPECT_EQ(both->train.clips[1].path, dir.path() / "Punch/Hook.avi");
  EXPECT_EQ(both->test.clips[0].path, dir.path() / "YoYo/v_YoYo_g01_c01.avi") << "the only one";
  EXPECT_THAT(load("Punch/v_Punch_g01_c01.avi\nPunch/HOOK.avi\n")->train.problems[0].what,
              HasSubstr("train.txt:2: there is no such file"))
      << "either could be meant";
  options.trainlist.clear();
  const auto rest = load_dataset(options);  // all but what is tested with
  ASSERT_TRUE(rest) << rest.error().text();
  EXPECT_EQ(rest->train.clips.size(), 8u);
}

TEST_F(Lists, DeeperNamesAreFoundAsOthersAre) {
  dir.write("videos/Caf\u00e9/a.avi", "x");
  dir.write("Loose.avi", "x");
  options.classind = dir.write("classInd.txt", "1 Caf\u00e9\n2 YoYo\n");
  const auto dataset = load("Videos/Cafe\u0301/A.avi 1\nloose.AVI 2\n");
  ASSERT_TRUE(dataset) << dataset.error().text();
  ASSERT_EQ(dataset->train.clips.size(), 2u);
  EXPECT_EQ(dataset->train.clips[0].path, dir.path() / "videos/Caf\u00e9/a.avi");
  EXPECT_EQ(dataset->train.clips[1].path, dir.path() / "Loose.avi");
}

TEST(Dataset, NamesThatFoldingWouldJoinAreTwoClasses) {
  const TempDir dir;
  for (const char* name : {"Strasse", "Stra\u00dfe"}) dir.write(cat(name, "/a.avi"), "x");
  DatasetOptions options;
  options.root = dir.path();
  EXPECT_EQ(load_dataset(options)->classes.size(), 2u);
}

TEST_F(Lists, AccentsInEitherForm) {
  const std::string composed = "Caf\u00e9", decomposed = "Cafe\u0301";
  dir.write(decomposed + "/n" + decomposed + ".avi", "x");
  options.classind = dir.write("classInd.txt", cat("1 Punch\n2 ", composed, "\n"));
  const auto dataset =
      load(cat(composed, "/n", composed, ".avi 2\n", decomposed, "/N", decomposed, ".avi 2\n"));
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->train.clips.size(), 1u) << "the same file twice";
  EXPECT_EQ(dataset->train.clips[0].path, dir.path() / decomposed / cat("n", decomposed, ".avi"));
  options = {};
  options.root = dir.path();
  EXPECT_EQ(load_dataset(options)->classes[0], composed) << "as records have it, on any machine";
}

TEST_F(Lists, NamesThatAreNotUtf8AreFilesButNoClasses) {
  dir.write("Punch/Caf\xe9.avi", "x");
  const auto dataset = load("Punch/Caf\xe9.avi 1\nPunch/Th\xe9.avi 1\n");
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->train.clips[0].path, dir.path() / "Punch/Caf\xe9.avi");
  EXPECT_THAT(dataset->train.problems[0].what, HasSubstr("is not UTF-8 in the list"));
  options.classind = dir.write("classInd.txt", "1 Punch\n2 Caf\xe9\n");
  EXPECT_THAT(error("Punch/Caf\xe9.avi 1\n"),
              HasSubstr("classInd.txt:2: \"2 Caf\ufffd\" is not UTF-8."));
  options = {};
  options.root = dir.path();
  dir.write("Caf\xe9/a.avi", "x");
  const auto scanned = load_dataset(options);
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, ErrorCode::data);
  EXPECT_THAT(scanned.error().message, HasSubstr("called \"Caf\ufffd\" is not named in UTF-8"));
  std::filesystem::rename(dir.path() / "Caf\xe9", dir.path() / "two\nlines");
  EXPECT_THAT(load_dataset(options).error().message,
              HasSubstr("called \"two\\nlines\" has a control character"));
}

TEST_F(Lists, FileNamesMayHoldSpaces) {
  dir.write("Punch/left hook 2.avi", "x");
  const auto dataset = load("Punch/left hook 2.avi 1\n", "Punch/left hook 2.avi\n");
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(ids(dataset->train), ElementsAre("Punch/left hook 2.avi"));
  EXPECT_THAT(ids(dataset->test), ElementsAre("Punch/left hook 2.avi"));
  EXPECT_EQ(dataset->train.clips[0].group, "Punch/left hook 2.avi");
}

TEST_F(Lists, WrongLabelsNameFileAndLine) {
  EXPECT_THAT(error("Punch/v_Punch_g01_c01.avi 1\n\nYoYo/v_YoYo_g01_c01.avi 1\n"),
              AllOf(HasSubstr("train.txt:3"), HasSubstr("Punch"), HasSubstr("YoYo")));
  EXPECT_THAT(error("Punch/v_Punch_g01_c01.avi 0\n"),
              AllOf(HasSubstr("train.txt:1"), HasSubstr("counted from 1")));
  EXPECT_THAT(error("YoYo/v_YoYo_g01_c01.avi 1\n"), HasSubstr("counted from 1"));
  EXPECT_THAT(error("Punch/v_Punch_g01_c01.avi 3\n"), HasSubstr("between 1 and 2"));
  EXPECT_THAT(error("Punch/v_Punch_g01_c01.avi 99999999999999999999\n"),
              HasSubstr("between 1 and 2"));
  EXPECT_THAT(error("Punch/v_Punch_g01_c01.avi one\n"),
              AllOf(HasSubstr("train.txt:1"), HasSubstr("\"one\" is not a number")));
  EXPECT_THAT(error("v_Punch_g01_c01.avi\n"), HasSubstr("neither a class folder nor a label"));
  EXPECT_THAT(error("../Punch/v_Punch_g01_c01.avi 1\n"), HasSubstr("does not lie under"));
}

TEST_F(Lists, UnknownClassesComeWithTheNearestName) {
  EXPECT_THAT(
      error("Panch/v_Punch_g01_c01.avi 1\n"),
      AllOf(HasSubstr("train.txt:1"), HasSubstr("Panch"), HasSubstr("Did you mean Punch?")));
}

TEST_F(Lists, MissingFilesLeaveTrainingAndStayInTheTest) {
  const auto dataset = load("Punch/v_Punch_g01_c01.avi 1\nPunch/v_Punch_g01_c09.avi 1\n",
                            "YoYo/v_YoYo_g02_c01.avi\nYoYo/v_YoYo_g02_c09.avi\n");
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(ids(dataset->train), ElementsAre("Punch/v_Punch_g01_c01.avi"));
  ASSERT_EQ(dataset->train.problems.size(), 1u);
  EXPECT_EQ(dataset->train.problems[0].id, "Punch/v_Punch_g01_c09.avi");
  EXPECT_THAT(dataset->train.problems[0].what, HasSubstr("train.txt:2"));
  EXPECT_EQ(dataset->test.clips.size(), 2u);
  ASSERT_EQ(dataset->test.problems.size(), 1u);
  EXPECT_EQ(dataset->test.problems[0].id, "YoYo/v_YoYo_g02_c09.avi");
}

TEST_F(Lists, NothingUnderTheRootIsAnError) {
  EXPECT_THAT(error("Punch/a.avi 1\nPunch/b.avi 1\n"),
              AllOf(HasSubstr("None of the 2 clips"), HasSubstr("data.root")));
}

TEST_F(Lists, DuplicatesAreKeptOnceAndOverlapIsNamed) {
  const auto dataset =
      load("Punch/v_Punch_g01_c01.avi 1\nYoYo/v_YoYo_g01_c01.avi 2\nPunch/v_Punch_g01_c01.avi 1\n",
           "YoYo/v_YoYo_g01_c01.avi\n");
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->train.clips.size(), 2u);
  ASSERT_EQ(dataset->train.problems.size(), 2u);
  EXPECT_THAT(dataset->train.problems[0].what, HasSubstr("line 1"));
  EXPECT_THAT(dataset->train.problems[1].what, HasSubstr("in the test list"));
  EXPECT_EQ(dataset->train.problems[1].id, "YoYo/v_YoYo_g01_c01.avi");
}

TEST_F(Lists, ClassIndexErrors) {
  const auto with = [&](std::string_view text) {
    dir.write("classInd.txt", text);
    return error("Punch/v_Punch_g01_c01.avi 1\n");
  };
  EXPECT_THAT(with("1 Punch\n3 YoYo\n"),
              AllOf(HasSubstr("classInd.txt:2"), HasSubstr("between 1 and 2")));
  EXPECT_THAT(with("1 Punch\n1 YoYo\n"),
              AllOf(HasSubstr("classInd.txt:2"), HasSubstr("Punch already")));
  EXPECT_THAT(with("1 Punch\n2 punch\n"), HasSubstr("classInd.txt:2"));
  EXPECT_THAT(with("Punch\n"), HasSubstr("classInd.txt:1"));
  EXPECT_THAT(with("\n\n"), HasSubstr("lists no classes"));
}

TEST_F(Lists, MissingListsAndFolders) {
  options.trainlist = "nowhere.txt";
  EXPECT_THAT(load_dataset(options).error().text(), HasSubstr("nowhere.txt is neither in"));
  EXPECT_THAT(error("\n \n"), HasSubstr("lists no clips"));
  options.root = dir.path() / "absent";
  EXPECT_THAT(load_dataset(options).error().text(),
              AllOf(HasSubstr("absent does not exist"), HasSubstr("omniq demo-data")));
  options = {};
  options.root = dir.path() / "empty";
  std::filesystem::create_directories(options.root / "Folder");
  EXPECT_THAT(load_dataset(options).error().text(), HasSubstr("no class folders with videos"));
  options.root = dir.path() / "classInd.txt";
  EXPECT_THAT(load_dataset(options).error().text(), HasSubstr("is not a folder"));
  options.val_fraction = 1;
  EXPECT_EQ(load_dataset(options).error().code, ErrorCode::config);
}

TEST(Dataset, HandstandPushupsInBothSpellings) {
  const TempDir dir;
  dir.write("HandStandPushups/v_HandStandPushups_g01_c01.avi", "x");
  dir.write("HandStandPushups/v_HandstandPushups_g01_c02.avi", "x");
  dir.write("list.txt",
            "HandstandPushups/v_HandStandPushups_g01_c01.avi 1\n"
            "HandStandPushups/v_HandStandPushups_g01_c02.avi 1\n");
  DatasetOptions options;
  options.root = dir.path();
  options.val_fraction = 0;
  options.trainlist = "list.txt";
  options.classind = dir.write("classInd.txt", "1 HandstandPushups\n");
  const auto dataset = load_dataset(options);
  ASSERT_TRUE(dataset) << dataset.error().text();
  ASSERT_EQ(dataset->train.clips.size(), 2u);
  for (const ClipRef& clip : dataset->train.clips) {
    EXPECT_TRUE(std::filesystem::exists(clip.path));
    EXPECT_EQ(clip.label, 0);
    EXPECT_EQ(clip.group, "HandstandPushups/g01");
  }
}

TEST(Dataset, TwoSpellingsOfAFolderAreOneClass) {
  const TempDir dir;
  dir.write("HandStandPushups/a.avi", "x");
  dir.write("HandstandPushups/b.avi", "x");
  dir.write("Other/c.mp4", "x");
  dir.write("Other/notes.txt", "x");
  dir.write("Other/.hidden.mp4", "x");
  dir.write("lists/train.txt", "x");
  DatasetOptions options;
  options.root = dir.path();
  options.val_fraction = 0;
  const auto dataset = load_dataset(options);
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(dataset->classes, ElementsAre("HandStandPushups", "Other"));
  EXPECT_EQ(dataset->train.clips.size() + dataset->test.clips.size(), 3u);
}

/// Part/Class/n.avi, n from 1 to `clips`.
void write_part(const TempDir& dir, const std::string& part, int clips) {
  for (const char* name : {"Bend", "Wave"}) {
    for (int i = 1; i <= clips; ++i) dir.write(cat(part, "/", name, "/", i, ".avi"), "x");
  }
}

TEST(Dataset, FoldersOfPartsAreTheParts) {
  const TempDir dir;
  DatasetOptions options;
  options.root = dir.path();
  write_part(dir, "Train", 5);
  EXPECT_THAT(load_dataset(options).error().text(), HasSubstr("no class folders with videos"));
  write_part(dir, "test", 2);
  auto dataset = load_dataset(options);  // the held-out clips are drawn
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_THAT(dataset->classes, ElementsAre("Bend", "Wave"));
  EXPECT_THAT(ids(dataset->test), ElementsAre("test/Bend/1.avi", "test/Bend/2.avi",
                                              "test/Wave/1.avi", "test/Wave/2.avi"));
  EXPECT_EQ(dataset->train.clips.size() + dataset->val.clips.size(), 10u);
  EXPECT_GT(dataset->val.clips.size(), 0u);
  EXPECT_EQ(dataset->train.clips[0].path.parent_path(), dir.path() / "Train/Bend");
  EXPECT_TRUE(dataset->train.problems.empty()) << "1.avi of two parts are two recordings";
  write_part(dir, "valid", 1);
  dataset = load_dataset(options);
  EXPECT_THAT(ids(dataset->val), ElementsAre("valid/Bend/1.avi", "valid/Wave/1.avi"));
  EXPECT_EQ(dataset->train.clips.size(), 10u);
  EXPECT_TRUE(dataset->val_is_a_folder);
  options.val_fraction = 0;
  EXPECT_TRUE(load_dataset(options)->val.clips.empty());
  write_part(dir, "more", 1);
  const auto with_more = load_dataset(options);
  ASSERT_EQ(with_more->train.problems.size(), 1u);
  EXPECT_EQ(with_more->train.problems[0].id, "more");
  EXPECT_EQ(with_more->train.problems[0].kind, ProblemKind::not_listed);
  test::remove_tree(dir.path() / "more");
  write_part(dir, "validation", 1);
  EXPECT_THAT(load_dataset(options).error().text(),
              AllOf(HasSubstr("valid and validation of "), HasSubstr("both folders of clips")));
  test::remove_tree(dir.path() / "validation");
  options.val_fraction = 0.1;
  test::remove_tree(dir.path() / "test");
  dataset = load_dataset(options);
  EXPECT_THAT(ids(dataset->test), ElementsAre("valid/Bend/1.avi", "valid/Wave/1.avi"));
  EXPECT_EQ(dataset->train.clips.size() + dataset->val.clips.size(), 10u);
  dir.write("valid/Jump/1.avi", "x");
  EXPECT_THAT(load_dataset(options).error().text(),
              AllOf(HasSubstr("valid/Jump holds videos, but Train has no such class")));
}

TEST(Dataset, PartsWithoutClassFoldersAreNoClasses) {
  const TempDir dir;
  for (const char* part : {"train", "test"}) dir.write(cat(part, "/a.avi"), "x");
  DatasetOptions options;
  options.root = dir.path();
  const auto parts = load_dataset(options);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code, ErrorCode::data);
  EXPECT_THAT(parts.error().text(),
              AllOf(HasSubstr("The folders test and train of "), HasSubstr("<part>/<Class>/")));
  std::filesystem::remove(dir.path() / "train/a.avi");
  dir.write("train/Punch/a.avi", "x");  // and a test folder without labels
  EXPECT_THAT(load_dataset(options).error().text(), HasSubstr("parts of a dataset"));
  dir.write("train/a.avi", "x");
  dir.write("plane/a.avi", "x");  // vehicles, then
  EXPECT_EQ(load_dataset(options)->classes.size(), 3u);
}

TEST(Dataset, FoldersAloneAreSplitByGroupAndAlwaysTheSameWay) {
  const TempDir dir;
  for (const char* name : {"Bend", "Wave"}) {
    for (int group = 10; group < 20; ++group) {
      for (int clip = 1; clip <= 3; ++clip) {
        dir.write(cat(name, "/v_", name, "_g", group, "_c0", clip, ".avi"), "x");
      }
    }
  }
  DatasetOptions options;
  options.root = dir.path();
  const auto dataset = load_dataset(options);
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->test.clips.size(), 12u);
  EXPECT_EQ(dataset->train.clips.size() + dataset->val.clips.size(), 48u);
  const auto held = groups(dataset->test);
  for (const std::string& group : groups(dataset->train)) EXPECT_FALSE(held.contains(group));
  for (const std::string& group : groups(dataset->val)) EXPECT_FALSE(held.contains(group));
  options.seed = 77;
  const auto again = load_dataset(options);
  EXPECT_EQ(ids(again->test), ids(dataset->test));

  // A test list alone: the rest trains, without the recordings that are tested.
  options.testlist = dir.write("test.txt", "Bend/v_Bend_g10_c01.avi\n");
  const auto rest = load_dataset(options);
  ASSERT_TRUE(rest) << rest.error().text();
  EXPECT_EQ(rest->test.clips.size(), 1u);
  EXPECT_EQ(rest->train.clips.size() + rest->val.clips.size(), 57u);
}

TEST(Dataset, EachClassThatHasTwoGroupsGivesOneToTheHeldOutClips) {
  const TempDir dir;
  // ucf101-mini's training list: a tenth of Punch's 18 clips is far less than one of its groups.
  std::string list = "Solo/v_Solo_g01_c01.avi\n";
  for (const auto& [name, groups] : {std::pair("Punch", 4), std::pair("YoYo", 8)}) {
    for (int group = 1; group <= groups; ++group) {
      for (int clip = 1; clip <= 5; ++clip)
        list += cat(name, "/v_", name, "_g0", group, "_c0", clip, ".avi\n");
    }
  }
  DatasetOptions options;
  options.check_files = false;
  options.classind = dir.write("classes.txt", "1 Punch\n2 Solo\n3 YoYo\n");
  options.trainlist = dir.write("train.txt", list);
  options.val_fraction = 0.1;
  std::set<std::set<std::string>> drawn;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    const auto dataset = load_dataset(options);
    ASSERT_TRUE(dataset) << dataset.error().text();
    std::set<std::int64_t> labels;
    for (const ClipRef& clip : dataset->val.clips) labels.insert(clip.label);
    EXPECT_THAT(labels, ElementsAre(0, 2)) << "Solo keeps its only clip";
    EXPECT_EQ(dataset->val.clips.size(), 10u) << "a group of each, and no more";
    drawn.insert(groups(dataset->val));
  }
  EXPECT_GT(drawn.size(), 5u) << "the seed draws them";
}

TEST(Dataset, ValidationNeverTakesTheLastGroup) {
  const TempDir dir;
  std::string list;
  for (const char* name : {"A", "B", "C"}) {
    for (int clip = 1; clip <= 6; ++clip) {
      // A has one group, B two, C six.
      const int group = *name == 'A' ? 1 : *name == 'B' ? 1 + clip / 4 : clip;
      list += cat(name, "/v_", name, "_g0", group, "_c0", clip, ".avi\n");
    }
  }
  DatasetOptions options;
  options.check_files = false;
  options.classind = dir.write("classes.txt", "1 A\n2 B\n3 C\n");
  options.trainlist = dir.write("train.txt", list);
  for (const double fraction : {0.01, 0.1, 0.3, 0.5, 0.95}) {
    std::set<std::set<std::string>> drawn;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      options.seed = seed;
      options.val_fraction = fraction;
      const auto dataset = load_dataset(options);
      ASSERT_TRUE(dataset) << dataset.error().text();
      EXPECT_GE(dataset->val.clips.size(), 1u);
      EXPECT_EQ(dataset->train.clips.size() + dataset->val.clips.size(), 18u);
      const auto kept = groups(dataset->train), held = groups(dataset->val);
      std::set<std::int64_t> labels;
      for (const ClipRef& clip : dataset->train.clips) labels.insert(clip.label);
      EXPECT_EQ(labels.size(), 3u) << fraction << " " << seed;
      for (const std::string& group : held) EXPECT_FALSE(kept.contains(group));
      EXPECT_EQ(ids(load_dataset(options)->val), ids(dataset->val));
      drawn.insert(held);
    }
    EXPECT_GT(drawn.size(), fraction == 0.01 ? 0u : 1u);
  }
}

TEST(Dataset, UcfGroups) {
  EXPECT_EQ(ucf_group("v_YoYo_g01_c02.avi", "YoYo"), "YoYo/g01");
  EXPECT_EQ(ucf_group("v_HandStandPushups_g25_c07.mp4", "HandstandPushups"),
            "HandstandPushups/g25");
  EXPECT_EQ(ucf_group("v_Tai_Chi_g3_c1.avi", "TaiChi"), "Tai_Chi/g3");
  for (const char* name : {"clip.avi", "v_g01_c01.avi", "v_YoYo_01_c02.avi", "v_YoYo_g01.avi",
                           "v_.avi", "slide_left_t017.mp4", ""}) {
    EXPECT_EQ(ucf_group(name, "YoYo"), "") << name;
  }
}

}  // namespace
}  // namespace omniq::data
