// Unicode's normalisation form C: é as one character, not as e and an accent.
#pragma once

#include <string>
#include <string_view>

namespace omniq::text {

/// Form C is stable for the characters that a version of Unicode has. Marks that came later were
/// nothing to older tables, which neither sort nor compose them.
enum class Nfc {
  none,
  latest,    // as Python's unicodedata, by utf8proc's tables
  unicode9,  // by those of Hugging Face's library `tokenizers`, still so in its version 0.23
};

/// Whether `text` is in form C as far as a look at its bytes tells: false may mean either.
bool surely_nfc(std::string_view text);

/// `text`, which is UTF-8, in form C.
std::string to_nfc(std::string_view text, Nfc tables);

}  // namespace omniq::text
