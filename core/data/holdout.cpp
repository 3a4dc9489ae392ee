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
  double owed = 0;  // clips that should have been taken so far and were not
  for (const auto& [label, names] : groups) {
    std::size_t count = 0;
    for (const std::string& name : names) count += members[name].size();
    owed += fraction * static_cast<double>(count);
    Random random(seed, 0x686f6c64, static_cast<std::uint64_t>(label));
    for (const std::int64_t at : random.permutation(static_cast<std::int64_t>(names.size()))) {
      const std::string& name = names[static_cast<std::size_t>(at)];
      const auto size = static_cast<double>(members[name].size());
      if (std::abs(owed - size) >= std::abs(owed) || !may_leave(name)) continue;
      for (const std::size_t i : members[name]) held[i] = true;
      for (const std::int64_t other : classes_of[name]) --groups_left[other];
      owed -= size;
    }
  }
  if (std::find(held.begin(), held.end(), true) != held.end()) return held;
  // Too few clips for a group to be near enough to its share: the smallest one that may go is
  // better than none.
  const std::string* smallest = nullptr;
  for (const auto& [group, indices] : members) {
    if (may_leave(group) && (smallest == nullptr || indices.size() < members[*smallest].size())) {
      smallest = &group;
    }
  }
  if (smallest != nullptr) {
    for (const std::size_t i : members[*smallest]) held[i] = true;
  }
  return held;
}

}  // namespace omniq::data
