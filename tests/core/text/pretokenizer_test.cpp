#include "core/text/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace omniq::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> words(const std::string& text, const std::string& pattern = kQwenPattern) {
  const auto cutter = Pretokenizer::compile(pattern);
  if (!cutter) throw std::runtime_error(cutter.error().text());
  Pretokenizer::Scratch scratch;
  std::vector<std::string> out;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = cutter->word_end(text, start, scratch);
    out.push_back(text.substr(start, end - start));
    start = end;
  }
  return out;
}

TEST(Pretokenizer, CutsAsQwenDoes) {
  EXPECT_THAT(words("I'll say: it's 2026!"),
              ElementsAre("I", "'ll", " say", ":", " it", "'s", " ", "2", "0", "2", "6", "!"));
  EXPECT_THAT(words("a  b\n\n  c "), ElementsAre("a", " ", " b", "\n\n", " ", " c", " "));
  EXPECT_THAT(words("x;\r\n\ty"), ElementsAre("x", ";\r\n", "\ty"));
  EXPECT_THAT(words("(naïve) 视频"), ElementsAre("(naïve", ")", " 视频"));
  EXPECT_THAT(words("IT'S it'ſo"), ElementsAre("IT", "'S", " it", "'ſ", "o"));
}

TEST(Pretokenizer, WhiteSpaceIsUnicodes) {
  // U+0085, U+00A0 and U+3000 are; U+180E, which PCRE2's \s takes, and U+200B are not.
  EXPECT_THAT(words("a\xc2\x85\xc2\xa0\xe3\x80\x80"),
              ElementsAre("a", "\xc2\x85\xc2\xa0\xe3\x80\x80"));
  EXPECT_THAT(words("  \xe1\xa0\x8e"), ElementsAre(" ", " \xe1\xa0\x8e"));
  EXPECT_THAT(words("  \xe2\x80\x8b"), ElementsAre(" ", " \xe2\x80\x8b"));
}

TEST(Pretokenizer, WhatNoMatchTakesIsAWord) {
  EXPECT_THAT(words("ab12cd", "\\d"), ElementsAre("ab", "1", "2", "cd"));
  EXPECT_THAT(words("ab", "x"), ElementsAre("ab"));
}

TEST(Pretokenizer, TellsPatternsThatEnginesReadDifferently) {
  for (const char* pattern : {"\\w+", "a\\b", "[[:alpha:]]", "[a-z&&[^b]]", "(?<name>a)", "(?R)a",
                              "(*ACCEPT)a", "\\x41", "[]a]", "a\\", "(?m:a)"}) {
    const auto cutter = Pretokenizer::compile(pattern);
    ASSERT_FALSE(cutter) << pattern;
    EXPECT_EQ(cutter.error().code, ErrorCode::data);
    EXPECT_THAT(cutter.error().text(), HasSubstr("engines read differently")) << pattern;
  }
}

TEST(Pretokenizer, TellsPatternsThatAreDamaged) {
  for (const char* pattern : {"(a", "a{2", "[a", "\\p{Nonsense}", "*a", ""}) {
    const auto cutter = Pretokenizer::compile(pattern);
    if (cutter) continue;  // "a{2" is a text to PCRE2
    EXPECT_THAT(cutter.error().text(),
                testing::AnyOf(HasSubstr("damaged"), HasSubstr("nothing stands")));
  }
  EXPECT_FALSE(Pretokenizer::compile("(a"));
  EXPECT_FALSE(Pretokenizer::compile("\\p{Nonsense}"));
  EXPECT_FALSE(Pretokenizer::compile("a*")) << "matches nothing too";
}

}  // namespace
}  // namespace omniq::text
