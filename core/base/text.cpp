#include "core/base/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
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

/// The first character of `text`, which is not empty, and the bytes that it takes; −1 where they
/// are no character, with as many of them as could have begun one (Unicode 15, section 3.9, D93b).
struct Decoded {
  std::int32_t character;
  std::size_t bytes;
};

Decoded decode(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {-1, 1};
  // The second byte's range keeps out what a shorter form says, surrogates and what is above
  // U+10FFFF.
  const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  std::int32_t character = first & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || at(i) < (i == 1 ? low : 0x80) || at(i) > (i == 1 ? high : 0xbf))
      return {-1, i};
    character = character << 6 | (at(i) & 0x3f);
  }
  return {character, length};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded one = decode(text);
    if (one.character < 0) return false;
    text.remove_prefix(one.bytes);
  }
  return true;
}

std::string as_utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Decoded one = decode(bytes);
    out += one.character < 0 ? "\xef\xbf\xbd" : bytes.substr(0, one.bytes);
    bytes.remove_prefix(one.bytes);
  }
  return out;
}

namespace {

void append_utf8(std::string& out, std::uint32_t character) {
  const auto tail = [&](int shift) {
    return static_cast<char>(0x80 | (character >> shift & 0x3f));
  };
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += {static_cast<char>(0xc0 | character >> 6), tail(0)};
  } else if (character < 0x10000) {
    out += {static_cast<char>(0xe0 | character >> 12), tail(6), tail(0)};
  } else {
    out += {static_cast<char>(0xf0 | character >> 18), tail(12), tail(6), tail(0)};
  }
}

/// Half of a pair without the other, and an odd byte at the end, become what is no UTF-8.
std::string from_utf16(std::string_view bytes, bool big_endian) {
  std::string out;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    if (i + 1 >= bytes.size()) return 0;
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    return big_endian ? first << 8 | second : second << 8 | first;
  };
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint32_t character = unit(i);
    const std::uint32_t next = unit(i + 2);
    if (character >= 0xd800 && character < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      character = 0x10000 + ((character - 0xd800) << 10) + (next - 0xdc00);
      i += 2;
    }
    append_utf8(out, character);
  }
  if (bytes.size() % 2 == 1) out += bytes.back() | '\x80';
  return out;
}

}  // namespace

tl::expected<std::string, NotText> to_utf8(std::string_view bytes) {
  std::string text;
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    text = from_utf16(bytes.substr(2), bytes[0] == '\xfe');
  } else {
    text = bytes.starts_with("\xef\xbb\xbf") ? bytes.substr(3) : bytes;
  }
  if (is_utf8(text) && text.find('\0') == std::string::npos) return text;
  std::int64_t number = 1;
  for (const std::string& line : split(text, '\n')) {
    if (!is_utf8(line))
      return tl::unexpected(NotText{number, cat('"', shown(trim(line)), "\" is not UTF-8.")});
    if (line.find('\0') != std::string::npos)
      return tl::unexpected(
          NotText{number, "this is no text, or UTF-16 without a byte order mark."});
    ++number;
  }
  return text;  // not reached: one of the lines is at fault
}

std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [character, bytes] = decode(text);
    if (character < 0) {
      out += "\xef\xbf\xbd";  // U+FFFD
    } else if (character == '\n' || character == '\r' || character == '\t') {
      out += character == '\n' ? "\\n" : character == '\r' ? "\\r" : "\\t";
    } else if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
      static constexpr const char* kDigits = "0123456789abcdef";
      out += {'\\', 'x', kDigits[character >> 4], kDigits[character & 15]};
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
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

namespace {

bool is_number(const std::string& text) {
  double value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// The first character after any ' decides.
bool begins_like_a_formula(const std::string& text) {
  const std::size_t first = text.find_first_not_of('\'');
  return first != std::string::npos &&
         std::string_view("=+-@\t\r").find(text[first]) != std::string_view::npos;
}

}  // namespace

std::string csv_field(const std::string& text) {
  const std::string safe = begins_like_a_formula(text) && !is_number(text) ? "'" + text : text;
  if (safe.find_first_of(",\"\n\r") == std::string::npos) return safe;
  std::string out = "\"";
  for (const char c : safe) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_text(const std::string& field) {
  return field.starts_with('\'') && begins_like_a_formula(field) ? field.substr(1) : field;
}

std::vector<std::string> csv_records(std::string_view table) {
  std::vector<std::string> records;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i] == '"') quoted = !quoted;  // a doubled quote turns it twice
    if (table[i] != '\n' || quoted) continue;
    records.emplace_back(table.substr(start, i - start));
    start = i + 1;
  }
  if (start < table.size()) records.emplace_back(table.substr(start));
  return records;
}

std::vector<std::string> csv_fields(std::string_view record) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (c == '"' && quoted && record.substr(i + 1).starts_with('"')) {
      fields.back() += record[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r' || quoted) {
      fields.back() += c;
    }
  }
  for (std::string& field : fields) field = csv_text(field);
  return fields;
}

std::vector<std::vector<std::string>> csv_rows(std::string_view table) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& record : csv_records(table)) {
    if (!trim(record).empty()) rows.push_back(csv_fields(record));
  }
  return rows;
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
