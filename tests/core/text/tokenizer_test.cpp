#include "core/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/text.h"
#include "tests/core/text/golden.h"

namespace omniq::text {
namespace {

using nlohmann::json;
using test::golden;
using testing::ElementsAre;
using testing::HasSubstr;

using Ids = std::vector<TokenId>;

struct Row {
  std::string text;
  json ids;  // by tokenizer; NAME_alone where special tokens are read as text
};

/// What the libraries tokenizers and tiktoken said; tests/acceptance/tokenizers/make_golden.py asks.
std::vector<Row> rows() {
  std::vector<Row> all;
  std::ifstream in(golden("strings.jsonl"));
  for (std::string line; std::getline(in, line);) {
    Row row{{}, json::parse(line)};
    if (row.ids.contains("text")) row.text = row.ids["text"];
    const std::string hex = row.ids.value("hex", "");
    for (std::size_t i = 0; i < hex.size(); i += 2)
      row.text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    all.push_back(std::move(row));
  }
  return all;
}

void expect_the_libraries_ids(const std::filesystem::path& path, const std::string& name) {
  const Tokenizer tokenizer = test::open(path);
  const std::vector<Row> all = rows();
  ASSERT_GT(all.size(), 300U);
  for (const Row& row : all) {
    const Ids ids = row.ids[name], alone = row.ids.value(name + "_alone", ids);
    EXPECT_EQ(tokenizer.encode(row.text), ids) << shown(row.text);
    EXPECT_EQ(tokenizer.encode(row.text, Specials::as_text), alone) << shown(row.text);
  }
}

TEST(Tokenizer, GivesTheLibrariesIdsForATokenizerJson) {
  expect_the_libraries_ids(golden("snapshot"), "snapshot");
}

TEST(Tokenizer, GivesTheLibrariesIdsForVocabularyAndMerges) {
  expect_the_libraries_ids(golden("vocab"), "snapshot");
}

TEST(Tokenizer, GivesTheLibrariesIdsForAFileOfRanks) {
  expect_the_libraries_ids(golden("ranks"), "ranks");
}

TEST(Tokenizer, GivesTheLibrariesIdsForQwen) {
  if (!std::filesystem::exists(test::qwen_ranks())) GTEST_SKIP() << test::qwen_ranks();
  expect_the_libraries_ids(test::qwen_ranks(), "qwen");
  const Tokenizer tokenizer = test::open(test::qwen_ranks());
  EXPECT_EQ(tokenizer.ordinary_size(), 151643);
  EXPECT_EQ(tokenizer.added_id("<|endoftext|>"), 151643);
  EXPECT_EQ(tokenizer.added_id("<|im_end|>"), 151645);
  EXPECT_EQ(tokenizer.added_id("<|extra_204|>"), 151850);
  EXPECT_EQ(tokenizer.size(), 151851);
}

TEST(Tokenizer, DecodesWhatItEncoded) {
  for (const char* name : {"snapshot", "vocab", "ranks"}) {
    const Tokenizer tokenizer = test::open(golden(name));
    for (const Row& row : rows()) {
      // Tokens that take the white space beside them do not give it back.
      const std::string text = to_nfc(as_utf8(row.text), Nfc::latest);
      const Ids ids = tokenizer.encode(text, Specials::as_text);
      EXPECT_EQ(tokenizer.decode(ids).value(), to_nfc(text, Nfc::latest)) << name << shown(text);
    }
  }
}

TEST(Tokenizer, IdsNeedNotEndWhereCharactersDo) {
  const Tokenizer tokenizer = test::open(golden("ranks"));
  const Ids ids = tokenizer.encode("中", Specials::as_text);
  ASSERT_EQ(ids.size(), 3U) << "the small vocabulary has its bytes alone";
  EXPECT_EQ(tokenizer.decode(ids).value(), "中");
  EXPECT_EQ(tokenizer.decode(Ids{ids[0], ids[1]}).value(), "\xef\xbf\xbd");
  EXPECT_EQ(tokenizer.decode(Ids{}).value(), "");
}

TEST(Tokenizer, AnIdThatNoTokenHasIsNamed) {
  const Tokenizer tokenizer = test::open(golden("ranks"));
  for (const TokenId id : {-1, tokenizer.size(), 1 << 30}) {
    const auto text = tokenizer.decode(Ids{1, id});
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::data);
    EXPECT_THAT(text.error().text(), HasSubstr(std::to_string(id)));
  }
}

TEST(Tokenizer, KnowsItsAddedTokens) {
  const Tokenizer tokenizer = test::open(golden("snapshot"));
  EXPECT_EQ(tokenizer.ordinary_size(), 600);
  EXPECT_EQ(tokenizer.added_id("<|im_start|>"), 601);
  EXPECT_EQ(tokenizer.mask_token_id(), tokenizer.added_id("[MASK]"));
  EXPECT_TRUE(tokenizer.mask_token_id());
  EXPECT_FALSE(tokenizer.added_id("<|im_start"));
  EXPECT_FALSE(test::open(golden("ranks")).mask_token_id());
  // The blank in front of it is part of [MASK].
  EXPECT_EQ(tokenizer.encode("a [MASK]").size(), 2U);
  EXPECT_EQ(tokenizer.encode("a [MASK]").back(), tokenizer.mask_token_id());
}

TEST(Tokenizer, WhatAnAccentMakesOfASpecialTokenIsAsUpstream) {
  // Qwen's own program composes first: ">" and a stroke are one character and the token is none.
  // Hugging Face's finds tokens first.
  const std::string text = "<|im_end|>\xcc\xb8";
  const Tokenizer ranks = test::open(golden("ranks")), snapshot = test::open(golden("snapshot"));
  EXPECT_NE(ranks.encode(text).front(), ranks.added_id("<|im_end|>"));
  EXPECT_EQ(snapshot.encode(text).front(), snapshot.added_id("<|im_end|>"));
}

TEST(Tokenizer, AWordMayBeAsLongAsATextIs) {
  const Tokenizer tokenizer = test::open(golden("ranks"));
  for (const char* piece :
       {"a", "the", " ", "\n", " \n", "=", "\xe4\xb8\xad", "'", "\xf0\x9f\x98\x80"}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)).value(), text) << shown(piece);
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  const Tokenizer tokenizer = test::open(golden("snapshot"));
  const std::vector<Row> all = rows();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int times = 0; times < 20; ++times) {
        for (const Row& row : all) {
          if (tokenizer.encode(row.text) != row.ids["snapshot"].get<Ids>())
            ADD_FAILURE() << shown(row.text);
        }
      }
    });
  }
}

}  // namespace
}  // namespace omniq::text
