#include "core/data/transform.h"

#include <gtest/gtest.h>

#include <cmath>

namespace omniq::data {
namespace {

std::vector<std::uint8_t> noise_frame(std::int64_t height, std::int64_t width, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint8_t> frame(static_cast<std::size_t>(height * width * 3));
  for (auto& value : frame) value = static_cast<std::uint8_t>(random.below(256));
  return frame;
}

/// The same resize, pixel by pixel in doubles.
double reference_pixel(const std::vector<std::uint8_t>& frame, std::int64_t width, const Crop& crop,
                       std::int64_t size, std::int64_t y, std::int64_t x, int channel) {
  if (crop.flip) x = size - 1 - x;
  const auto triangle = [&](std::int64_t input, std::int64_t output, std::int64_t at) {
    const double scale = static_cast<double>(input) / static_cast<double>(output);
    const double support = std::max(1.0, scale), centre = (static_cast<double>(at) + 0.5) * scale;
    std::vector<double> weights(static_cast<std::size_t>(input));
    double sum = 0;
    for (std::int64_t i = 0; i < input; ++i) {
      weights[i] = std::max(0.0, 1 - std::abs(static_cast<double>(i) + 0.5 - centre) / support);
      sum += weights[i];
    }
    for (double& weight : weights) weight /= sum;
    return weights;
  };
  const auto rows = triangle(crop.height, size, y), columns = triangle(crop.width, size, x);
  double value = 0;
  for (std::int64_t i = 0; i < crop.height; ++i) {
    for (std::int64_t j = 0; j < crop.width; ++j) {
      if (rows[i] == 0 || columns[j] == 0) continue;
      value += rows[i] * columns[j] * frame[((crop.top + i) * width + crop.left + j) * 3 + channel];
    }
  }
  return value;
}

TEST(Transform, ResizedFrame) {
  EXPECT_EQ(resized_short_side(224), 256);
  EXPECT_EQ(resized_short_side(32), 37);
  EXPECT_EQ(resized_frame(240, 320, 256).height, 256);
  EXPECT_EQ(resized_frame(240, 320, 256).width, 341);
  EXPECT_EQ(resized_frame(320, 240, 256).height, 341);
  EXPECT_EQ(resized_frame(240, 320, 0).width, 320);
}

TEST(Transform, TrainingCropsStayInRange) {
  Random random(1);
  double least = 1, most = 0, mean = 0;
  int flips = 0;
  constexpr int kDraws = 4000;
  for (int draw = 0; draw < kDraws; ++draw) {
    const Crop crop = training_crop(256, 341, true, random);
    ASSERT_GE(crop.top, 0);
    ASSERT_GE(crop.left, 0);
    ASSERT_LE(crop.top + crop.height, 256);
    ASSERT_LE(crop.left + crop.width, 341);
    const double area = static_cast<double>(crop.height * crop.width) / (256.0 * 341.0);
    const double aspect = static_cast<double>(crop.width) / static_cast<double>(crop.height);
    EXPECT_GT(area, 0.49);
    EXPECT_LE(area, 1.0);
    EXPECT_GT(aspect, 0.74);
    EXPECT_LT(aspect, 1.35);
    least = std::min(least, area);
    most = std::max(most, area);
    mean += area / kDraws;
    flips += crop.flip;
  }
  EXPECT_LT(least, 0.52);
  EXPECT_GT(most, 0.95);
  EXPECT_GT(mean, 0.6);
  EXPECT_LT(mean, 0.8);
  EXPECT_NEAR(flips, kDraws / 2, 4 * std::sqrt(kDraws) / 2);
}

TEST(Transform, WithoutFlipsNothingIsFlippedAndTheCropDoesNotMove) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    EXPECT_FALSE(training_crop(100, 100, false, random).flip);
  }
}

TEST(Transform, VeryLongFramesFallBackToTheCentre) {
  Random random(1);
  EXPECT_EQ(training_crop(30, 300, false, random), (Crop{0, 130, 30, 40, false}));
  EXPECT_EQ(training_crop(300, 30, false, random), (Crop{130, 0, 40, 30, false}));
}

TEST(Transform, EvaluationCrops) {
  EXPECT_EQ(evaluation_crop(256, 340, 224, 0, 1), (Crop{16, 58, 224, 224, false}));
  EXPECT_EQ(evaluation_crop(256, 340, 224, 0, 3), (Crop{16, 0, 224, 224, false}));
  EXPECT_EQ(evaluation_crop(256, 340, 224, 1, 3), (Crop{16, 58, 224, 224, false}));
  EXPECT_EQ(evaluation_crop(256, 340, 224, 2, 3), (Crop{16, 116, 224, 224, false}));
  EXPECT_EQ(evaluation_crop(340, 256, 224, 2, 3), (Crop{116, 16, 224, 224, false}));
  EXPECT_THROW(evaluation_crop(100, 340, 224, 0, 1), std::invalid_argument);
}

TEST(Transform, ResizeMatchesTheSlowReference) {
  constexpr std::int64_t kHeight = 23, kWidth = 31;
  const auto frame = noise_frame(kHeight, kWidth, 5);
  const Crop crops[] = {{0, 0, 23, 31, false}, {3, 5, 16, 16, false}, {2, 1, 17, 20, true},
                        {4, 4, 7, 9, false},   {3, 5, 16, 16, true},  {10, 10, 1, 1, true},
                        {0, 0, 23, 2, false}};
  for (const Crop& crop : crops) {
    for (const std::int64_t size : {1, 5, 16, 40}) {
      std::vector<std::uint8_t> out(static_cast<std::size_t>(size * size * 3));
      CropResize(crop, size).apply(frame.data(), kWidth, out.data());
      for (std::int64_t y = 0; y < size; ++y) {
        for (std::int64_t x = 0; x < size; ++x) {
          for (int c = 0; c < 3; ++c) {
            ASSERT_NEAR(out[(y * size + x) * 3 + c],
                        reference_pixel(frame, kWidth, crop, size, y, x, c), 0.6)
                << size << " " << y << " " << x << " " << c;
          }
        }
      }
    }
  }
}

TEST(Transform, FlatAreasKeepTheirValue) {
  const std::vector<std::uint8_t> frame(40 * 50 * 3, 255);
  std::vector<std::uint8_t> out(32 * 32 * 3);
  CropResize({3, 4, 33, 41, false}, 32).apply(frame.data(), 50, out.data());
  for (const std::uint8_t value : out) ASSERT_EQ(value, 255);
}

}  // namespace
}  // namespace omniq::data
