#include "core/text/bpe.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <stdexcept>

namespace omniq::text {
namespace {

constexpr std::uint32_t kNone = ~0U;

}  // namespace

Bpe::Bpe(std::span<const std::string> tokens, std::span<const Merge> merges, bool whole_words) {
  const int bits = std::max(4, static_cast<int>(std::bit_width(merges.size())) + 1);
  slots_.resize(std::size_t{1} << bits);
  shift_ = 64 - bits;
  for (const Merge& merge : merges) {
    const std::uint64_t pair = pair_of(merge.left, merge.right);
    std::size_t at = start_of(pair);
    while (slots_[at].rank >= 0 && slots_[at].pair != pair) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {pair, merge.result, merge.rank};
  }
  byte_tokens_.fill(-1);
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const std::string& bytes = tokens[id];
    if (bytes.size() == 1)
      byte_tokens_[static_cast<unsigned char>(bytes[0])] = static_cast<TokenId>(id);
    if (whole_words && !bytes.empty()) words_.emplace(bytes, static_cast<TokenId>(id));
  }
  if (std::count(byte_tokens_.begin(), byte_tokens_.end(), -1) != 0)
    throw std::invalid_argument("Bpe: a byte has no token");
}

const Bpe::Slot& Bpe::find(TokenId left, TokenId right) const {
  static const Slot kNoMerge;
  const std::uint64_t pair = pair_of(left, right);
  for (std::size_t at = start_of(pair);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].pair == pair) return slots_[at];
    if (slots_[at].rank < 0) return kNoMerge;
  }
}

/// Notes what the symbol and the one after it would become, and queues that by rank and position.
void Bpe::look_at_pair(Scratch& scratch, std::uint32_t position) const {
  Scratch::Symbol& symbol = scratch.symbols[position];
  symbol.rank = -1;
  if (symbol.after == kNone) return;
  const Slot& slot = find(symbol.id, scratch.symbols[symbol.after].id);
  if (slot.rank < 0) return;
  symbol.rank = slot.rank;
  symbol.merged = slot.result;
  scratch.heap.push_back(static_cast<std::uint64_t>(slot.rank) << 32 | position);
}

void Bpe::encode(std::string_view word, std::vector<TokenId>& ids, Scratch& scratch) const {
  if (word.size() > 0x7fffffff) throw std::length_error("Bpe: a word of more than 2 GiB");
  if (const auto whole = words_.find(word); whole != words_.end()) {
    ids.push_back(whole->second);
    return;
  }
  auto& [symbols, heap] = scratch;
  const auto count = static_cast<std::uint32_t>(word.size());
  symbols.resize(count);
  heap.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    const TokenId id = byte_tokens_[static_cast<unsigned char>(word[i])];
    symbols[i] = {id, 0, -1, i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1};
  }
  for (std::uint32_t i = 0; i < count; ++i) look_at_pair(scratch, i);
  std::make_heap(heap.begin(), heap.end(), std::greater<>());

  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const auto position = static_cast<std::uint32_t>(heap.back());
    const auto rank = static_cast<std::int32_t>(heap.back() >> 32);
    heap.pop_back();
    Scratch::Symbol& left = symbols[position];
    // Queued before one of its two was merged away: a pair at the same place that is another one has
    // more bytes, so that it becomes another token, of another rank.
    if (left.rank != rank) continue;
    Scratch::Symbol& right = symbols[left.after];
    left.id = left.merged;
    left.after = right.after;
    right.rank = -1;
    if (left.after != kNone) symbols[left.after].before = position;
    const std::uint32_t neighbours[] = {left.before, position};
    for (const std::uint32_t at : neighbours) {
      if (at == kNone) continue;
      const std::size_t queued = heap.size();
      look_at_pair(scratch, at);
      if (heap.size() > queued) std::push_heap(heap.begin(), heap.end(), std::greater<>());
    }
  }
  for (std::uint32_t at = 0; at != kNone; at = symbols[at].after) ids.push_back(symbols[at].id);
}

}  // namespace omniq::text
