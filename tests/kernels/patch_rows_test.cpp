#include "kernels/patch_rows/patch_rows.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::patch_rows_test {
namespace {

using kernels::patch_rows;
using testing::error_of;
using ::testing::HasSubstr;

class PatchRowsTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions options() { return at::TensorOptions().device(device()); }
};

// Divided by patches or not, rows of pixels that start at odd addresses, more patches in a row than
// a block has.
const std::pair<std::int64_t, std::int64_t> kSizes[] = {
    {8, 8}, {224, 224}, {4, 5}, {11, 6}, {6, 300}};

TEST_P(PatchRowsTest, FloatingPatchesAreByChannelRowColumn) {
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const std::int64_t patch : {4, 3}) {
      for (const auto& [height, width] : kSizes) {
        SCOPED_TRACE(::testing::Message()
                     << type << " " << height << " × " << width << " in " << patch);
        const at::Tensor frames = torch::randn({2, 3, height, width}, options());
        // [n, c, H/p, W/p, p, p]
        const at::Tensor expected = frames.unfold(2, patch, patch)
                                        .unfold(3, patch, patch)
                                        .permute({0, 2, 3, 1, 4, 5})
                                        .flatten(3)
                                        .to(type);
        EXPECT_TRUE(torch::equal(patch_rows(frames, patch, type), expected));
      }
    }
  }
}

TEST_P(PatchRowsTest, BytesAreByRowColumnChannelAndExact) {
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const std::int64_t channels : {3, 1}) {
      for (const auto& [height, width] : kSizes) {
        SCOPED_TRACE(::testing::Message()
                     << type << " " << height << " × " << width << " × " << channels);
        const at::Tensor frames =
            torch::randint(0, 256, {2, height, width, channels}, options().dtype(at::kByte));
        const at::Tensor expected = ((frames.to(at::kDouble) - 128) / 64)
                                        .unfold(1, 4, 4)
                                        .unfold(2, 4, 4)
                                        .permute({0, 1, 2, 4, 5, 3})
                                        .flatten(3);
        EXPECT_TRUE(torch::equal(patch_rows(frames, 4, type).to(at::kDouble), expected));
      }
    }
  }
}

TEST_P(PatchRowsTest, SaysWhatIsWrongWithItsArguments) {
  const at::Tensor frames = torch::zeros({2, 3, 8, 3}, options());
  EXPECT_THAT(error_of([&] { patch_rows(frames, 4, at::kFloat); }), HasSubstr("smaller than"));
  EXPECT_THAT(error_of([&] { patch_rows(frames[0], 3, at::kFloat); }), HasSubstr("got Float"));
  EXPECT_THAT(error_of([&] { patch_rows(frames.to(at::kLong), 3, at::kFloat); }),
              HasSubstr("got Long"));
  EXPECT_EQ(patch_rows(frames.slice(0, 0, 0), 3, at::kHalf).numel(), 0);
}

OMNIQ_INSTANTIATE_ON_DEVICES(PatchRowsTest);

}  // namespace
}  // namespace omniq::patch_rows_test
