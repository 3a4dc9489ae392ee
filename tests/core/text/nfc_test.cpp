#include "core/text/nfc.h"

#include <gtest/gtest.h>

#include "core/base/text.h"

namespace omniq::text {
namespace {

TEST(Nfc, ComposesAndSorts) {
  for (const Nfc tables : {Nfc::latest, Nfc::unicode9}) {
    EXPECT_EQ(to_nfc("e\u0301", tables), "é");
    EXPECT_EQ(to_nfc("a\u0301\u0323", tables), "ạ\u0301");
    EXPECT_EQ(to_nfc("\u1112\u1161\u11ab", tables), "한");
    EXPECT_EQ(to_nfc("\u212b", tables), "Å");
    EXPECT_EQ(to_nfc(std::string("a\0e\u0301", 5), tables), std::string("a\0é", 4));
    EXPECT_EQ(to_nfc("", tables), "");
  }
  EXPECT_EQ(to_nfc("e\u0301", Nfc::none), "e\u0301");
}

TEST(Nfc, MarksLaterThanUnicode9StayWhereTheyAre) {
  // U+09FE (Unicode 11) has class 230, U+0327 has 202.
  EXPECT_EQ(to_nfc("a\u09fe\u0327", Nfc::latest), "a\u0327\u09fe");
  EXPECT_EQ(to_nfc("a\u09fe\u0327", Nfc::unicode9), "a\u09fe\u0327");
  EXPECT_EQ(to_nfc("e\u0301\u09fee\u0301", Nfc::unicode9), "é\u09feé");
  EXPECT_EQ(to_nfc("\U00011935\U00011930", Nfc::latest), "\U00011938");
  EXPECT_EQ(to_nfc("\U00011935\U00011930", Nfc::unicode9), "\U00011935\U00011930");
}

TEST(Nfc, ManyMarksAreInOrderAtOnce) {
  // By exchanging neighbours this takes minutes; U+0F73 is a mark of two, U+0344 another.
  std::string mixed, high, low;
  for (int i = 0; i < 200'000; ++i) {
    mixed += "\u0301\u0327";
    low += "\u0327";
    high += "\u0301";
  }
  const std::string marks = low.substr(2) + high;
  for (const Nfc tables : {Nfc::latest, Nfc::unicode9}) {
    EXPECT_TRUE(to_nfc("e" + mixed + "e\u0301", tables) == "ȩ" + marks + "é");
    EXPECT_TRUE(to_nfc("한" + mixed, tables) == "한" + low + high);
  }
  for (const int count : {63, 64, 65, 200}) {
    std::string text = "a", first, second;
    for (int i = 0; i < count; ++i) {
      text += "\u0f73\u0344";
      first += "\u0f71", second += "\u0f72";
    }
    std::string rest;
    for (int i = 0; i < count; ++i) rest += "\u0308\u0301";
    EXPECT_EQ(to_nfc(text, Nfc::latest), "ä" + first + second + rest.substr(2)) << count;
  }
}

TEST(Nfc, WhatSurelyIsInFormCIs) {
  for (char32_t c = 1; c < 0x300; ++c) {
    const std::string text = c < 0x80 ? std::string(1, static_cast<char>(c))
                                      : std::string{static_cast<char>(0xc0 | c >> 6),
                                                    static_cast<char>(0x80 | (c & 0x3f))};
    EXPECT_TRUE(surely_nfc(text)) << static_cast<unsigned>(c);
    const std::string among = cat("a", text, "a");
    EXPECT_EQ(to_nfc(among, Nfc::latest), among) << static_cast<unsigned>(c);
  }
  EXPECT_FALSE(surely_nfc("e\u0301"));
}

}  // namespace
}  // namespace omniq::text
