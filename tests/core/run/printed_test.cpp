#include "core/run/printed.h"

#include <gtest/gtest.h>

namespace omniq::run {
namespace {

TEST(Printed, AProbeIsReadAsItWasWritten) {
  Probe probe{"a GPU", "bfloat16", {10, 2}, {5, 4, 6, 0, 8}, DeviceMemory{1, 2, 3}, {}, 8,
              100,     25,         50};
  for (int i = 0; i < 2; ++i) {
    const auto read = parse_probe(to_text(probe));
    ASSERT_TRUE(read);
    EXPECT_EQ(to_text(*read), to_text(probe));
    EXPECT_EQ(read->step.median, 5);
    EXPECT_EQ(read->gpu.has_value(), i == 0);
    EXPECT_EQ(read->clips, 100);
    probe.gpu.reset();
    probe.resident_growth = 7;
  }
  EXPECT_FALSE(parse_probe(""));
  EXPECT_FALSE(parse_probe("{\"device\": \"cpu\"}"));
}

TEST(Printed, ProgressIsALineAmongOthers) {
  const std::string line = to_line(Progress{"measuring", 3, 9, 12.5});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto read = parse_progress(line + "\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->what, "measuring");
  EXPECT_EQ(read->done, 3);
  EXPECT_EQ(read->total, 9);
  EXPECT_EQ(read->seconds_left, 12.5);
  EXPECT_LT(parse_progress(to_line(Progress{"measuring", 3, 9, -1}))->seconds_left, 0);
  for (const char* other : {"", "step 1 of 9", "{}", "[1]", "{\"progress\": 3}"})
    EXPECT_FALSE(parse_progress(other)) << other;
}

TEST(Printed, AnErrorKeepsItsCode) {
  for (const ErrorCode code : {ErrorCode::usage, ErrorCode::memory, ErrorCode::engine}) {
    const auto read = parse_error(to_text({code, "It failed.", "Do this."}, 1));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->code, code);
    EXPECT_EQ(read->text(), "It failed. Do this.");
  }
  EXPECT_FALSE(parse_error("{\"error\": \"it failed\"}"));
}

}  // namespace
}  // namespace omniq::run
