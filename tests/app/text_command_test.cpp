// omniq text as a script sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/support/patience.h"
#include "tests/support/temporary_folder.h"

namespace omniq {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing_support::read_text;
using testing_support::TemporaryFolder;

struct Output {
  int code = -1;
  std::string out, err;
};

class TextCommand : public testing::Test {
 protected:
  /// Runs `omniq text <words>` with `input` on stdin.
  Output text(const std::string& words, const std::string& input) const {
    tmp_.write("in.txt", input);
    const std::string command = "cd '" + tmp_.path().string() + "' && '" OMNIQ_PROGRAM "' text " +
                                words + " <in.txt >out.txt 2>err.txt";
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), read_text(tmp_ / "out.txt"), read_text(tmp_ / "err.txt")};
  }

  void expect_sentence(const Output& o, int code, const std::string& names) const {
    EXPECT_EQ(o.code, code) << o.out << o.err;
    EXPECT_THAT(o.err, HasSubstr(names));
  }

  const std::string small_ = " --tokenizer '" OMNIQ_SOURCE "/tests/core/text/golden/ranks' ";
  TemporaryFolder tmp_;
};

TEST_F(TextCommand, ALineInIsAnArrayOfIdsOut) {
  const Output o = text("encode" + small_, "a video\n\n<|im_end|>\nno line break");
  EXPECT_EQ(o.code, 0) << o.err;
  std::istringstream lines(o.out);
  std::vector<json> ids;
  for (std::string line; std::getline(lines, line);) ids.push_back(json::parse(line));
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_EQ(ids[1], json::array());
  EXPECT_EQ(ids[2], json{602});
  EXPECT_EQ(text("decode" + small_, o.out).out, "a video\n\n<|im_end|>\nno line break\n");
  EXPECT_GT(json::parse(text("encode --specials-as-text" + small_, "<|im_end|>").out).size(), 1U);
}

TEST_F(TextCommand, QuotedTextsMayHaveLineBreaks) {
  const std::string quoted = R"("two\nlines")"
                             "\n";
  const Output o = text("encode --quoted" + small_, quoted);
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(text("decode --quoted" + small_, o.out).out, quoted);
  EXPECT_EQ(text("decode" + small_, o.out).out, "two\nlines\n");
}

TEST_F(TextCommand, OneDocumentWhereAskedFor) {
  const json ids = json::parse(text("encode --json" + small_, "a\nb\n").out);
  ASSERT_EQ(ids["ids"].size(), 2U);
  EXPECT_EQ(json::parse(text("decode --json" + small_, ids["ids"][0].dump()).out)["texts"],
            json{"a"});
  const json error = json::parse(text("decode --json" + small_, "x").out);
  EXPECT_EQ(error["error"]["exit_code"], 3);
}

TEST_F(TextCommand, EachLineIsAnsweredBeforeTheNextOne) {
  const auto answers = tmp_ / "answers.txt";
  const std::string command =
      "'" OMNIQ_PROGRAM "' text encode" + small_ + " >'" + answers.string() + "'";
  std::FILE* const lines = ::popen(command.c_str(), "w");
  ASSERT_TRUE(lines);
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    std::fputs("a\n", lines);
    std::fflush(lines);
    expected += "[64]\n";
    EXPECT_TRUE(testing_support::eventually([&] { return read_text(answers) == expected; }));
  }
  EXPECT_EQ(::pclose(lines), 0);
}

TEST_F(TextCommand, WhatIsNotUtf8IsRead) {
  const Output o = text("encode" + small_, "a\xff\xe2\x82z\n");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(text("decode" + small_, o.out).out, "a\xef\xbf\xbd\xef\xbf\xbdz\n");
}

TEST_F(TextCommand, BadInputIsASentence) {
  expect_sentence(text("encode", ""), 2, "--tokenizer");
  expect_sentence(text("spell" + small_, ""), 2, "\"spell\"");
  expect_sentence(text("encode --tokenizer nowhere", "a"), 3, "There is no tokenizer at nowhere");
  expect_sentence(text("encode --quoted" + small_, "\"a\"\nb\n"), 3,
                  "Line 2 of the input is not JSON");
  expect_sentence(text("encode --quoted" + small_, "1\n"), 3,
                  "Line 1 of the input is JSON, but no string");
  expect_sentence(text("decode" + small_, "[1]\n[1, oops]\n"), 3,
                  "Line 2 of the input is not JSON");
  expect_sentence(text("decode" + small_, "7\n"), 3, "Line 1 of the input is JSON, but no array");
  for (const char* id : {"-1", "808", "1e30", "1.5", "\"a\"", "99999999999999999999", "null"}) {
    const Output o = text("decode" + small_, std::string("[1, ") + id + "]");
    expect_sentence(o, 3, "is no id");
    EXPECT_THAT(o.err, HasSubstr("from 0 to 807"));
  }
}

}  // namespace
}  // namespace omniq
