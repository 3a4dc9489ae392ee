// JSON as text: the one way in which this program writes it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace omniq {

/// `indent` as nlohmann's dump: -1 for one line. Whatever bytes the strings hold, the text is UTF-8
/// (others become U+FFFD) and free of control characters, which a terminal would act on.
inline std::string json_text(const nlohmann::ordered_json& json, int indent = -1) {
  const std::string text =
      json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  // nlohmann escapes C0 only. DEL and C1 can stand in strings alone, where this means the same.
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte != 0x7f && !c1) {
      out += text[i];
      continue;
    }
    static constexpr const char* kDigits = "0123456789abcdef";
    const auto character = static_cast<unsigned char>(c1 ? text[++i] : text[i]);
    out += {'\\', 'u', '0', '0', kDigits[character >> 4], kDigits[character & 15]};
  }
  return out;
}

}  // namespace omniq
