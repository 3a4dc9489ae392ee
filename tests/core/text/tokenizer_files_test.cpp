#include "core/text/tokenizer_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "core/text/byte_letters.h"
#include "tests/core/text/golden.h"
#include "tests/support/temporary_folder.h"

namespace omniq::text {
namespace {

using nlohmann::json;
using test::golden;
using testing::AllOf;
using testing::HasSubstr;
using testing_support::read_text;
using testing_support::TemporaryFolder;

TEST(ByteLetters, EveryByteHasALetter) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string letters = letters_of_bytes(all);
  EXPECT_TRUE(is_utf8(letters));
  EXPECT_EQ(bytes_of_letters(letters), all);
  EXPECT_EQ(letters_of_bytes(" a\n"), "ĠaĊ");
  for (const char* none : {"a b", "中", "ń", "\xc4"}) EXPECT_FALSE(bytes_of_letters(none)) << none;
}

class TokenizerFiles : public testing::Test {
 protected:
  void expect(const std::filesystem::path& path, const std::vector<std::string>& said) const {
    const auto parts = read_tokenizer(path);
    ASSERT_FALSE(parts) << path;
    EXPECT_EQ(parts.error().code, ErrorCode::data) << parts.error().text();
    EXPECT_FALSE(parts.error().hint.empty());
    for (const std::string& words : said) EXPECT_THAT(parts.error().text(), HasSubstr(words));
  }

  /// tokenizer.json with one thing changed.
  std::filesystem::path changed(const std::string& pointer, const json& value) const {
    json all = json::parse(read_text(golden("snapshot/tokenizer.json")));
    all[json::json_pointer(pointer)] = value;
    return tmp_.write("changed/tokenizer.json", all.dump());
  }

  TemporaryFolder tmp_;
};

TEST_F(TokenizerFiles, WhatIsNoTokenizerIsNamed) {
  expect(tmp_ / "none", {"There is no tokenizer at", "none", "tokenizer.json"});
  expect(tmp_.path(), {"There is no tokenizer in", "merges.txt"});
  expect(tmp_.write("a.bin", "x"), {"a.bin is not a tokenizer"});
  tmp_.write("half/vocab.json", "{}");
  expect(tmp_ / "half", {"has vocab.json but not merges.txt"});
  tmp_.write("two/a.tiktoken", "");
  tmp_.write("two/b.tiktoken", "");
  expect(tmp_ / "two", {"2 files", "a.tiktoken and b.tiktoken"});
}

TEST_F(TokenizerFiles, DamagedJsonIsNamedWithItsLine) {
  const std::string whole = read_text(golden("snapshot/tokenizer.json"));
  expect(tmp_.write("cut/tokenizer.json", whole.substr(0, whole.size() / 2)),
         {"cut/tokenizer.json", "ends in line 1"});
  expect(tmp_.write("bad/tokenizer.json", "{\n\"a\": 1,\n oops}"), {"line 3 is not JSON"});
  expect(tmp_.write("list/tokenizer.json", "[1]"), {"not a JSON object"});
  expect(tmp_.write("utf8/tokenizer.json", "{\"a\": \"\xff\"}"), {"line 1 is not JSON"});
  expect(tmp_.write("empty/tokenizer.json", ""), {"ends in line 1"});
}

TEST_F(TokenizerFiles, WhatATokenizerJsonAsksForAndIsNotReadIsNamed) {
  EXPECT_TRUE(read_tokenizer(changed("/version", "2.0")));
  EXPECT_TRUE(read_tokenizer(changed("/normalizer", nullptr)));
  expect(changed("/model", nullptr), {"describes no model"});
  expect(changed("/model/type", "Unigram"), {"\"Unigram\", not BPE"});
  expect(changed("/model/byte_fallback", true), {"byte_fallback"});
  expect(changed("/model/unk_token", "<unk>"), {"unk_token"});
  expect(changed("/model/dropout", 0.1), {"dropout"});
  expect(changed("/normalizer", {{"type", "Lowercase"}}), {"Lowercase", "NFC"});
  expect(changed("/pre_tokenizer", {{"type", "Whitespace"}}), {"pre_tokenizer"});
  expect(changed("/pre_tokenizer/pretokenizers/0/behavior", "Removed"), {"pre_tokenizer"});
  expect(changed("/pre_tokenizer/pretokenizers/1/add_prefix_space", true), {"pre_tokenizer"});
  expect(changed("/post_processor", {{"type", "TemplateProcessing"}}), {"TemplateProcessing"});
  expect(changed("/added_tokens/0/single_word", true), {"<|endoftext|>", "single_word"});
}

TEST_F(TokenizerFiles, VocabulariesAndMergesThatContradictThemselvesAreNamed) {
  expect(changed("/model/vocab", json::object()), {"no vocabulary"});
  expect(changed("/model/vocab/Ġthe", 7), {"id 7 is that of two tokens"});
  expect(changed("/model/vocab/Ġthe", -1), {"Ġthe", "no id"});
  expect(changed("/model/vocab/Ġthe", 1.5), {"Ġthe", "no id"});
  expect(changed("/model/vocab/Ġthe", 2000000000), {"Ġthe", "no id"});
  expect(changed("/model/vocab/中", 700), {"中", "letters of byte-level BPE"});
  expect(changed("/model/merges", 3), {"no merges"});
  expect(changed("/model/merges/2", "zq qz"),
         {"merge 3", "\"zq\"", "the vocabulary has no \"zq\""});
  expect(changed("/model/merges/2", "q z"), {"merge 3", "the vocabulary has no \"qz\""});
  expect(changed("/model/merges/2", "a"), {"merge 3 does not name two tokens"});
  const json merges = json::parse(read_text(golden("snapshot/tokenizer.json")))["model"]["merges"];
  expect(changed("/model/merges/5", merges[2]), {"merge twice, with ranks 2 and 5"});
  json few = json::parse(read_text(golden("snapshot/tokenizer.json")))["model"]["vocab"];
  few.erase("Ā");
  expect(changed("/model/vocab", few), {"single byte 0"});
}

TEST_F(TokenizerFiles, AddedTokensThatContradictEachOtherAreNamed) {
  expect(changed("/added_tokens/1/id", 600), {"id 600", "<|endoftext|>", "<|im_start|>"});
  expect(changed("/added_tokens/1/id", 300), {"id 300", "<|im_start|>"});
  expect(changed("/added_tokens/1/id", "x"), {"added token"});
  expect(changed("/added_tokens/1/content", ""), {"added token"});
  expect(changed("/added_tokens/1/content", "<|endoftext|>"), {"<|endoftext|>", "600 and 601"});
  const auto path = changed("/version", "1.0");
  tmp_.write("changed/tokenizer_config.json", R"({"mask_token": "<none>"})");
  expect(path, {"tokenizer_config.json", "mask token \"<none>\""});
  tmp_.write("changed/tokenizer_config.json",
             R"({"added_tokens_decoder": {"x1": {"content": "a"}}})");
  expect(path, {"\"x1\"", "not an id"});
  tmp_.write(
      "changed/tokenizer_config.json",
      R"({"mask_token": {"content": "<m>"}, "added_tokens_decoder": {"700": {"content": "<m>", "special": true}}})");
  const auto parts = read_tokenizer(path);
  ASSERT_TRUE(parts) << parts.error().text();
  EXPECT_EQ(parts->mask_token, 700);
}

TEST_F(TokenizerFiles, MergesThatNameUnknownTokensAreNamedWithTheirLine) {
  for (const char* name : {"vocab.json", "tokenizer_config.json"})
    tmp_.write(cat("v/", name), read_text(golden("vocab") / name));
  const std::string merges = read_text(golden("vocab/merges.txt"));
  tmp_.write("v/merges.txt", merges);
  EXPECT_TRUE(read_tokenizer(tmp_.path() / "v"));
  tmp_.write("v/merges.txt", merges + "zq q\n");
  expect(tmp_ / "v", {"merges.txt: line 346", "\"zq\""});
  tmp_.write("v/merges.txt", "#version: 0.2\nt h e\n");
  expect(tmp_ / "v", {"merges.txt: line 2 does not name two tokens"});
}

TEST_F(TokenizerFiles, DamagedRanksAreNamedWithTheirLine) {
  const std::string whole = read_text(golden("ranks/small.tiktoken"));
  const auto with = [&](std::size_t line, const std::string& text) {
    std::vector<std::string> lines = split(whole, '\n');
    lines[line - 1] = text;
    return tmp_.write("a.tiktoken", join(lines, "\n"));
  };
  expect(with(7, "!!! 6"), {"a.tiktoken, line 7", "\"!!!\" is not a token in Base64"});
  expect(with(7, "QQ=A 6"), {"line 7", "Base64"});
  expect(with(7, "QR== 6"), {"line 7", "Base64"});
  expect(with(7, "IQ=="), {"line 7", "no blank"});
  expect(with(7, "IQ== six"), {"line 7", "\"six\" is not a rank"});
  expect(with(7, "IQ== -6"), {"line 7", "not a rank"});
  expect(with(7, "IQ== 99999999999999999999"), {"line 7", "not a rank"});
  expect(with(7, "IQ== 6000"), {"line 7", "rank 6000 is beyond the 600 tokens"});
  expect(with(7, "IQ== 5"), {"line 7", "rank 5 stands for another token already"});
  expect(with(300, split(whole, '\n')[280].substr(0, split(whole, '\n')[280].find(' ')) + " 299"),
         {"rank 299", "rank 280 too"});
  expect(with(7, "enp6eg== 6"), {"no token for the single byte"});
  expect(tmp_.write("b.tiktoken", ""), {"no token for the single byte 0"});
  expect(tmp_.write("c.tiktoken", std::string("\0\xff\n", 3)), {"c.tiktoken, line 1"});
}

}  // namespace
}  // namespace omniq::text
