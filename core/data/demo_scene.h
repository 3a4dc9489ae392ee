// What happens in a clip of the demo set, and how it looks. Internal to core/data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace omniq::data {

/// In pairs: the second class of each is the first one's process run backwards.
inline constexpr std::array<const char*, 8> kDemoClasses = {
    // clang-format off
    "SlideLeft",      "SlideRight",
    "SlideUp",        "SlideDown",
    "OrbitClockwise", "OrbitCounterclockwise",
    "Grow",           "Shrink"};
// clang-format on

enum class Shape { disc, square, triangle, star, hexagon };

/// A process of the first class of a pair. Lengths are parts of the frame's side; x goes right, y
/// down.
struct DemoProcess {
  int pair = 0;  // slide left, slide up, orbit clockwise, grow
  bool backwards = false;
  Shape shape = Shape::disc;
  std::array<double, 3> colour{};  // RGB, 0 to 255
  double radius = 0;
  double centre_x = 0, centre_y = 0;
  double travel = 0, drift = 0;                  // slides: along the motion and across it
  double orbit = 0, start_angle = 0, sweep = 0;  // orbits: radius and radians
  double radius_end = 0;                         // growing
  double angle = 0, spin = 0;  // of the shape itself: at half time, and over the clip
  std::uint64_t texture_seed = 0, noise_seed = 0;
};

/// Where the actor is.
struct Actor {
  double x = 0, y = 0, radius = 0, angle = 0;
};

/// Clip `index` of class `label` (into kDemoClasses) of the training or test part.
DemoProcess draw_process(std::uint64_t seed, std::int64_t label, std::int64_t index, bool test);

/// At time s in [0, 1]. A backwards process is at s where its forward twin is at 1 − s.
Actor actor_at(const DemoProcess& process, double s);

/// uint8 RGB [frames, size, size, 3]. The same bytes for the same process on every machine with
/// IEEE arithmetic.
std::vector<std::uint8_t> render_process(const DemoProcess& process, std::int64_t frames,
                                         std::int64_t size);

}  // namespace omniq::data
