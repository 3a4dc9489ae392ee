#include "core/data/demo_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/random.h"

namespace omniq::data {
namespace {

using std::numbers::pi;
using Colour = std::array<double, 3>;

double mix(double a, double b, double t) { return a + (b - a) * t; }
double smooth(double t) {
  t = std::clamp(t, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}
/// Slow at both ends; ease(1 − s) = 1 − ease(s), so that it looks the same backwards.
double ease(double s) { return 0.4 * s + 0.6 * smooth(s); }

struct Point {
  double x, y;
};

/// The corners of a shape of radius 1 around the origin; none for the disc.
std::vector<Point> corners(Shape shape) {
  const auto ring = [](int count, double start, double inner) {
    std::vector<Point> points;
    for (int i = 0; i < count; ++i) {
      const double angle = start + 2 * pi * i / count;
      const double radius = i % 2 == 1 ? inner : 1.0;
      points.push_back({radius * std::cos(angle), radius * std::sin(angle)});
    }
    return points;
  };
  switch (shape) {
    case Shape::disc:
      return {};
    case Shape::square:
      return ring(4, pi / 4, 1.0);
    case Shape::triangle:
      return ring(3, -pi / 2, 1.0);
    case Shape::star:
      return ring(10, -pi / 2, 0.5);
    case Shape::hexagon:
      return ring(6, 0.0, 1.0);
  }
  return {};
}

/// Distance from the outline, negative inside, in units of the radius.
double signed_distance(const std::vector<Point>& outline, double x, double y) {
  if (outline.empty()) return std::hypot(x, y) - 1.0;
  double least = 1e9;
  bool inside = false;
  for (std::size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
    const Point a = outline[j], b = outline[i];
    const double dx = b.x - a.x, dy = b.y - a.y, px = x - a.x, py = y - a.y;
    const double t = std::clamp((px * dx + py * dy) / (dx * dx + dy * dy), 0.0, 1.0);
    const double ex = px - t * dx, ey = py - t * dy;
    least = std::min(least, ex * ex + ey * ey);
    if ((a.y > y) != (b.y > y) && x < dx * (y - a.y) / dy + a.x) inside = !inside;
  }
  return inside ? -std::sqrt(least) : std::sqrt(least);
}

/// The room, always the same: floor and post say where one is, and so does the light, red from the
/// right and blue from below. A model that pools over the frame could not tell left from right
/// without them.
Colour room(double x, double y) {
  const double red = x * x, blue = y * y;
  Colour colour{34 + 112 * red + 8 * blue, 38 + 10 * red + 16 * blue, 48 + 8 * red + 104 * blue};
  constexpr double kFloor = 0.85, kPost = 0.15;
  if (y > kFloor) {
    const double depth = (y - kFloor) / (1 - kFloor);
    const Colour wood{mix(176, 138, depth), mix(146, 108, depth), mix(96, 66, depth)};
    for (int c = 0; c < 3; ++c) colour[c] = mix(wood[c], colour[c], 0.22);
    if (y < kFloor + 0.012)
      for (double& value : colour) value = mix(value, 236, 0.35);
  }
  if (x < kPost) {
    const double across = x / kPost;
    const double shade = 0.62 + 0.5 * std::sin(pi * (0.08 + 0.84 * across));
    colour = {52 * shade, 150 * shade, 128 * shade};
    if (y > kFloor)
      for (double& value : colour) value *= 0.82;
  }
  return colour;
}

/// Smooth texture of about ±4: random values on a coarse grid, blended.
std::vector<double> make_texture(std::uint64_t seed, std::int64_t size) {
  constexpr std::int64_t kCells = 12;
  Random random(seed);
  std::vector<double> grid((kCells + 1) * (kCells + 1));
  for (double& value : grid) value = random.uniform(-5.0, 5.0);
  std::vector<double> texture(static_cast<std::size_t>(size * size));
  for (std::int64_t row = 0; row < size; ++row) {
    const double v = (static_cast<double>(row) + 0.5) / static_cast<double>(size) * kCells;
    const auto cell_v = static_cast<std::int64_t>(v);
    for (std::int64_t column = 0; column < size; ++column) {
      const double u = (static_cast<double>(column) + 0.5) / static_cast<double>(size) * kCells;
      const auto cell_u = static_cast<std::int64_t>(u);
      const double* corner = &grid[cell_v * (kCells + 1) + cell_u];
      const double tu = smooth(u - static_cast<double>(cell_u));
      const double tv = smooth(v - static_cast<double>(cell_v));
      texture[row * size + column] =
          mix(mix(corner[0], corner[1], tu), mix(corner[kCells + 1], corner[kCells + 2], tu), tv);
    }
  }
  return texture;
}

constexpr double kNoise = 4.0;   // standard deviation
constexpr int kNoiseScale = 16;  // steps of a table entry in one grey level

/// Normal noise by 12 random bits: the quantiles of the distribution, in 1/16 grey levels. Drawing
/// each of hundreds of millions of values properly would take longer than everything else.
const std::array<std::int16_t, 4096>& noise_table() {
  static const auto table = [] {
    std::array<std::int16_t, 4096> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double wanted = (static_cast<double>(i) + 0.5) / static_cast<double>(values.size());
      double low = -6, high = 6;
      for (int step = 0; step < 50; ++step) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::numbers::sqrt2) < wanted ? low : high) = middle;
      }
      values[i] = static_cast<std::int16_t>(std::lround(low * kNoise * kNoiseScale));
    }
    return values;
  }();
  return table;
}

/// Blends the actor and its shadow into a picture of doubles.
void paint(std::vector<float>& picture, std::int64_t size, const DemoProcess& process,
           const std::vector<Point>& outline, const Actor& actor) {
  const double side = static_cast<double>(size);
  const double cosine = std::cos(actor.angle), sine = std::sin(actor.angle);
  const double soft = 0.035, reach = actor.radius + 2 * soft;
  const auto first = [&](double centre) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>((centre - reach) * side), 0, size);
  };
  const auto last = [&](double centre) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>((centre + reach) * side) + 2, 0,
                                    size);
  };
  for (std::int64_t row = first(actor.y); row < last(actor.y); ++row) {
    for (std::int64_t column = first(actor.x); column < last(actor.x); ++column) {
      const double dx = ((static_cast<double>(column) + 0.5) / side - actor.x) / actor.radius;
      const double dy = ((static_cast<double>(row) + 0.5) / side - actor.y) / actor.radius;
      const double distance =
          signed_distance(outline, cosine * dx + sine * dy, cosine * dy - sine * dx) * actor.radius;
      float* pixel = &picture[(row * size + column) * 3];
      const double shadow = 0.4 * (1 - smooth(distance / soft));
      const double cover = std::clamp(0.5 - distance * side, 0.0, 1.0);  // one pixel of soft edge
      // Lit from the upper right, darker towards the rim.
      const double light = 1.0 + 0.05 * (dx - dy) / std::numbers::sqrt2 -
                           0.12 * smooth(1.0 + distance / (0.18 * actor.radius));
      for (int c = 0; c < 3; ++c) {
        const double behind = pixel[c] * (1 - shadow);
        pixel[c] = static_cast<float>(mix(behind, process.colour[c] * light, cover));
      }
    }
  }
}

}  // namespace

DemoProcess draw_process(std::uint64_t seed, std::int64_t label, std::int64_t index, bool test) {
  Random random(seed, static_cast<std::uint64_t>(label), static_cast<std::uint64_t>(index),
                test ? 2 : 1);
  DemoProcess process;
  process.pair = static_cast<int>(label / 2);
  process.backwards = label % 2 == 1;
  process.shape = static_cast<Shape>(random.below(5));
  const double hue = random.uniform(0, 2 * pi), value = random.uniform(222, 250);
  for (int c = 0; c < 3; ++c) {
    process.colour[c] = value * (0.93 + 0.07 * std::cos(hue - 2 * pi * c / 3));
  }
  process.radius = random.uniform(0.12, 0.18);
  process.angle = random.uniform(-0.4, 0.4);
  process.spin = random.uniform(-0.6, 0.6);
  switch (process.pair) {
    case 0:
    case 1:
      process.travel = random.uniform(0.45, 0.70);
      process.drift = random.uniform(-0.08, 0.08);
      process.centre_x = process.pair == 0 ? random.uniform(0.45, 0.55) : random.uniform(0.3, 0.7);
      process.centre_y = process.pair == 0 ? random.uniform(0.3, 0.7) : random.uniform(0.45, 0.55);
      break;
    case 2:
      process.orbit = random.uniform(0.22, 0.32);
      process.start_angle = -pi / 2 + random.uniform(-0.6, 0.6);
      process.sweep = random.uniform(4.4, 6.2);
      process.centre_x = random.uniform(0.45, 0.55);
      process.centre_y = random.uniform(0.45, 0.55);
      break;
    default:
      process.radius = random.uniform(0.05, 0.09);
      process.radius_end = random.uniform(0.22, 0.30);
      process.centre_x = random.uniform(0.38, 0.62);
      process.centre_y = random.uniform(0.38, 0.62);
  }
  process.texture_seed = random.bits();
  process.noise_seed = random.bits();
  return process;
}

Actor actor_at(const DemoProcess& process, double s) {
  if (process.backwards) s = 1 - s;
  const double done = ease(s), about = done - 0.5;
  Actor actor{process.centre_x, process.centre_y, process.radius,
              process.angle + process.spin * about};
  switch (process.pair) {
    case 0:  // to the left
      actor.x -= process.travel * about;
      actor.y += process.drift * about;
      break;
    case 1:  // up
      actor.y -= process.travel * about;
      actor.x += process.drift * about;
      break;
    case 2: {  // y points down, so that growing angles run clockwise
      const double angle = process.start_angle + process.sweep * s;
      actor.x += process.orbit * std::cos(angle);
      actor.y += process.orbit * std::sin(angle);
      break;
    }
    default:
      actor.radius = mix(process.radius, process.radius_end, done);
  }
  return actor;
}

std::vector<std::uint8_t> render_process(const DemoProcess& process, std::int64_t frames,
                                         std::int64_t size) {
  const std::vector<double> texture = make_texture(process.texture_seed, size);
  const std::vector<Point> outline = corners(process.shape);
  std::vector<float> background(static_cast<std::size_t>(size * size * 3));
  for (std::int64_t row = 0; row < size; ++row) {
    for (std::int64_t column = 0; column < size; ++column) {
      const Colour colour = room((static_cast<double>(column) + 0.5) / static_cast<double>(size),
                                 (static_cast<double>(row) + 0.5) / static_cast<double>(size));
      const std::int64_t pixel = row * size + column;
      for (int c = 0; c < 3; ++c) {
        background[pixel * 3 + c] = static_cast<float>(colour[c] + texture[pixel]);
      }
    }
  }
  const auto& noise = noise_table();
  Random random(process.noise_seed);
  std::vector<std::uint8_t> video(static_cast<std::size_t>(frames) * background.size());
  std::vector<float> picture;
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    picture = background;
    const double s = frames > 1 ? static_cast<double>(frame) / static_cast<double>(frames - 1) : 0;
    paint(picture, size, process, outline, actor_at(process, s));
    std::uint8_t* out = &video[static_cast<std::size_t>(frame) * picture.size()];
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < picture.size(); ++i) {
      if (i % 5 == 0) bits = random.bits();  // five times 12 bits
      const int wanted = static_cast<int>(picture[i] * kNoiseScale) + noise[bits & 4095];
      bits >>= 12;
      out[i] =
          static_cast<std::uint8_t>(std::clamp((wanted + kNoiseScale / 2) / kNoiseScale, 0, 255));
    }
  }
  return video;
}

}  // namespace omniq::data
