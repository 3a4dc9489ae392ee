#include "core/text/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>

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

void append_nfc(std::string& out, std::string_view text) {
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
  for (std::size_t at = 0; tables == Nfc::unicode9 && at < text.size();) {
    utf8proc_int32_t character = 0;
    const auto bytes = utf8proc_iterate(
        units(text) + at, static_cast<utf8proc_ssize_t>(text.size() - at), &character);
    if (bytes < 1) throw std::invalid_argument("to_nfc: the text is not UTF-8");
    const std::size_t end = at + static_cast<std::size_t>(bytes);
    if (is_later_mark(character)) {  // stays, and keeps apart what is on its two sides
      if (at > done) append_nfc(out, text.substr(done, at - done));
      out += text.substr(at, end - at);
      done = end;
    }
    at = end;
  }
  if (done < text.size()) append_nfc(out, text.substr(done));
  return out;
}

}  // namespace omniq::text
