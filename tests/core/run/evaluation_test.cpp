#include "core/run/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"

namespace omniq::run {
namespace {

using testing::HasSubstr;
using testing_support::read_text;
using testing_support::TemporaryFolder;

Evaluation evaluation() {
  Evaluation e;
  e.summary.run = "r";
  e.summary.dataset = "a, \"demo\"";
  e.summary.split = "1";
  e.summary.clips = 4;
  e.summary.unreadable = 1;
  e.summary.top1 = 100.0 / 3;
  e.summary.top5 = 75;
  e.summary.parameters = {123456789, 12};
  e.summary.protocol = Protocol{8, 2, 64, "stride", 3, 1};
  e.summary.memory = DeviceMemory{5, 6, 0};
  e.summary.latency = Latency{8, {16, 15, 20, 17, 100}};
  e.summary.device = "cpu";
  e.summary.precision = "float32";
  e.classes = {"=Grow", "Shr,ink", "nobody's"};
  e.predictions = {{"a/1.mp4", "=Grow", true, "", {{"=Grow", 0.75}, {"Shr,ink", 0.25}}},
                   {"a/2.mp4", "=Grow", false, "", {{"Shr,ink", 0.5}, {"=Grow", 0.5}}},
                   {"a/3.mp4", "Shr,ink", false, "cut \"off\"\nhere", {}},
                   {"a/4.mp4", "", false, "", {{"=Grow", 1}}}};
  e.confusion = confusion_of(e.classes, e.predictions);
  return e;
}

TEST(Evaluation, IsReadAsItWasWritten) {
  const TemporaryFolder tmp;
  const Evaluation wrote = evaluation();
  ASSERT_TRUE(write_evaluation(tmp / "eval", wrote));
  const auto read = read_evaluation(tmp / "eval");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->classes, wrote.classes);
  EXPECT_EQ(read->confusion,
            (std::vector<std::vector<std::int64_t>>{{1, 1, 0}, {0, 0, 0}, {0, 0, 0}}));
  ASSERT_EQ(read->predictions.size(), wrote.predictions.size());
  for (std::size_t i = 0; i < wrote.predictions.size(); ++i) {
    const ClipPrediction &a = read->predictions[i], &b = wrote.predictions[i];
    EXPECT_EQ(a.clip, b.clip);
    EXPECT_EQ(a.label, b.label);
    EXPECT_EQ(a.correct, b.correct);
    EXPECT_EQ(a.problem, b.problem);
    ASSERT_EQ(a.top.size(), b.top.size());
    for (std::size_t k = 0; k < b.top.size(); ++k) {
      EXPECT_EQ(a.top[k].label, b.top[k].label);
      EXPECT_EQ(a.top[k].probability, b.top[k].probability);
    }
  }
  // The summary says all that is in the file: written again it is the same.
  Evaluation again = *read;
  EXPECT_EQ(summary_text(again), summary_text(wrote));
  EXPECT_EQ(read_text(tmp / "eval/summary.json"), summary_text(wrote));
  EXPECT_EQ(again.summary.latency->per_clip(), 2);
}

TEST(Evaluation, ASummarySaysClassesAndUnreadableClips) {
  const auto json = nlohmann::json::parse(summary_text(evaluation()));
  EXPECT_EQ(json["per_class"][0]["top1"], 50.0);
  EXPECT_EQ(json["per_class"][1]["top1"], 0.0);
  EXPECT_EQ(json["per_class"][1]["clips"], 1);
  EXPECT_TRUE(json["per_class"][2]["top1"].is_null());
  EXPECT_EQ(json["unreadable_clips"].size(), 1u);
  EXPECT_EQ(json["unreadable_clips"][0]["clip"], "a/3.mp4");
  EXPECT_TRUE(json["peak_vram_bytes"]["process"].is_null());
}

TEST(Evaluation, ASummaryOfBeforeProtocolsIsRead) {
  const TemporaryFolder tmp;
  auto json = nlohmann::json::parse(summary_text(evaluation()));
  for (const char* key : {"protocol", "testlist", "own_list", "batch"}) json.erase(key);
  json["latency_ms"] = json["peak_vram_bytes"] = nullptr;
  tmp.write("summary.json", json.dump());
  const auto read = read_summary(tmp.path());
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_FALSE(read->protocol || read->latency || read->memory);
  EXPECT_TRUE(read->own_list);
}

TEST(Evaluation, DamagedFilesAreNamed) {
  const TemporaryFolder tmp;
  const auto damage = [&](const std::string& file, const std::string& text) {
    EXPECT_TRUE(write_evaluation(tmp / "eval", evaluation()));
    tmp.write("eval/" + file, text);
    const auto read = read_evaluation(tmp / "eval");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::io);
    EXPECT_THAT(read.error().message, testing::AllOf(HasSubstr(file), HasSubstr("is damaged")));
  };
  for (const char* text : {"", "{\"top1\":", "[]", "{}", "{\"top1\": \"high\"}"})
    damage("summary.json", text);
  for (const char* text : {"", "x,A,B\nA,1\n", "x,A\nA,1\nB,2\n", "x,A\nA,one\n"})
    damage("confusion.csv", text);
  for (const char* text : {"h\na,b\n", "h\na,b,1,,A,x,,,,,,,,\n"}) damage("predictions.csv", text);
}

}  // namespace
}  // namespace omniq::run
