#include "core/data/holdout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "core/base/random.h"

namespace omniq::data {

std::vector<bool> hold_out(const std::vector<ClipRef>& clips, double fraction, std::uint64_t seed) {
  std::vector<bool> held(clips.size(), false);
  if (fraction <= 0) return held;
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < clips.size(); ++i) members[clips[i].group].push_back(i);
  // A group belongs to the least class it holds, which is the only one unless names are odd.
  std::map<std::int64_t, std::vector<std::string>> groups;
  std::map<std::int64_t, std::size_t>
      groups_left;  // of a class, counting each group that has a clip of it
  std::map<std::string, std::set<std::int64_t>> classes_of;
  for (const auto& [group, indices] : members) {
    std::set<std::int64_t>& classes = classes_of[group];
    for (const std::size_t i : indices) classes.insert(clips[i].label);
    groups[*classes.begin()].push_back(group);
    for (const std::int64_t label : classes) ++groups_left[label];
  }
  const auto may_leave = [&](const std::string& group) {
    const auto& classes = classes_of[group];
    return std::all_of(classes.begin(), classes.end(),
                       [&](std::int64_t label) { return groups_left[label] > 1; });
  };
  std::set<std::int64_t> given;  // classes that have a clip held out
  double owed = 0;               // clips that should have been taken so far and were not
  const auto take = [&](const std::string& group) {
    for (const std::size_t i : members[group]) held[i] = true;
    for (const std::int64_t label : classes_of[group]) {
      --groups_left[label];
      given.insert(label);
    }
    owed -= static_cast<double>(members[group].size());
  };
  for (const auto& [label, names] : groups) {
    std::size_t count = 0;
    for (const std::string& name : names) count += members[name].size();
    const double share = fraction * static_cast<double>(count);
    owed += share;
    Random random(seed, 0x686f6c64, static_cast<std::uint64_t>(label));
    const std::string* nearest = nullptr;  // in size to the class's share, of those that may leave
    double distance = 0;
    for (const std::int64_t at : random.permutation(static_cast<std::int64_t>(names.size()))) {
      const std::string& name = names[static_cast<std::size_t>(at)];
      const auto size = static_cast<double>(members[name].size());
      if (!may_leave(name)) continue;
      if (std::abs(owed - size) < std::abs(owed)) {
        take(name);
      } else if (nearest == nullptr || std::abs(size - share) < distance) {
        nearest = &name;
        distance = std::abs(size - share);
      }
    }
    // Epochs that are judged without a class may forget it: one group too many is better.
    if (!given.contains(label) && nearest != nullptr && may_leave(*nearest)) take(*nearest);
  }
  return held;
}

}  // namespace omniq::data
