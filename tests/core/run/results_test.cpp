#include "core/run/results.h"

#include <gtest/gtest.h>

#include "core/base/text.h"
#include "tests/support/temporary_folder.h"

namespace omniq::run {
namespace {

TEST(Results, ANameWithALineBreakStaysOneRow) {
  const testing_support::TemporaryFolder tmp;
  const auto row = [](const std::string& ckpt, const std::string& top1) {
    return "m,b,2,True,\"two\nlines\",s,1,1,8,1," + top1 + ",1,1,1,,," + csv_field(ckpt);
  };
  const std::vector<std::string> names = {"/a/\nrun/last", "/b/last", "=x"};
  for (const std::string& name : names)
    ASSERT_TRUE(update_results(tmp / "results/summary.csv", row(name, "1")));
  for (const std::string& name : names)
    ASSERT_TRUE(update_results(tmp / "results/summary.csv", row(name, "2")));
  EXPECT_EQ(testing_support::read_text(tmp / "results/summary.csv"),
            std::string(kResultsHeader) + "\n" + row(names[0], "2") + "\n" + row(names[1], "2") +
                "\n" + row(names[2], "2") + "\n");
}

}  // namespace
}  // namespace omniq::run
