#include "core/base/text.h"

#include <gtest/gtest.h>

#include "core/base/json.h"

namespace omniq {
namespace {

constexpr const char* kReplaced = "\xef\xbf\xbd";  // U+FFFD

TEST(Text, Utf8IsWhatRfc3629Says) {
  for (const char* good : {"", "plain", "Café", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf",
                           "\xf0\x9f\x8e\xac"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"Caf\xe9", "\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << shown(bad);
  }
}

TEST(Text, ShownIsOneLineOfUtf8) {
  EXPECT_EQ(shown("Café 🎬"), "Café 🎬");
  EXPECT_EQ(shown("Caf\xe9/a.avi"), std::string("Caf") + kReplaced + "/a.avi");
  EXPECT_EQ(shown("\xe2\x82"), kReplaced) << "one for a sequence that is cut short";
  EXPECT_EQ(shown("\xf0\x80"), std::string(kReplaced) + kReplaced) << "no sequence begins so";
  EXPECT_EQ(shown("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(shown(std::string_view("\x1b[31m\0\x7f", 7)), "\\x1b[31m\\x00\\x7f");
  EXPECT_EQ(shown("\xc2\x9b"
                  "2J\xc2\xa0"),
            "\\x9b2J\xc2\xa0")
      << "C1's CSI; a space that does not break is no control character";
  for (int byte = 0; byte < 256; ++byte)
    EXPECT_TRUE(is_utf8(shown(std::string("x") + static_cast<char>(byte)))) << byte;
}

TEST(Text, FilesAreReadAsUtf8OrUtf16) {
  EXPECT_EQ(to_utf8("\xef\xbb\xbf"
                    "Café"),
            "Café");
  EXPECT_EQ(to_utf8(std::string_view("\xff\xfe"
                                     "a\0\xe9\0\x3c\xd8\xac\xdf",
                                     10)),
            "aé🎬");
  EXPECT_EQ(to_utf8(std::string_view("\xfe\xff\0a\0\xe9\xd8\x3c\xdf\xac", 10)), "aé🎬");
  const auto fault = [](std::string_view bytes) {
    const auto text = to_utf8(bytes);
    return text ? "none" : cat(text.error().line, " ", text.error().what);
  };
  EXPECT_EQ(fault("a\nb\n  Caf\xe9 1\r\n"), cat("3 \"Caf", kReplaced, " 1\" is not UTF-8."));
  EXPECT_EQ(fault(std::string_view("a\0b\0", 4)),
            "1 this is no text, or UTF-16 without a byte order mark.");
  EXPECT_EQ(fault(std::string_view("\xff\xfe"
                                   "a\0\n\0\0\xd8",
                                   8))
                .substr(0, 2),
            "2 ");
  EXPECT_EQ(fault("\xff\xfe"
                  "a")
                .substr(0, 2),
            "1 ")
      << "half a character";
}

TEST(Text, JsonHoldsWhateverBytesANameHas) {
  const nlohmann::ordered_json json = {{"Caf\xe9", "\x1b[2J\x7f\xc2\x9b\xc3\xa9\n"}};
  const std::string text = json_text(json);
  EXPECT_EQ(text,
            std::string("{\"Caf") + kReplaced + "\":\"\\u001b[2J\\u007f\\u009b\xc3\xa9\\n\"}");
  EXPECT_EQ(nlohmann::ordered_json::parse(text).begin().value(), json.begin().value());
  EXPECT_EQ(json_text({{"a", {1}}}, 2), "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST(Csv, NamesAreNoFormulasAndNumbersStayNumbers) {
  for (const char* name :
       {"=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\tx", "\rx", "-", "'=1", "''+x"}) {
    const std::string field = csv_field(name);
    const std::string plain = field.starts_with('"') ? field.substr(1, field.size() - 2) : field;
    EXPECT_EQ(plain.front(), '\'') << field;
    EXPECT_EQ(csv_text(plain), name);
  }
  EXPECT_EQ(csv_field("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
  for (const char* text :
       {"-1.5", "+3", "-2e-7", "12", "", "YoYo", "'quoted'", "a=b", "Caf\xc3\xa9"}) {
    EXPECT_EQ(csv_field(text), text);
    EXPECT_EQ(csv_text(text), text);
  }
}

TEST(Csv, ARecordEndsWithItsLineAndNotWithinQuotes) {
  EXPECT_EQ(csv_records("a,b\n\"x\ny\",1\n\"he said \"\"\n\"\"\",2\n"),
            (std::vector<std::string>{"a,b", "\"x\ny\",1", "\"he said \"\"\n\"\"\",2"}));
  EXPECT_EQ(csv_records("a\nb"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(csv_records("").empty());
}

TEST(Csv, FieldsAreReadAsTheyWereWritten) {
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(csv_rows("a,\"b, \"\"c\"\"\"\r\n,\n\n"), (Rows{{"a", "b, \"c\""}, {"", ""}}));
  for (const char* name : {"=1+1", "@x", "'=x", "-1.5", "'", "plain", "a\nb", "\"", "a,\r"})
    EXPECT_EQ(csv_rows("x," + csv_field(name) + "\n"), (Rows{{"x", name}}));
}

TEST(Text, BytesThatAreNotUtf8AreReplaced) {
  const std::string fffd = "\xef\xbf\xbd";
  EXPECT_EQ(as_utf8("né 中 😀"), "né 中 😀");
  EXPECT_EQ(as_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(as_utf8("a\xff"
                    "b"),
            "a" + fffd + "b");
  EXPECT_EQ(as_utf8("\xe2\x82"
                    "a\xf0\x9f\x98"),
            fffd + "a" + fffd)
      << "cut short: one";
  EXPECT_EQ(as_utf8("\xed\xa0\x80"), fffd + fffd + fffd) << "a surrogate";
  EXPECT_EQ(as_utf8("\xc0\xaf"), fffd + fffd) << "overlong";
}

}  // namespace
}  // namespace omniq
