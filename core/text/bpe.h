// Byte-pair encoding: a word's bytes, merged pair by pair in the order of the merges' ranks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/token.h"

namespace omniq::text {

class Bpe {
 public:
  /// `tokens` (bytes by id) must hold all 256 single bytes and stay where it is.
  Bpe(std::span<const std::string> tokens, std::span<const Merge> merges, bool whole_words);

  /// What a call of encode works with; kept by the caller, so that calls do not allocate.
  struct Scratch {
    struct Symbol {
      TokenId id, merged;  // the token, and what it and the next one would become
      std::int32_t rank;   // of that merge; −1 where there is none, or no symbol any more
      std::uint32_t before, after;  // neighbours
    };
    std::vector<Symbol> symbols;
    std::vector<std::uint64_t> heap;
  };

  /// Appends the tokens of a word that is not empty. Of equal ranks the leftmost merges first. Takes
  /// time in proportion to n log n, however long the word is (at most 2³¹ bytes).
  void encode(std::string_view word, std::vector<TokenId>& ids, Scratch& scratch) const;

 private:
  /// What a pair becomes. A table of our own: looking up pairs is what merging spends its time on.
  struct Slot {
    std::uint64_t pair = ~0ULL;
    TokenId result = 0;
    std::int32_t rank = -1;
  };
  static std::uint64_t pair_of(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }
  std::size_t start_of(std::uint64_t pair) const {
    return static_cast<std::size_t>(pair * 0x9e3779b97f4a7c15ULL >> shift_);
  }
  const Slot& find(TokenId left, TokenId right) const;
  void look_at_pair(Scratch& scratch, std::uint32_t position) const;

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  int shift_;
  std::array<TokenId, 256> byte_tokens_{};
  std::unordered_map<std::string_view, TokenId> words_;  // empty unless whole words are looked up
};

}  // namespace omniq::text
