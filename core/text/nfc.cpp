#include "core/text/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace omniq::text {
namespace {

struct Range {
  utf8proc_int32_t first, last;
};

/// Characters later than Unicode 9 that have a combining class or compose, in the tables of
/// utf8proc up to Unicode 15.
constexpr Range kLaterMarks[] = {
    {0x07fd, 0x07fd},   {0x0898, 0x089f},   {0x08ca, 0x08d3},   {0x09fe, 0x09fe},
    {0x0c3c, 0x0c3c},   {0x0d3b, 0x0d3c},   {0x0eba, 0x0eba},   {0x1715, 0x1715},
    {0x1abf, 0x1ace},   {0x1df6, 0x1dfa},   {0xa82c, 0xa82c},   {0x10d24, 0x10d27},
    {0x10eab, 0x10eac}, {0x10efd, 0x10eff}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85},
    {0x11070, 0x11070}, {0x1133b, 0x1133b}, {0x1145e, 0x1145e}, {0x11839, 0x1183a},
    {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193d, 0x1193e}, {0x11943, 0x11943},
    {0x119e0, 0x119e0}, {0x11a34, 0x11a34}, {0x11a47, 0x11a47}, {0x11a99, 0x11a99},
    {0x11d42, 0x11d42}, {0x11d44, 0x11d45}, {0x11d97, 0x11d97}, {0x11f41, 0x11f42},
    {0x16ff0, 0x16ff1}, {0x1e08f, 0x1e08f}, {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae},
    {0x1e2ec, 0x1e2ef}, {0x1e4ec, 0x1e4ef}};

bool is_later_mark(utf8proc_int32_t character) {
  const auto* const range =
      std::lower_bound(std::begin(kLaterMarks), std::end(kLaterMarks), character,
                       [](const Range& r, utf8proc_int32_t c) { return r.last < c; });
  return range != std::end(kLaterMarks) && range->first <= character;
}

const utf8proc_uint8_t* units(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

/// The canonical decomposition of a character, of at most four.
struct Decomposed {
  utf8proc_int32_t characters[8];
  utf8proc_ssize_t count;
};
Decomposed decomposed(utf8proc_int32_t character) {
  Decomposed out{};
  int boundary = 0;
  out.count = utf8proc_decompose_char(
      character, out.characters, 8, static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE), &boundary);
  return out;
}

int combining_class(utf8proc_int32_t character) {
  return utf8proc_get_property(character)->combining_class;
}

/// Calls `use` with each character of a text that is UTF-8 and with its bytes.
template <class Use>
void for_each_character(std::string_view text, const Use& use) {
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t character = 0;
    const auto bytes = utf8proc_iterate(
        units(text) + at, static_cast<utf8proc_ssize_t>(text.size() - at), &character);
    if (bytes < 1) throw std::invalid_argument("to_nfc: the text is not UTF-8");
    use(character, text.substr(at, static_cast<std::size_t>(bytes)));
    at += static_cast<std::size_t>(bytes);
  }
}

/// utf8proc puts marks in order by exchanging neighbours, in time that grows with the square of how
/// many there are behind one letter: no language has this many.
constexpr int kManyMarks = 64;

bool has_many_marks(std::string_view text) {
  int marks = 0, most = 0;
  for_each_character(text, [&](utf8proc_int32_t character, std::string_view) {
    const Decomposed parts = decomposed(character);
    for (utf8proc_ssize_t i = 0; i < parts.count; ++i) {
      marks = combining_class(parts.characters[i]) > 0 ? marks + 1 : 0;
      most = std::max(most, marks);
    }
  });
  return most >= kManyMarks;
}

/// The text decomposed, its marks in order.
std::string with_marks_in_order(std::string_view text) {
  std::vector<utf8proc_int32_t> all;
  for_each_character(text, [&](utf8proc_int32_t character, std::string_view) {
    const Decomposed parts = decomposed(character);
    all.insert(all.end(), parts.characters, parts.characters + parts.count);
  });
  const auto is_mark = [](utf8proc_int32_t c) { return combining_class(c) > 0; };
  for (auto begin = all.begin(); begin != all.end();) {
    begin = std::find_if(begin, all.end(), is_mark);
    const auto end = std::find_if_not(begin, all.end(), is_mark);
    std::stable_sort(begin, end, [](utf8proc_int32_t a, utf8proc_int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    begin = end;
  }
  std::string out;
  for (const utf8proc_int32_t character : all) {
    utf8proc_uint8_t bytes[4];
    const auto count = utf8proc_encode_char(character, bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  }
  return out;
}

void append_nfc(std::string& out, std::string_view text) {
  std::string ordered;
  if (text.size() >= kManyMarks && has_many_marks(text)) text = ordered = with_marks_in_order(text);
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(units(text), static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length == UTF8PROC_ERROR_NOMEM || length == UTF8PROC_ERROR_OVERFLOW) throw std::bad_alloc();
  if (length < 0) throw std::invalid_argument("to_nfc: the text is not UTF-8");
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  out.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
}

}  // namespace

// What changes or combines begins at U+0300, in UTF-8 with the byte CC.
bool surely_nfc(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0xcc; });
}

std::string to_nfc(std::string_view text, Nfc tables) {
  if (tables == Nfc::none) return std::string(text);
  std::string out;
  std::size_t done = 0;
  if (tables == Nfc::unicode9) {
    for_each_character(text, [&](utf8proc_int32_t character, std::string_view bytes) {
      if (!is_later_mark(character)) return;  // else it stays, and keeps apart its two sides
      const auto at = static_cast<std::size_t>(bytes.data() - text.data());
      if (at > done) append_nfc(out, text.substr(done, at - done));
      out += bytes;
      done = at + bytes.size();
    });
  }
  if (done < text.size()) append_nfc(out, text.substr(done));
  return out;
}

}  // namespace omniq::text
