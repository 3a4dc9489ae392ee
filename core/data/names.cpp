#include "core/data/names.h"

#include <utf8proc.h>

#include <cstdlib>

#include "core/base/text.h"

namespace omniq::data {
namespace {

std::string mapped(std::string_view name, utf8proc_option_t options) {
  utf8proc_uint8_t* text = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                   static_cast<utf8proc_ssize_t>(name.size()), &text, options);
  if (length < 0) return std::string(name);  // not UTF-8
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  std::free(text);
  return out;
}

}  // namespace

std::string name_key(std::string_view name) {
  return to_lower(mapped(name, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                              UTF8PROC_CASEFOLD)));
}

std::string composed(std::string_view name) {
  return mapped(name, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
}

Status check_class_name(const std::string& where, std::string_view name) {
  if (shown(name) == name) return {};
  return fail(
      ErrorCode::data,
      cat(where, " \"", shown(name), "\"",
          is_utf8(name) ? " has a control character in its name." : " is not named in UTF-8."),
      "Rename it: names of classes become part of checkpoints and tables.");
}

}  // namespace omniq::data
