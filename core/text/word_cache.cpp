#include "core/text/word_cache.h"

#include <algorithm>
#include <cstring>

namespace omniq::text {

std::size_t WordCache::place_of(std::string_view word) {
  static_assert(sizeof(Slot) == 64);
  std::uint64_t hash = word.size();
  for (std::size_t i = 0; i < word.size(); i += 8) {
    std::uint64_t part = 0;
    std::memcpy(&part, word.data() + i, std::min<std::size_t>(8, word.size() - i));
    hash = (hash ^ part) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
  }
  return hash & (kSlots - 1);
}

std::span<const TokenId> WordCache::find(std::string_view word) const {
  if (word.size() > kBytes) return {};
  const Slot& slot = slots_[place_of(word)];
  if (slot.bytes != word.size() || std::memcmp(slot.word.data(), word.data(), word.size()) != 0)
    return {};
  return {slot.tokens.data(), slot.ids};
}

void WordCache::put(std::string_view word, std::span<const TokenId> ids) {
  if (word.size() > kBytes || ids.size() > kIds) return;
  Slot& slot = slots_[place_of(word)];
  slot.bytes = static_cast<std::uint8_t>(word.size());
  slot.ids = static_cast<std::uint8_t>(ids.size());
  std::copy(word.begin(), word.end(), slot.word.begin());
  std::copy(ids.begin(), ids.end(), slot.tokens.begin());
}

}  // namespace omniq::text
