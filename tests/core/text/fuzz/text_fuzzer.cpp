// Any bytes as text, and as ids.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/base/text.h"
#include "core/text/tokenizer.h"

using omniq::text::Nfc;
using omniq::text::Specials;
using omniq::text::TokenId;
using omniq::text::Tokenizer;

namespace {

const Tokenizer& golden(const char* name) {
  static const auto open = [](const std::string& what) {
    auto tokenizer = Tokenizer::open(std::string(OMNIQ_TEXT_GOLDEN_DIR "/") + what);
    if (!tokenizer) {
      std::fputs(tokenizer.error().text().c_str(), stderr);
      std::abort();
    }
    return std::move(*tokenizer);
  };
  static const Tokenizer snapshot = open("snapshot"), ranks = open("ranks");
  return std::strcmp(name, "ranks") == 0 ? ranks : snapshot;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Tokenizer& tokenizer, std::string_view text, Nfc tables) {
  const auto ids = tokenizer.encode(text, Specials::as_text);
  require(tokenizer.decode(ids).value() == to_nfc(omniq::as_utf8(text), tables));
  for (const TokenId id : tokenizer.encode(text)) require(id >= 0 && id < tokenizer.size());
  require(tokenizer.encode(text, Specials::as_text) == ids);  // from the cache of words
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(golden("ranks"), text, Nfc::latest);
  check(golden("snapshot"), text, Nfc::unicode9);
  std::vector<TokenId> ids(size / 2);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = data[2 * i] | (data[2 * i + 1] & 3) << 8;
  if (const auto decoded = golden("snapshot").decode(ids)) require(omniq::is_utf8(*decoded));
  return 0;
}
