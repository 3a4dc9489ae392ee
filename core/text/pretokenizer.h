// Cuts a text into the words that merges do not cross, by a regular expression.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

namespace omniq::text {

/// Qwen's: contractions, letters with at most one other character in front, single digits, other
/// characters with what ends the line, white space.
extern const char* const kQwenPattern;

/// Shared by threads; each has a Scratch of its own.
class Pretokenizer {
 public:
  /// Patterns are written for other engines (Oniguruma, Rust's regex). What means the same in PCRE2
  /// is taken: alternatives, groups, look-around, repetitions, characters, classes of them, \p{…}
  /// and \s, \d with their Unicode meaning. The error (data) says what is not, and where.
  static Result<Pretokenizer> compile(const std::string& pattern);

  class Scratch {
   public:
    Scratch();

   private:
    friend class Pretokenizer;
    template <class T>
    struct Free {
      void operator()(T* it) const;
    };
    template <class T>
    using Owned = std::unique_ptr<T, Free<T>>;
    Owned<pcre2_real_match_data_8> match_;
    Owned<pcre2_real_jit_stack_8> stack_;
    Owned<pcre2_real_match_context_8> context_;
  };

  /// Where the word that begins at `start` ends: what the pattern matches there, or what lies in
  /// front of its next match. `text` is UTF-8; `start` is less than its size.
  std::size_t word_end(std::string_view text, std::size_t start, Scratch& scratch) const;

 private:
  explicit Pretokenizer(std::shared_ptr<const pcre2_real_code_8> code) : code_(std::move(code)) {}
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace omniq::text
