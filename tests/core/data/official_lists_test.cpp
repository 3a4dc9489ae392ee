// The official UCF101 lists, without their videos, and the real clips at hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.h"
#include "core/data/dataset.h"
#include "tests/core/data/support.h"

namespace omniq::data {
namespace {

struct Counts {
  std::size_t train, test;
};

TEST(OfficialLists, AllThreeSplits) {
  const auto folder = test::shared_data() / "ucfTrainTestlist";
  OMNIQ_SKIP_WITHOUT(folder);
  const Counts expected[] = {{9537, 3783}, {9586, 3734}, {9624, 3696}};
  for (int split = 1; split <= 3; ++split) {
    DatasetOptions options;
    options.check_files = false;
    options.classind = folder / "classInd.txt";
    options.trainlist = folder / cat("trainlist0", split, ".txt");
    options.testlist = folder / cat("testlist0", split, ".txt");
    const auto dataset = load_dataset(options);
    ASSERT_TRUE(dataset) << dataset.error().text();
    EXPECT_EQ(dataset->classes.size(), 101u);
    EXPECT_EQ(dataset->classes[100], "YoYo");
    const std::size_t train = dataset->train.clips.size() + dataset->val.clips.size();
    EXPECT_EQ(train, expected[split - 1].train);
    EXPECT_EQ(dataset->test.clips.size(), expected[split - 1].test);
    EXPECT_NEAR(static_cast<double>(dataset->val.clips.size()), 0.1 * static_cast<double>(train),
                10);

    std::set<std::string> seen[3];
    std::map<std::int64_t, int> clips[3];
    const Split* parts[] = {&dataset->train, &dataset->val, &dataset->test};
    for (int part = 0; part < 3; ++part) {
      EXPECT_TRUE(parts[part]->problems.empty());
      for (const ClipRef& clip : parts[part]->clips) {
        seen[part].insert(clip.group);
        ++clips[part][clip.label];
      }
      EXPECT_EQ(clips[part].size(), 101u);  // every class in every part
    }
    for (const std::string& group : seen[0]) {
      EXPECT_FALSE(seen[1].contains(group) || seen[2].contains(group)) << group;
    }
    for (const std::string& group : seen[1]) EXPECT_FALSE(seen[2].contains(group)) << group;
    EXPECT_EQ(seen[0].size() + seen[1].size() + seen[2].size(), 2525u);  // 101 classes of 25 groups
  }
}

TEST(OfficialLists, RealClips) {
  const auto root = test::shared_data() / "ucf101-mini";
  OMNIQ_SKIP_WITHOUT(root);
  DatasetOptions options;
  options.root = root;
  options.classind = "lists/classInd.txt";
  options.trainlist = "lists/trainlist.txt";
  options.testlist = "lists/testlist.txt";
  const auto dataset = load_dataset(options);
  ASSERT_TRUE(dataset) << dataset.error().text();
  EXPECT_EQ(dataset->classes, (std::vector<std::string>{"Punch", "YoYo"}));
  EXPECT_TRUE(dataset->train.problems.empty());
  EXPECT_TRUE(dataset->test.problems.empty());
  EXPECT_GT(dataset->val.clips.size(), 0u);
  for (const Split* split : {&dataset->train, &dataset->val, &dataset->test}) {
    for (const ClipRef& clip : split->clips) EXPECT_TRUE(std::filesystem::exists(clip.path));
  }
}

}  // namespace
}  // namespace omniq::data
