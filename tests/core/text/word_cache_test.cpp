#include "core/text/word_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace omniq::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WordCache, KnowsWhatWasPutLast) {
  WordCache cache;
  EXPECT_THAT(cache.find("word"), IsEmpty());
  cache.put("word", std::vector<TokenId>{1, 2});
  EXPECT_THAT(cache.find("word"), ElementsAre(1, 2));
  EXPECT_THAT(cache.find("wor"), IsEmpty());
  cache.put("word", std::vector<TokenId>{3});
  EXPECT_THAT(cache.find("word"), ElementsAre(3));
}

TEST(WordCache, LeavesOutWhatDoesNotFit) {
  WordCache cache;
  const std::string longest(30, 'a'), longer(31, 'a');
  cache.put(longest, std::vector<TokenId>(8, 1));
  cache.put(longer, std::vector<TokenId>{1});
  cache.put("many", std::vector<TokenId>(9, 1));
  EXPECT_EQ(cache.find(longest).size(), 8U);
  EXPECT_THAT(cache.find(longer), IsEmpty());
  EXPECT_THAT(cache.find("many"), IsEmpty());
}

TEST(WordCache, NeverGivesAnotherWordsTokens) {
  WordCache cache;
  int known = 0;
  for (int i = 0; i < 200'000; ++i) cache.put(std::to_string(i), std::vector<TokenId>{i});
  for (int i = 0; i < 200'000; ++i) {
    const auto ids = cache.find(std::to_string(i));
    if (ids.empty()) continue;
    ++known;
    EXPECT_EQ(ids[0], i);
  }
  EXPECT_GT(known, 1000);
}

}  // namespace
}  // namespace omniq::text
