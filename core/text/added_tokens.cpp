#include "core/text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

namespace omniq::text {
namespace {

/// The bytes of the white space (Unicode's property) that `text` begins with.
std::size_t leading_space(std::string_view text) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    utf8proc_int32_t c = 0;
    const auto length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + bytes,
                         static_cast<utf8proc_ssize_t>(text.size() - bytes), &c);
    const bool space = (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
                       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
                       c == 0x205f || c == 0x3000;
    if (length < 1 || !space) break;
    bytes += static_cast<std::size_t>(length);
  }
  return bytes;
}

/// The bytes of the white space that `text` ends with.
std::size_t trailing_space(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0) {
    std::size_t character = begin - 1;
    while (character > 0 && (static_cast<unsigned char>(text[character]) >> 6) == 2) --character;
    if (leading_space(text.substr(character, begin - character)) != begin - character) break;
    begin = character;
  }
  return text.size() - begin;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), nodes_(1) {
  for (const AddedToken& token : tokens_) {
    std::uint32_t at = 0;
    for (const char c : token.content) {
      const auto& children = nodes_[at].children;
      const auto child =
          std::find_if(children.begin(), children.end(), [&](auto& e) { return e.first == c; });
      if (child != children.end()) {
        at = child->second;
        continue;
      }
      const auto made = static_cast<std::uint32_t>(nodes_.size());
      nodes_[at].children.emplace_back(c, made);
      nodes_.emplace_back();
      at = made;
    }
    if (at == 0) continue;
    nodes_[at].token = &token;
    begins_[static_cast<unsigned char>(token.content[0])] = true;
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view text) const {
  const AddedToken* longest = nullptr;
  std::uint32_t at = 0;
  for (const char c : text) {
    const auto& children = nodes_[at].children;
    const auto child =
        std::find_if(children.begin(), children.end(), [&](auto& e) { return e.first == c; });
    if (child == children.end()) break;
    at = child->second;
    if (nodes_[at].token) longest = nodes_[at].token;
  }
  return longest;
}

void AddedTokens::split(std::string_view text, bool specials, std::vector<Part>& parts) const {
  std::size_t done = 0;
  const auto text_until = [&](std::size_t end) {
    if (end > done) parts.push_back({text.substr(done, end - done), {}});
  };
  for (std::size_t i = 0; i < text.size();) {
    const AddedToken* token =
        begins_[static_cast<unsigned char>(text[i])] ? longest_at(text.substr(i)) : nullptr;
    if (!token) {
      ++i;
      continue;
    }
    std::size_t begin = i, end = i + token->content.size();
    i = end;
    if (token->special && !specials) continue;
    if (token->lstrip) begin = std::max(done, begin - trailing_space(text.substr(0, begin)));
    if (token->rstrip) end += leading_space(text.substr(end));
    text_until(begin);
    parts.push_back({text.substr(begin, end - begin), token->id});
    done = end;
  }
  text_until(text.size());
}

}  // namespace omniq::text
