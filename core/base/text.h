// Small text helpers that the standard library of GCC 12 lacks (it has no std::format).
#pragma once

#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace omniq {

/// Writes every argument to a stream and returns the text: cat("epoch ", 3, " of ", 24).
template <class... Args>
std::string cat(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return std::move(out).str();
}

/// A number with a fixed count of decimals: fixed(97.5, 1) is "97.5".
std::string fixed(double value, int decimals);

/// Bytes for a reader: "1.2 GiB".
std::string human_bytes(std::uint64_t bytes);

/// Seconds for a reader: "1 h 05 min", "3 min 20 s", "12 s".
std::string human_seconds(double seconds);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);

/// Whether the bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
/// U+10FFFF).
bool is_utf8(std::string_view text);

/// The bytes as UTF-8: where they are not, U+FFFD (a sequence that is cut short becomes one), as
/// Python's errors="replace" does.
std::string as_utf8(std::string_view bytes);

/// Text of any origin for a terminal, a log or a record: one line of UTF-8. Bytes that are not
/// UTF-8 become U+FFFD (a sequence that is cut short becomes one), control characters (C0, DEL, C1)
/// escapes that can be read: \n, \x1b.
std::string shown(std::string_view text);

/// What the bytes of a text file say, as UTF-8. A byte order mark is dropped, and UTF-16 with one
/// is read. The error is the first line that is no text.
struct NotText {
  std::int64_t line;
  std::string what;  // "\"Caf\ufffd\" is not UTF-8."
};
tl::expected<std::string, NotText> to_utf8(std::string_view bytes);

/// A field of a CSV file, quoted where it must be (RFC 4180). What a spreadsheet would take for a
/// formula, a text that begins with = + - @, tab or carriage return and is no number, gets a ' in
/// front; so does a text that looks like one with ' in front, so that csv_text can tell.
std::string csv_field(const std::string& text);
/// The text of a field that csv_field wrote, once a reader has taken the quotes off.
std::string csv_text(const std::string& field);
/// The records of a CSV file as they stand there: a line break within quotes does not end one.
std::vector<std::string> csv_records(std::string_view table);
/// The texts of a record's fields, as they were before csv_field.
std::vector<std::string> csv_fields(std::string_view record);
/// The fields of every record that is not an empty line.
std::vector<std::vector<std::string>> csv_rows(std::string_view table);

/// The candidate with the smallest edit distance to `name`, or "" when none is near enough to be
/// meant (more than a third of its letters differ).
std::string nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace omniq
