#include "core/text/bpe.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace omniq::text {
namespace {

/// Single bytes, and what random merges make of them and of each other.
struct Made {
  std::vector<std::string> tokens;
  std::vector<Merge> merges;
};

Made make(std::mt19937& random, int letters, int count) {
  Made made;
  for (int byte = 0; byte < 256; ++byte) made.tokens.emplace_back(1, static_cast<char>(byte));
  std::map<std::string, TokenId> known;
  std::vector<TokenId> usable;
  for (int i = 0; i < letters; ++i) usable.push_back('a' + i);
  while (static_cast<int>(made.merges.size()) < count) {
    const TokenId left = usable[random() % usable.size()], right = usable[random() % usable.size()];
    const std::string both = made.tokens[left] + made.tokens[right];
    if (both.size() > 8) continue;
    const auto [at, is_new] = known.emplace(both, static_cast<TokenId>(made.tokens.size()));
    if (!is_new) continue;
    made.tokens.push_back(both);
    usable.push_back(at->second);
    made.merges.push_back({left, right, at->second, static_cast<int>(made.merges.size())});
  }
  return made;
}

/// As the method is described: the pair of lowest rank, the leftmost of them, until there is none.
std::vector<TokenId> slowly(const Made& made, const std::string& word) {
  std::vector<TokenId> ids;
  for (const char c : word) ids.push_back(static_cast<unsigned char>(c));
  while (true) {
    const Merge* best = nullptr;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      for (const Merge& merge : made.merges) {
        if (merge.left != ids[i] || merge.right != ids[i + 1]) continue;
        if (!best || merge.rank < best->rank) best = &merge, where = i;
      }
    }
    if (!best) return ids;
    ids[where] = best->result;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

TEST(Bpe, MergesAsTheSlowWayDoes) {
  std::mt19937 random(7);
  Bpe::Scratch scratch;
  for (const int letters : {1, 2, 3, 6}) {
    const Made made = make(random, letters, letters == 1 ? 7 : 40);
    const Bpe bpe(made.tokens, made.merges, false);
    for (int i = 0; i < 300; ++i) {
      std::string word;
      for (std::size_t n = 1 + random() % 40; n > 0; --n)
        word += static_cast<char>('a' + random() % letters);
      std::vector<TokenId> ids;
      bpe.encode(word, ids, scratch);
      EXPECT_EQ(ids, slowly(made, word)) << word;
    }
  }
}

TEST(Bpe, AWholeWordIsItsTokenWhereAskedFor) {
  Made made;
  for (int byte = 0; byte < 256; ++byte) made.tokens.emplace_back(1, static_cast<char>(byte));
  made.tokens.emplace_back("abc");  // no merge leads there
  Bpe::Scratch scratch;
  std::vector<TokenId> merged, whole;
  Bpe(made.tokens, made.merges, false).encode("abc", merged, scratch);
  Bpe(made.tokens, made.merges, true).encode("abc", whole, scratch);
  EXPECT_EQ(merged, (std::vector<TokenId>{'a', 'b', 'c'}));
  EXPECT_EQ(whole, std::vector<TokenId>{256});
}

TEST(Bpe, NeedsAllBytes) {
  const std::vector<std::string> tokens{"a"};
  EXPECT_THROW(Bpe(tokens, {}, false), std::invalid_argument);
}

}  // namespace
}  // namespace omniq::text
