#include "core/data/names.h"

#include <utf8proc.h>

#include <cstdlib>

#include "core/base/text.h"

namespace omniq::data {
namespace {

/// NFC, each character mapped by `map` before; null for none.
std::string normalised(std::string_view name, utf8proc_custom_func map) {
  utf8proc_uint8_t* text = nullptr;
  const utf8proc_ssize_t length = utf8proc_map_custom(
      reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
      static_cast<utf8proc_ssize_t>(name.size()), &text,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE), map, nullptr);
  if (length < 0) return std::string(name);  // not UTF-8
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  std::free(text);
  return out;
}

}  // namespace

std::string name_key(std::string_view name) {
  // A character at a time: full case folding would make one of Strasse and Straße.
  return to_lower(normalised(
      name, [](utf8proc_int32_t character, void*) { return utf8proc_tolower(character); }));
}

std::string composed(std::string_view name) { return normalised(name, nullptr); }

Status check_class_name(const std::string& where, std::string_view name) {
  if (shown(name) == name) return {};
  return fail(
      ErrorCode::data,
      cat(where, " \"", shown(name), "\"",
          is_utf8(name) ? " has a control character in its name." : " is not named in UTF-8."),
      "Rename it: names of classes become part of checkpoints and tables.");
}

}  // namespace omniq::data
