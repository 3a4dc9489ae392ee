#include "core/text/byte_letters.h"

#include <array>
#include <cstdint>

namespace omniq::text {
namespace {

constexpr bool is_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr int kLetters = 256 + 68;  // 68 bytes are not themselves

struct Letters {
  std::array<std::uint16_t, 256> of_byte{};
  std::array<std::int16_t, kLetters> byte{};  // by letter; −1 where it stands for none

  constexpr Letters() {
    byte.fill(-1);
    std::uint16_t next = 256;
    for (int b = 0; b < 256; ++b) {
      of_byte[b] = is_itself(b) ? static_cast<std::uint16_t>(b) : next++;
      byte[of_byte[b]] = static_cast<std::int16_t>(b);
    }
  }
};
constexpr Letters kTable;

}  // namespace

std::optional<std::string> bytes_of_letters(std::string_view letters) {
  std::string bytes;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    unsigned letter = static_cast<unsigned char>(letters[i]);
    if (letter >= 0x80) {
      // All of them are below U+0800: two bytes in UTF-8.
      if (letter < 0xc2 || letter > 0xdf || i + 1 == letters.size()) return {};
      const unsigned second = static_cast<unsigned char>(letters[++i]);
      if (second >> 6 != 2) return {};
      letter = (letter & 0x1f) << 6 | (second & 0x3f);
    }
    if (letter >= kLetters || kTable.byte[letter] < 0) return {};
    bytes += static_cast<char>(kTable.byte[letter]);
  }
  return bytes;
}

std::string letters_of_bytes(std::string_view bytes) {
  std::string letters;
  for (const char byte : bytes) {
    const unsigned letter = kTable.of_byte[static_cast<unsigned char>(byte)];
    if (letter < 0x80) {
      letters += static_cast<char>(letter);
    } else {
      letters += {static_cast<char>(0xc0 | letter >> 6), static_cast<char>(0x80 | (letter & 0x3f))};
    }
  }
  return letters;
}

}  // namespace omniq::text
