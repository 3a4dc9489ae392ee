// omniq text encode, omniq text decode
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/text/tokenizer.h"

namespace omniq::app {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Options {
  std::string action, tokenizer;
  bool quoted = false, specials_as_text = false;
};

/// The JSON of one line of stdin, or an error that says which.
Result<json> parse_line(const std::string& text, std::int64_t number, const char* expected) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded())
    return fail(ErrorCode::data, cat("Line ", number, " of the input is not JSON."),
                cat("Each line must be ", expected, "."));
  return value;
}

Result<ordered_json> encoded(const std::string& line, std::int64_t number, const Options& o,
                             const text::Tokenizer& tokenizer) {
  std::string text = line;
  if (o.quoted) {
    constexpr const char* kExpected = "a JSON string, such as \"two\\nlines\"";
    OMNIQ_ASSIGN(const json value, parse_line(line, number, kExpected));
    if (!value.is_string())
      return fail(ErrorCode::data, cat("Line ", number, " of the input is JSON, but no string."),
                  cat("With --quoted each line must be ", kExpected, "."));
    text = value.get<std::string>();
  }
  return ordered_json(tokenizer.encode(
      text, o.specials_as_text ? text::Specials::as_text : text::Specials::recognised));
}

Result<ordered_json> decoded(const std::string& line, std::int64_t number,
                             const text::Tokenizer& tokenizer) {
  constexpr const char* kExpected = "a JSON array of ids, such as [9707, 11]";
  OMNIQ_ASSIGN(const json value, parse_line(line, number, kExpected));
  if (!value.is_array())
    return fail(ErrorCode::data, cat("Line ", number, " of the input is JSON, but no array."),
                cat("Each line must be ", kExpected, "."));
  std::vector<text::TokenId> ids;
  for (const json& id : value) {
    if (!id.is_number_integer() || id < 0 || id >= tokenizer.size())
      return fail(ErrorCode::data,
                  cat("Line ", number, " of the input: ", json_text(id), " is no id."),
                  cat("This tokenizer's ids are from 0 to ", tokenizer.size() - 1, "."));
    ids.push_back(id.get<text::TokenId>());
  }
  auto text = tokenizer.decode(ids);
  if (!text) {
    Error error = text.error();
    error.message = cat("Line ", number, " of the input: ", error.message);
    return tl::unexpected(std::move(error));
  }
  return ordered_json(*std::move(text));
}

Result<int> run(const Options& o, bool as_json) {
  const bool encode = o.action == "encode";
  if (!encode && o.action != "decode")
    return fail(ErrorCode::usage, cat("omniq text does not know \"", o.action, "\"."),
                "omniq text encode makes ids of lines, omniq text decode lines of ids.");
  OMNIQ_ASSIGN(const text::Tokenizer tokenizer, text::Tokenizer::open(o.tokenizer));
  auto all = ordered_json::array();
  std::int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    OMNIQ_ASSIGN(ordered_json result,
                 encode ? encoded(line, number, o, tokenizer) : decoded(line, number, tokenizer));
    if (as_json) {
      all.push_back(std::move(result));
      continue;
    }
    // Whoever writes lines one at a time gets each answer before the next line.
    std::cout << (encode || o.quoted ? json_text(result) : result.get<std::string>()) << std::endl;
  }
  if (as_json) print_json({{encode ? "ids" : "texts", std::move(all)}});
  return kDone;
}

}  // namespace

void add_text(CommandLine& line) {
  auto o = std::make_shared<Options>();
  Command command =
      add_command(line, "text", "Lines of text to token ids (encode) and back (decode)",
                  [=, &line] { return run(*o, line.json); });
  command
      .required("ACTION", o->action,
                "encode: a line of text in, a JSON array of ids out; decode: the reverse")
      .required("--tokenizer", o->tokenizer,
                "A folder with tokenizer.json, or with vocab.json and merges.txt, or a file "
                "NAME.tiktoken")
      .flag("--quoted", o->quoted, "Texts are JSON strings, so that they may have line breaks")
      .flag("--specials-as-text", o->specials_as_text,
            "encode: <|im_start|> and its like in a text are characters, not tokens");
}

}  // namespace omniq::app
