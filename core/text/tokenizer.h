// Text to token ids and back, as Qwen's models were trained with.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/text/token.h"

namespace omniq::text {

/// What "<|im_start|>" in a text is.
enum class Specials {
  recognised,  // the token, as Qwen's and Hugging Face's tokenizers have it
  as_text,     // the characters: for texts that others wrote
};

/// Gives the ids that the libraries `tokenizers` and `tiktoken` give. Does not change once it is
/// made: threads may share it, and each call works on its own.
class Tokenizer {
 public:
  /// The files of tokenizer_files.h; the errors of read_tokenizer.
  static Result<Tokenizer> open(const std::filesystem::path& path);
  /// The error (data): a pattern that is not understood.
  static Result<Tokenizer> make(TokenizerParts parts);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// The ids of a text, which may be empty. What is not UTF-8 in it is read as U+FFFD.
  std::vector<TokenId> encode(std::string_view text,
                              Specials specials = Specials::recognised) const;

  /// The text of ids, added tokens as they are written. Ids need not end where characters do: what
  /// is cut short becomes U+FFFD. Where a text was UTF-8 in Unicode's form C (or the tokenizer does
  /// not normalise), decode(encode(text)) is the text, but for white space that an added token takes. The error (data) names an id that no token has.
  Result<std::string> decode(std::span<const TokenId> ids) const;

  /// Ids are from 0 to size() − 1, added tokens among them.
  TokenId size() const;
  /// Those below are ordinary tokens; added tokens follow.
  TokenId ordinary_size() const;
  const std::vector<AddedToken>& added_tokens() const;
  /// The id of an added token.
  std::optional<TokenId> added_id(std::string_view content) const;
  /// The token that stands for a hidden one; Qwen's own files have none.
  std::optional<TokenId> mask_token_id() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace omniq::text
