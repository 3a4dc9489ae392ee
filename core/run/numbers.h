// Numbers by name: what an objective sums up over clips, and the metrics that follow from it.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace omniq::run {

using Numbers = std::map<std::string, double, std::less<>>;

inline double number(const Numbers& numbers, std::string_view name, double otherwise = 0) {
  const auto found = numbers.find(name);
  return found != numbers.end() ? found->second : otherwise;
}

/// As sums over micro-batches, rows and ranks add up.
inline void add(Numbers& to, const Numbers& more) {
  for (const auto& [name, value] : more) to[name] += value;
}

}  // namespace omniq::run
