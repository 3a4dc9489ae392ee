#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/text/pretokenizer.h"

#include <pcre2.h>

#include <cctype>
#include <new>
#include <stdexcept>

#include "core/base/text.h"

namespace omniq::text {

const char* const kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

/// Writes a pattern as PCRE2 must be told it, or refuses what engines understand differently.
class Translation {
 public:
  explicit Translation(std::string_view pattern) : from_(pattern) {}

  Result<std::string> run() {
    while (at_ < from_.size()) {
      const std::size_t begin = at_;
      if (!step()) {
        const std::string_view rest = from_.substr(begin, 24);
        return fail(ErrorCode::data,
                    cat("The pattern that cuts texts into words has \"", shown(rest),
                        "\" at character ", begin + 1, ", which engines read differently."),
                    "Tokenizers whose pattern is made of alternatives, groups, classes, \\p{…}, "
                    "\\s and \\d are read, as Qwen's are.");
      }
    }
    return to_;
  }

 private:
  bool next_is(std::string_view what) const { return from_.substr(at_).starts_with(what); }
  void copy(std::size_t count) {
    to_ += from_.substr(at_, count);
    at_ += count;
  }

  bool step() {
    const char c = from_[at_];
    if (c == '\\') return escape();
    if (in_class_) {
      // Nested classes, intersections and [:names:].
      if (c == '[' || next_is("&&") || next_is("--") || next_is("~~")) return false;
      in_class_ = c != ']';
    } else if (c == '[') {
      in_class_ = true;
      copy(next_is("[^") ? 2 : 1);
      return !next_is("]");
    } else if (next_is("(*")) {
      return false;
    } else if (next_is("(?")) {
      for (const char* known : {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
        if (!next_is(known)) continue;
        copy(std::string_view(known).size());
        return true;
      }
      return false;
    }
    copy(1);
    return true;
  }

  bool escape() {
    if (at_ + 1 >= from_.size()) return false;
    const char c = from_[at_ + 1];
    const char* meaning = nullptr;
    switch (c) {
      // PCRE2's own \s takes U+180E too, and \d ASCII digits alone.
      case 's':
        meaning = "\\p{White_Space}";
        break;
      case 'S':
        meaning = "\\P{White_Space}";
        break;
      case 'd':
        meaning = "\\p{Nd}";
        break;
      case 'D':
        meaning = "\\P{Nd}";
        break;
      case 'p':
      case 'P':
      case 'r':
      case 'n':
      case 't':
        copy(2);
        return true;
      default:
        if (static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)))
          return false;
        copy(2);
        return true;
    }
    to_ += meaning;
    at_ += 2;
    return true;
  }

  std::string_view from_;
  std::string to_;
  std::size_t at_ = 0;
  bool in_class_ = false;
};

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

template <class T>
T* allocated(T* it) {
  return it ? it : throw std::bad_alloc();
}

}  // namespace

template <>
void Pretokenizer::Scratch::Free<pcre2_match_data>::operator()(pcre2_match_data* it) const {
  pcre2_match_data_free(it);
}
template <>
void Pretokenizer::Scratch::Free<pcre2_match_context>::operator()(pcre2_match_context* it) const {
  pcre2_match_context_free(it);
}
template <>
void Pretokenizer::Scratch::Free<pcre2_jit_stack>::operator()(pcre2_jit_stack* it) const {
  pcre2_jit_stack_free(it);
}

Pretokenizer::Scratch::Scratch()
    : match_(allocated(pcre2_match_data_create(1, nullptr))),
      stack_(allocated(pcre2_jit_stack_create(32 << 10, 64 << 20, nullptr))),
      context_(allocated(pcre2_match_context_create(nullptr))) {
  pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  // A line of white space as long as a file is no attack: no limit but memory.
  pcre2_set_match_limit(context_.get(), ~0U);
  pcre2_set_depth_limit(context_.get(), ~0U);
  pcre2_set_heap_limit(context_.get(), ~0U);
}

Result<Pretokenizer> Pretokenizer::compile(const std::string& pattern) {
  OMNIQ_ASSIGN(const std::string translated, Translation(pattern).run());
  int error = 0;
  PCRE2_SIZE where = 0;
  pcre2_code* code =
      pcre2_compile(units(translated), translated.size(), PCRE2_UTF, &error, &where, nullptr);
  if (!code) {
    PCRE2_UCHAR message[256] = {};
    pcre2_get_error_message(error, message, sizeof message);
    return fail(ErrorCode::data,
                cat("The pattern that cuts texts into words, \"", shown(pattern),
                    "\", is damaged: ", reinterpret_cast<const char*>(message), "."),
                "Fetch the tokenizer's files again.");
  }
  std::shared_ptr<const pcre2_real_code_8> owner(
      code, [](const pcre2_code* it) { pcre2_code_free(const_cast<pcre2_code*>(it)); });
  std::uint32_t empty = 0;
  pcre2_pattern_info(code, PCRE2_INFO_MATCHEMPTY, &empty);
  if (empty != 0) {
    return fail(ErrorCode::data,
                cat("The pattern that cuts texts into words, \"", shown(pattern),
                    "\", also matches where nothing stands."),
                "A word has a character at least.");
  }
  // Where code cannot be made at run time (a hardened kernel), matching interprets: slower, the same.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return Pretokenizer(std::move(owner));
}

std::size_t Pretokenizer::word_end(std::string_view text, std::size_t start,
                                   Scratch& scratch) const {
  const int found = pcre2_match(code_.get(), units(text), text.size(), start, PCRE2_NO_UTF_CHECK,
                                scratch.match_.get(), scratch.context_.get());
  if (found == PCRE2_ERROR_NOMATCH) return text.size();
  if (found < 0) throw std::runtime_error(cat("Pretokenizer: PCRE2's error ", found));
  const PCRE2_SIZE* const span = pcre2_get_ovector_pointer(scratch.match_.get());
  return span[0] > start ? span[0] : span[1];
}

}  // namespace omniq::text
