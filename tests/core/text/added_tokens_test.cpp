#include "core/text/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"

namespace omniq::text {
namespace {

using testing::ElementsAre;

/// {"a", "#1: <x>"}: a text, and what token 1 took.
std::vector<std::string> parts_of(const AddedTokens& tokens, const std::string& text,
                                  bool specials = true) {
  std::vector<Part> parts;
  tokens.split(text, specials, parts);
  std::vector<std::string> out;
  for (const Part& part : parts)
    out.push_back(part.token ? cat('#', *part.token, ':', part.text) : std::string(part.text));
  return out;
}

TEST(AddedTokens, FindsTheLeftmostAndLongest) {
  const AddedTokens tokens(
      {{.content = "<a>", .id = 1}, {.content = "<a>b", .id = 2}, {.content = "  ", .id = 3}});
  EXPECT_THAT(parts_of(tokens, "x<a>y"), ElementsAre("x", "#1:<a>", "y"));
  EXPECT_THAT(parts_of(tokens, "<a>b<a><a"), ElementsAre("#2:<a>b", "#1:<a>", "<a"));
  EXPECT_THAT(parts_of(tokens, "<<a>"), ElementsAre("<", "#1:<a>"));
  EXPECT_THAT(parts_of(tokens, "     "), ElementsAre("#3:  ", "#3:  ", " "));
  EXPECT_THAT(parts_of(tokens, ""), ElementsAre());
}

TEST(AddedTokens, TakesTheWhiteSpaceThatItIsToTake) {
  const AddedTokens tokens(
      {{.content = "<l>", .id = 1, .lstrip = true}, {.content = "<r>", .id = 2, .rstrip = true}});
  EXPECT_THAT(parts_of(tokens, "a \u3000<l> b"), ElementsAre("a", "#1: \u3000<l>", " b"));
  EXPECT_THAT(parts_of(tokens, "a <r> \n<l>"), ElementsAre("a ", "#2:<r> \n", "#1:<l>"));
  EXPECT_THAT(parts_of(tokens, " <l>"), ElementsAre("#1: <l>"));
}

TEST(AddedTokens, SpecialOnesAreTextWhereAskedFor) {
  const AddedTokens tokens(
      {{.content = "<s>", .id = 1}, {.content = "<n>", .id = 2, .special = false}});
  EXPECT_THAT(parts_of(tokens, "<s>a<n>", false), ElementsAre("<s>a", "#2:<n>"));
}

}  // namespace
}  // namespace omniq::text
