#include "core/data/demo_scene.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace omniq::data {
namespace {

constexpr double kPi = std::numbers::pi;

TEST(DemoScene, TheSecondOfAPairIsTheFirstBackwards) {
  for (std::int64_t label = 0; label < 8; ++label) {
    DemoProcess process = draw_process(1, label, 3, false);
    EXPECT_EQ(process.backwards, label % 2 == 1);
    EXPECT_EQ(process.pair, label / 2);
    DemoProcess twin = process;
    twin.backwards = !twin.backwards;
    for (int t = 0; t <= 15; ++t) {
      const Actor a = actor_at(process, t / 15.0), b = actor_at(twin, (15 - t) / 15.0);
      EXPECT_NEAR(a.x, b.x, 1e-12);
      EXPECT_NEAR(a.y, b.y, 1e-12);
      EXPECT_NEAR(a.radius, b.radius, 1e-12);
      EXPECT_NEAR(a.angle, b.angle, 1e-12);
    }
    // Pixels too, but for the noise, which is drawn frame after frame.
    const auto forward = render_process(process, 5, 48), backward = render_process(twin, 5, 48);
    const std::size_t bytes = 48 * 48 * 3;
    double most = 0;
    for (std::size_t frame = 0; frame < 5; ++frame) {
      double difference = 0;
      for (std::size_t i = 0; i < bytes; ++i) {
        difference +=
            forward[frame * bytes + i] - static_cast<double>(backward[(4 - frame) * bytes + i]);
      }
      most = std::max(most, std::abs(difference / bytes));
    }
    EXPECT_LT(most, 0.4);
  }
}

TEST(DemoScene, ClassesAreWhatTheyAreCalled) {
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto actor = [&](int label, double s) {
      return actor_at(draw_process(5, label, i, i % 2), s);
    };
    EXPECT_LT(actor(0, 1).x, actor(0, 0).x - 0.4);
    EXPECT_GT(actor(1, 1).x, actor(1, 0).x + 0.4);
    EXPECT_LT(actor(2, 1).y, actor(2, 0).y - 0.4);  // up is towards smaller y
    EXPECT_GT(actor(3, 1).y, actor(3, 0).y + 0.4);
    EXPECT_GT(actor(6, 1).radius, actor(6, 0).radius + 0.1);
    EXPECT_LT(actor(7, 1).radius, actor(7, 0).radius - 0.1);
    for (const int label : {4, 5}) {
      const DemoProcess process = draw_process(5, label, i, false);
      double turned = 0;
      for (int t = 0; t < 64; ++t) {
        const Actor a = actor_at(process, t / 64.0), b = actor_at(process, (t + 1) / 64.0);
        const double ax = a.x - process.centre_x, ay = a.y - process.centre_y;
        const double bx = b.x - process.centre_x, by = b.y - process.centre_y;
        turned += std::atan2(ax * by - ay * bx, ax * bx + ay * by);
        EXPECT_NEAR(std::hypot(ax, ay), process.orbit, 1e-9);
      }
      EXPECT_GE(std::abs(turned), 4.4 - 1e-9);
      EXPECT_LE(std::abs(turned), 6.2 + 1e-9);
      EXPECT_EQ(turned > 0, label == 4);  // y points down: positive is clockwise
      const Actor top = actor_at(process, label == 4 ? 0 : 1);
      EXPECT_LE(std::abs(std::atan2(top.y - process.centre_y, top.x - process.centre_x) + kPi / 2),
                0.6);
    }
  }
}

TEST(DemoScene, RangesOfTheRecipe) {
  for (std::int64_t i = 0; i < 200; ++i) {
    const DemoProcess slide = draw_process(2, i % 4, i, false),
                      orbit = draw_process(2, 4 + i % 2, i, false),
                      grow = draw_process(2, 6 + i % 2, i, false);
    EXPECT_TRUE(slide.travel >= 0.45 && slide.travel <= 0.70);
    EXPECT_TRUE(slide.radius >= 0.12 && slide.radius <= 0.18);
    EXPECT_TRUE(orbit.orbit >= 0.22 && orbit.orbit <= 0.32);
    EXPECT_TRUE(grow.radius >= 0.05 && grow.radius <= 0.09);
    EXPECT_TRUE(grow.radius_end >= 0.22 && grow.radius_end <= 0.30);
    const auto [low, high] = std::minmax({slide.colour[0], slide.colour[1], slide.colour[2]});
    EXPECT_GT(low, 180);
    EXPECT_LT((high - low) / high, 0.15);  // saturation
    EXPECT_LE(high, 255);
  }
}

TEST(DemoScene, EveryClipHasItsOwnDraws) {
  EXPECT_NE(draw_process(1, 0, 0, false).travel, draw_process(1, 1, 0, false).travel);
  EXPECT_NE(draw_process(1, 0, 0, false).travel, draw_process(1, 0, 1, false).travel);
  EXPECT_NE(draw_process(1, 0, 0, false).travel, draw_process(1, 0, 0, true).travel);
  EXPECT_NE(draw_process(1, 0, 0, false).travel, draw_process(2, 0, 0, false).travel);
  EXPECT_EQ(render_process(draw_process(1, 4, 0, false), 3, 64),
            render_process(draw_process(1, 4, 0, false), 3, 64));
}

TEST(DemoScene, NoiseHasTheRecipesStrength) {
  // Two frames of a process that stands still differ by their noise alone.
  DemoProcess still = draw_process(1, 0, 0, false);
  still.travel = still.drift = still.spin = 0;
  const auto video = render_process(still, 2, 192);
  const std::size_t bytes = video.size() / 2;
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    const double difference = static_cast<double>(video[i]) - video[bytes + i];
    sum += difference;
    squares += difference * difference;
  }
  EXPECT_NEAR(sum / static_cast<double>(bytes), 0, 0.1);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(bytes) / 2), 4.0, 0.15);
}

TEST(DemoScene, LandmarksAreThereAtTheModelsSize) {
  // Means over the regions of a 32 × 32 frame: post, floor, and the corners of the two lights.
  const auto video = render_process(draw_process(1, 6, 0, false), 2, 32);
  const auto mean = [&](int top, int bottom, int left, int right, int channel) {
    double sum = 0;
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) sum += video[(y * 32 + x) * 3 + channel];
    }
    return sum / ((bottom - top) * (right - left));
  };
  EXPECT_GT(mean(2, 26, 0, 4, 1), mean(2, 8, 6, 12, 1) + 50);      // the post is green
  EXPECT_GT(mean(28, 32, 8, 30, 1), mean(22, 26, 8, 30, 1) + 30);  // the floor is bright
  EXPECT_GT(mean(2, 8, 27, 32, 0), mean(2, 8, 6, 11, 0) + 40);     // red from the right
  EXPECT_GT(mean(22, 26, 6, 10, 2), mean(1, 5, 6, 10, 2) + 30);    // blue from below
}

}  // namespace
}  // namespace omniq::data
