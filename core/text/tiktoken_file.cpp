#include "core/text/tiktoken_file.h"

#include <array>
#include <charconv>
#include <unordered_map>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/text/pretokenizer.h"

namespace omniq::text {
namespace {

constexpr const char* kFetchAgain = "Fetch the file again: it is damaged or is something else.";
constexpr int kExtras = 205;

/// The bytes, or nothing where the text is not Base64 (RFC 4648, padded).
std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static constexpr auto kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return values;
  }();
  if (text.empty() || text.size() % 4 != 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = i + padding >= text.size() ? 0 : kValues[static_cast<unsigned char>(text[i])];
    if (value < 0) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    bytes += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
    bits = 0;
  }
  const std::size_t size = bytes.size() - padding;
  for (std::size_t i = size; i < bytes.size(); ++i) {
    if (bytes[i] != 0) return {};  // bits that stand for nothing
  }
  bytes.resize(size);
  return bytes;
}

using Ids = std::unordered_map<std::string_view, TokenId>;

/// One line that is not empty, "IQ== 0", into `tokens`; or what is wrong with it.
std::optional<std::string> read_line(std::string_view line, std::size_t lines,
                                     std::vector<std::string>& tokens) {
  const std::size_t blank = line.find(' ');
  if (blank == line.npos) return "there is no blank between a token and its rank";
  const auto bytes = from_base64(line.substr(0, blank));
  if (!bytes)
    return cat('"', shown(line.substr(0, std::min<std::size_t>(blank, 40))),
               "\" is not a token in Base64");
  const std::string_view number = line.substr(blank + 1);
  std::size_t rank = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rank);
  if (error != std::errc() || end != number.data() + number.size())
    return cat('"', shown(number.substr(0, 40)), "\" is not a rank");
  if (rank >= lines) return cat("rank ", rank, " is beyond the ", lines, " tokens of the file");
  if (!tokens[rank].empty()) return cat("rank ", rank, " stands for another token already");
  tokens[rank] = *bytes;
  return {};
}

/// All pairs of tokens that together are a token.
std::vector<Merge> pairs_of(const std::vector<std::string>& tokens, const Ids& ids) {
  std::vector<Merge> merges;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const std::string_view whole = tokens[id];
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      const auto left = ids.find(whole.substr(0, cut));
      if (left == ids.end()) continue;
      const auto right = ids.find(whole.substr(cut));
      if (right == ids.end()) continue;
      const auto rank = static_cast<TokenId>(id);
      merges.push_back({left->second, right->second, rank, rank});
    }
  }
  return merges;
}

void add_qwen_tokens(TokenizerParts& parts) {
  auto next = static_cast<TokenId>(parts.tokens.size());
  const auto add = [&](std::string content) {
    // Qwen's own program normalises first: what an accent behind "|>" makes of it is no token.
    parts.added.push_back({.content = std::move(content), .id = next++, .normalized = true});
  };
  for (const char* name : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) add(name);
  for (int i = 0; i < kExtras; ++i) add(cat("<|extra_", i, "|>"));
}

}  // namespace

Result<TokenizerParts> read_tiktoken(const std::filesystem::path& path) {
  OMNIQ_ASSIGN(const std::string content, read_file(path));
  const auto bad = [&](std::size_t line, const std::string& what) {
    return fail(ErrorCode::data, cat(path.string(), ", line ", line, ": ", what, "."), kFetchAgain);
  };
  const std::vector<std::string> lines = split(content, '\n');
  const auto without_return = [](std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  };
  std::size_t count = 0;
  for (const std::string& line : lines) count += !without_return(line).empty();
  TokenizerParts parts;
  parts.tokens.resize(count);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = without_return(lines[i]);
    if (line.empty()) continue;
    if (const auto wrong = read_line(line, count, parts.tokens)) return bad(i + 1, *wrong);
  }
  Ids ids;
  ids.reserve(count);
  for (std::size_t id = 0; id < count; ++id) {
    const auto [first, added] = ids.emplace(parts.tokens[id], static_cast<TokenId>(id));
    if (!added)
      return fail(ErrorCode::data,
                  cat(path.string(), ": the token of rank ", id, " is that of rank ", first->second,
                      " too."),
                  kFetchAgain);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char one = static_cast<char>(byte);
    if (!ids.contains({&one, 1}))
      return fail(ErrorCode::data,
                  cat(path.string(), " has no token for the single byte ", byte, "."), kFetchAgain);
  }
  parts.merges = pairs_of(parts.tokens, ids);
  parts.whole_words = true;
  parts.pattern = kQwenPattern;
  add_qwen_tokens(parts);
  return parts;
}

}  // namespace omniq::text
