// The tokens of words seen lately: most words of a text are few words many times.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/text/token.h"

namespace omniq::text {

/// Of one thread. 2 MiB, whatever it is given: a word takes the place of another one.
class WordCache {
 public:
  WordCache() : slots_(kSlots) {}

  /// The tokens that were last put for the word; empty where they are not known.
  std::span<const TokenId> find(std::string_view word) const;
  void put(std::string_view word, std::span<const TokenId> ids);

 private:
  static constexpr std::size_t kSlots = 1 << 15, kBytes = 30, kIds = 8;
  struct alignas(64) Slot {  // a cache line
    std::uint8_t bytes = 0, ids = 0;
    std::array<char, kBytes> word{};
    std::array<TokenId, kIds> tokens{};
  };
  static std::size_t place_of(std::string_view word);

  std::vector<Slot> slots_;
};

}  // namespace omniq::text
