#include "core/text/tokenizer.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "core/base/text.h"
#include "core/text/added_tokens.h"
#include "core/text/bpe.h"
#include "core/text/nfc.h"
#include "core/text/pretokenizer.h"
#include "core/text/tokenizer_files.h"
#include "core/text/word_cache.h"

namespace omniq::text {
namespace {

std::vector<AddedToken> those(const std::vector<AddedToken>& tokens, bool normalized) {
  std::vector<AddedToken> out;
  for (const AddedToken& token : tokens) {
    if (token.normalized == normalized) out.push_back(token);
  }
  return out;
}

/// In a normalised text they stand normalised.
std::vector<AddedToken> those_after_nfc(const TokenizerParts& parts) {
  std::vector<AddedToken> out = those(parts.added, true);
  for (AddedToken& token : out) {
    token.content = to_nfc(token.content, parts.nfc);
  }
  return out;
}

}  // namespace

struct Tokenizer::Impl {
  Impl(TokenizerParts from, Pretokenizer pattern)
      : parts(std::move(from)),
        words(std::move(pattern)),
        bpe(parts.tokens, parts.merges, parts.whole_words),
        before_nfc(those(parts.added, false)),
        after_nfc(those_after_nfc(parts)) {
    parts.merges = {};  // bpe has them
    size = static_cast<TokenId>(parts.tokens.size());
    for (const AddedToken& token : parts.added) {
      added.emplace(token.id, token.content);
      size = std::max(size, token.id + 1);
    }
  }

  /// What the id stands for; null where it is that of no token.
  const std::string* bytes_of(TokenId id) const {
    if (id < 0) return nullptr;
    if (static_cast<std::size_t>(id) < parts.tokens.size() && !parts.tokens[id].empty())
      return &parts.tokens[id];
    const auto found = added.find(id);
    return found == added.end() ? nullptr : &found->second;
  }

  /// What a call works with. It is used again: its cache of words is what makes calls fast.
  struct Workspace {
    Pretokenizer::Scratch match;
    Bpe::Scratch merging;
    WordCache cache;
    std::vector<Part> outer, inner;
  };

  /// A workspace for the time of a call.
  class Lease {
   public:
    explicit Lease(const Impl& owner) : owner_(owner) {
      {
        const std::lock_guard lock(owner_.mutex);
        if (!owner_.idle.empty()) {
          held_ = std::move(owner_.idle.back());
          owner_.idle.pop_back();
        }
      }
      if (!held_) held_ = std::make_unique<Workspace>();
    }
    ~Lease() {
      constexpr std::size_t kLargest = 1 << 16;  // a word of megabytes leaves tens of them
      if (held_->merging.symbols.capacity() > kLargest) return;
      const std::lock_guard lock(owner_.mutex);
      owner_.idle.push_back(std::move(held_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Workspace& operator*() const { return *held_; }

   private:
    const Impl& owner_;
    std::unique_ptr<Workspace> held_;
  };

  /// The ids of a text that has no added token.
  void encode_words(std::string_view text, Workspace& work, std::vector<TokenId>& ids) const {
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = words.word_end(text, start, work.match);
      const std::string_view word = text.substr(start, end - start);
      start = end;
      if (const auto known = work.cache.find(word); !known.empty()) {
        ids.insert(ids.end(), known.begin(), known.end());
        continue;
      }
      const std::size_t before = ids.size();
      bpe.encode(word, ids, work.merging);
      work.cache.put(word, std::span(ids).subspan(before));
    }
  }

  void encode(std::string_view text, bool specials, std::vector<TokenId>& ids) const {
    const Lease lease(*this);
    Workspace& work = *lease;
    work.outer.clear();
    before_nfc.split(text, specials, work.outer);
    for (const Part& outer : work.outer) {
      if (outer.token) {
        ids.push_back(*outer.token);
        continue;
      }
      std::string composed;
      std::string_view normal = outer.text;
      if (parts.nfc != Nfc::none && !surely_nfc(normal))
        normal = composed = to_nfc(normal, parts.nfc);
      work.inner.clear();
      after_nfc.split(normal, specials, work.inner);
      for (const Part& inner : work.inner) {
        if (inner.token) {
          ids.push_back(*inner.token);
        } else {
          encode_words(inner.text, work, ids);
        }
      }
    }
  }

  TokenizerParts parts;
  Pretokenizer words;
  Bpe bpe;
  AddedTokens before_nfc, after_nfc;
  std::unordered_map<TokenId, std::string> added;
  TokenId size = 0;

  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<Workspace>> idle;
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& path) {
  OMNIQ_ASSIGN(TokenizerParts parts, read_tokenizer(path));
  auto made = make(std::move(parts));
  if (!made) {
    Error error = made.error();
    error.message = cat(path.string(), ": ", error.message);
    return tl::unexpected(std::move(error));
  }
  return made;
}

Result<Tokenizer> Tokenizer::make(TokenizerParts parts) {
  OMNIQ_ASSIGN(Pretokenizer pattern, Pretokenizer::compile(parts.pattern));
  return Tokenizer(std::make_unique<Impl>(std::move(parts), std::move(pattern)));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, Specials specials) const {
  std::vector<TokenId> ids;
  std::string replaced;
  if (!is_utf8(text)) text = replaced = as_utf8(text);
  impl_->encode(text, specials == Specials::recognised, ids);
  return ids;
}

Result<std::string> Tokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (const TokenId id : ids) {
    const std::string* const bytes = impl_->bytes_of(id);
    if (!bytes)
      return fail(ErrorCode::data, cat("Id ", id, " is that of no token."),
                  cat("This tokenizer's ids are from 0 to ", size() - 1, "."));
    text += *bytes;
  }
  return is_utf8(text) ? text : as_utf8(text);
}

TokenId Tokenizer::size() const { return impl_->size; }
TokenId Tokenizer::ordinary_size() const {
  return static_cast<TokenId>(impl_->parts.tokens.size());
}
const std::vector<AddedToken>& Tokenizer::added_tokens() const { return impl_->parts.added; }

std::optional<TokenId> Tokenizer::added_id(std::string_view content) const {
  for (const AddedToken& token : added_tokens()) {
    if (token.content == content) return token.id;
  }
  return {};
}

std::optional<TokenId> Tokenizer::mask_token_id() const { return impl_->parts.mask_token; }

}  // namespace omniq::text
