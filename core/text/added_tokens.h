// Finds the texts that are tokens wherever they stand.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/token.h"

namespace omniq::text {

/// A part of a text: a token, or what lies between tokens.
struct Part {
  std::string_view text;
  std::optional<TokenId> token;
};

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);
  AddedTokens(const AddedTokens&) = delete;  // nodes point to tokens
  AddedTokens& operator=(const AddedTokens&) = delete;

  const std::vector<AddedToken>& all() const { return tokens_; }

  /// The parts of `text`, appended in order; none is empty. Of tokens that begin at the same place
  /// the longest is found. Tokens that are `special` are text where `specials` is false.
  void split(std::string_view text, bool specials, std::vector<Part>& parts) const;

 private:
  struct Node {
    std::vector<std::pair<char, std::uint32_t>> children;
    const AddedToken* token = nullptr;
  };
  const AddedToken* longest_at(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;  // a trie of the contents; the first is its root
  std::array<bool, 256> begins_{};
};

}  // namespace omniq::text
