#include "core/base/text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iomanip>

namespace omniq {

std::string fixed(double value, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return std::move(out).str();
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  return fixed(value, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

std::string human_seconds(double seconds) {
  const auto total = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  const auto two = [](long long n) { return cat(n < 10 ? "0" : "", n); };
  if (total >= 3600) return cat(total / 3600, " h ", two(total % 3600 / 60), " min");
  if (total >= 60) return cat(total / 60, " min ", two(total % 60), " s");
  return cat(total, " s");
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t start = 0;;) {
    const std::size_t end = text.find(separator, start);
    parts.emplace_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != parts.data()) out += separator;
    out += part;
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

namespace {
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}
}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string nearest(std::string_view name, std::span<const std::string> candidates) {
  const std::string wanted = to_lower(name);
  // A bare last component ("batch_size") counts as the full key ("train.batch_size").
  const auto distance = [&](const std::string& candidate) {
    const std::string lower = to_lower(candidate);
    const std::string tail = lower.substr(lower.rfind('.') + 1);  // npos + 1 is 0
    return std::min(edit_distance(wanted, lower), edit_distance(wanted, tail));
  };
  const auto best = std::min_element(candidates.begin(), candidates.end(),
                                     [&](auto& a, auto& b) { return distance(a) < distance(b); });
  if (best == candidates.end() || distance(*best) > std::max<std::size_t>(1, wanted.size() / 3))
    return {};
  return *best;
}

}  // namespace omniq
