// What a tokenizer is made of, whichever files it was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/text/nfc.h"

namespace omniq::text {

using TokenId = std::int32_t;

/// Two neighbours become one token; of all pairs that could, the one of lowest rank does first.
struct Merge {
  TokenId left, right, result;
  std::int32_t rank;
};

/// A text that is one token wherever it stands, before any word is looked at: "<|im_start|>".
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = true;                  // control, not text: may be asked to be read as text
  bool normalized = false;              // looked for after NFC, not before
  bool lstrip = false, rstrip = false;  // takes the white space in front, behind
};

/// Everything that Tokenizer needs, as one reader of files gives it.
struct TokenizerParts {
  std::vector<std::string> tokens;  // bytes by id; empty where no token has the id
  std::vector<Merge> merges;
  bool whole_words = false;  // a word that is a token is that token, whatever merges would make
  std::vector<AddedToken> added;
  Nfc nfc = Nfc::latest;  // what is done to texts first
  std::string pattern;    // of the words that merges do not cross; see pretokenizer.h
  std::optional<TokenId> mask_token;
};

}  // namespace omniq::text
