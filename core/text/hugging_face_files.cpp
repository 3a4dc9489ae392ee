#include "core/text/hugging_face_files.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/text/byte_letters.h"
#include "core/text/pretokenizer.h"

namespace omniq::text {
namespace {

using nlohmann::json;

constexpr const char* kFetchAgain = "Fetch the file again: it is damaged or is something else.";
constexpr const char* kKinds = "Byte-level BPE is read, as Qwen2 and later models of Qwen have it.";
constexpr TokenId kMostTokens = 1 << 24;

using Failure = tl::unexpected<Error>;

/// What one file says, and the errors that name it.
struct File {
  std::filesystem::path path;

  Failure damaged(const std::string& what) const {
    return fail(ErrorCode::data, cat(path.string(), ": ", what, "."), kFetchAgain);
  }
  Failure unknown(const std::string& what) const {
    return fail(ErrorCode::data, cat(path.string(), ": ", what, "."), kKinds);
  }

  Result<json> read_json() const {
    OMNIQ_ASSIGN(const std::string content, read_file(path));
    try {
      json value = json::parse(content);
      if (!value.is_object()) return damaged("this is not a JSON object");
      return value;
    } catch (const json::parse_error& error) {
      const std::size_t at = std::min(error.byte, content.size());
      const auto line = 1 + std::count(content.begin(), content.begin() + at, '\n');
      return damaged(at == content.size()
                         ? cat("the file ends in line ", line, ", before its JSON does")
                         : cat("line ", line, " is not JSON (byte ", at, ")"));
    }
  }
};

/// The member of an object, or null where it has none.
const json& member(const json& object, const char* name) {
  static const json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}
bool is(const json& object, const char* name, const char* value) {
  const json& it = member(object, name);
  return it.is_string() && it.get_ref<const std::string&>() == value;
}
bool is_true(const json& object, const char* name) { return member(object, name) == json(true); }
std::string type_of(const json& object) {
  const json& type = member(object, "type");
  return type.is_string() ? shown(type.get_ref<const std::string&>()) : "nameless";
}

/// Tokens by the texts that the files write them with.
class Vocabulary {
 public:
  /// `added`: texts that are added tokens, which need not be in letters of bytes.
  Status read(const File& file, const json& vocab, const std::vector<AddedToken>& added,
              std::vector<std::string>& tokens) {
    if (!vocab.is_object() || vocab.empty()) return file.damaged("it has no vocabulary");
    TokenId highest = -1;
    for (const auto& [text, id] : vocab.items()) {
      if (!id.is_number_integer() || id < 0 || id >= kMostTokens)
        return file.damaged(
            cat("token \"", shown(text), "\" has no id from 0 to ", kMostTokens - 1));
      highest = std::max(highest, id.get<TokenId>());
    }
    tokens.assign(static_cast<std::size_t>(highest) + 1, "");
    for (const auto& entry : vocab.items()) {
      const std::string& text = entry.key();
      const auto id = entry.value().get<TokenId>();
      const auto bytes = bytes_of_letters(text);
      const auto is_it = [&](const AddedToken& token) {
        return token.content == text && token.id == id;
      };
      if (!bytes && std::any_of(added.begin(), added.end(), is_it)) continue;
      if (!bytes || bytes->empty())
        return file.unknown(cat("token \"", shown(text), "\" (id ", id,
                                ") is not written in the letters of byte-level BPE"));
      if (!tokens[id].empty())
        return file.damaged(cat("id ", id, " is that of two tokens, \"", shown(text), "\" and \"",
                                shown(letters_of_bytes(tokens[id])), "\""));
      tokens[id] = *bytes;
      ids_.emplace(text, id);
    }
    for (int byte = 0; byte < 256; ++byte) {
      const char one = static_cast<char>(byte);
      if (const std::string letter = letters_of_bytes({&one, 1}); !ids_.contains(letter))
        return file.unknown(
            cat("there is no token for the single byte ", byte, ", \"", letter, "\""));
    }
    return {};
  }

  std::optional<TokenId> find(const std::string& text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::unordered_map<std::string, TokenId> ids_;
};

/// Adds the merge of two texts, which `where` names in errors.
Status add_merge(const File& file, const std::string& where, const Vocabulary& vocabulary,
                 const std::string& left, const std::string& right, std::vector<Merge>& merges) {
  Merge merge{};
  merge.rank = static_cast<std::int32_t>(merges.size());
  for (const auto& [text, id] :
       {std::pair(left, &merge.left), {right, &merge.right}, {left + right, &merge.result}}) {
    const auto found = vocabulary.find(text);
    if (!found)
      return file.damaged(cat(where, " merges \"", shown(left), "\" and \"", shown(right),
                              "\", and the vocabulary has no \"", shown(text), "\""));
    *id = *found;
  }
  merges.push_back(merge);
  return {};
}

Status check_merges(const File& file, const std::vector<Merge>& merges) {
  std::unordered_map<std::uint64_t, std::int32_t> seen;
  seen.reserve(merges.size());
  for (const Merge& merge : merges) {
    const auto pair = static_cast<std::uint64_t>(merge.left) << 32 | merge.right;
    const auto [first, added] = seen.emplace(pair, merge.rank);
    if (!added)
      return file.damaged(cat("the same two tokens merge twice, with ranks ", first->second,
                              " and ", merge.rank, " (the first is 0)"));
  }
  return {};
}

/// One of "added_tokens" or of "added_tokens_decoder".
Result<AddedToken> added_token(const File& file, const json& entry, const json& id) {
  const json& content = member(entry, "content");
  if (!content.is_string() || content.get_ref<const std::string&>().empty() ||
      !id.is_number_integer() || id < 0 || id >= kMostTokens)
    return file.damaged("an added token has no content, or no id from 0 on");
  AddedToken token;
  token.content = content.get<std::string>();
  token.id = id.get<TokenId>();
  token.special = is_true(entry, "special");
  token.normalized = is_true(entry, "normalized");
  token.lstrip = is_true(entry, "lstrip");
  token.rstrip = is_true(entry, "rstrip");
  if (is_true(entry, "single_word"))
    return file.unknown(cat("the added token \"", shown(token.content),
                            "\" counts only as a whole word (single_word)"));
  return token;
}

/// Adds a token unless it is there; two that differ are an error.
Status add(const File& file, AddedToken token, std::vector<AddedToken>& added) {
  for (const AddedToken& other : added) {
    if (other.content == token.content && other.id == token.id) return {};
    if (other.content == token.content)
      return file.damaged(cat("the added token \"", shown(token.content), "\" has ids ", other.id,
                              " and ", token.id));
    if (other.id == token.id)
      return file.damaged(cat("id ", token.id, " is that of two added tokens, \"",
                              shown(other.content), "\" and \"", shown(token.content), "\""));
  }
  added.push_back(std::move(token));
  return {};
}

/// tokenizer_config.json, where there is one: more added tokens, and which one masks.
Status read_config(const File& file, std::vector<AddedToken>& added, std::string& mask) {
  std::error_code ec;
  if (!std::filesystem::exists(file.path, ec)) return {};
  OMNIQ_ASSIGN(const json config, file.read_json());
  if (const json& more = member(config, "added_tokens_decoder"); more.is_object()) {
    for (const auto& [key, entry] : more.items()) {
      TokenId id = -1;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size())
        return file.damaged(cat("\"", shown(key), "\" among the added tokens is not an id"));
      OMNIQ_ASSIGN(AddedToken token, added_token(file, entry, id));
      OMNIQ_TRY(add(file, std::move(token), added));
    }
  }
  const json& named = member(config, "mask_token");
  const json& content = named.is_object() ? member(named, "content") : named;
  if (content.is_string()) mask = content.get<std::string>();
  return {};
}

/// What both kinds of snapshot end with.
Status finish(const File& file, const std::string& mask, TokenizerParts& parts) {
  for (const AddedToken& token : parts.added) {
    if (static_cast<std::size_t>(token.id) >= parts.tokens.size()) continue;
    const std::string& there = parts.tokens[token.id];
    if (!there.empty() && letters_of_bytes(there) != token.content && there != token.content)
      return file.damaged(cat("id ", token.id, " is that of the added token \"",
                              shown(token.content), "\" and of \"", shown(letters_of_bytes(there)),
                              "\""));
  }
  const std::string name = mask.empty() ? "[MASK]" : mask;
  const auto found = std::find_if(parts.added.begin(), parts.added.end(),
                                  [&](const AddedToken& token) { return token.content == name; });
  if (found != parts.added.end()) parts.mask_token = found->id;
  if (found == parts.added.end() && !mask.empty())
    return file.damaged(cat("the mask token \"", shown(mask), "\" is not among the added tokens"));
  return {};
}

/// The steps of a pipeline, one alone being a pipeline too.
std::vector<json> steps(const json& stage, const char* list) {
  if (stage.is_null()) return {};
  if (!is(stage, "type", "Sequence")) return {stage};
  const json& inner = member(stage, list);
  return inner.is_array() ? inner.get<std::vector<json>>() : std::vector<json>{};
}

Status read_normalizer(const File& file, const json& normalizer, TokenizerParts& parts) {
  parts.nfc = Nfc::none;
  for (const json& step : steps(normalizer, "normalizers")) {
    if (!is(step, "type", "NFC"))
      return file.unknown(cat("texts are normalised by \"", type_of(step), "\", not NFC"));
    parts.nfc = Nfc::unicode9;
  }
  return {};
}

/// A pattern that cuts out words, then bytes as letters.
Status read_pretokenizer(const File& file, const json& pretokenizer, TokenizerParts& parts) {
  const std::vector<json> all = steps(pretokenizer, "pretokenizers");
  const bool expected =
      all.size() == 2 && is(all[0], "type", "Split") && is(all[0], "behavior", "Isolated") &&
      !is_true(all[0], "invert") && member(member(all[0], "pattern"), "Regex").is_string() &&
      is(all[1], "type", "ByteLevel") && member(all[1], "add_prefix_space") == json(false) &&
      member(all[1], "use_regex") == json(false);
  if (!expected)
    return file.unknown(
        "the pre_tokenizer is not one that cuts out what a Regex matches (Split, Isolated) and "
        "then "
        "takes bytes (ByteLevel without add_prefix_space and use_regex)");
  parts.pattern = all[0]["pattern"]["Regex"].get<std::string>();
  return {};
}

Status check_model(const File& file, const json& model) {
  if (!is(model, "type", "BPE") && !(member(model, "type").is_null() && model.contains("merges")))
    return file.unknown(cat("its model is \"", type_of(model), "\", not BPE"));
  for (const char* key :
       {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    if (const json& value = member(model, key);
        !value.is_null() && value != json("") && value != json(0.0))
      return file.unknown(cat("its model sets ", key));
  }
  for (const char* key : {"byte_fallback", "fuse_unk"}) {
    if (is_true(model, key)) return file.unknown(cat("its model sets ", key));
  }
  return {};
}

/// Written "a b" or ["a", "b"].
Status read_merges(const File& file, const json& merges, const Vocabulary& vocabulary,
                   TokenizerParts& parts) {
  if (!merges.is_array()) return file.damaged("its model has no merges");
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const json& entry = merges[i];
    const std::string where = cat("merge ", i + 1);
    std::vector<std::string> pair;
    if (entry.is_string()) {
      pair = split(entry.get_ref<const std::string&>(), ' ');
    } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() &&
               entry[1].is_string()) {
      pair = {entry[0].get<std::string>(), entry[1].get<std::string>()};
    }
    if (pair.size() != 2) return file.damaged(where + " does not name two tokens");
    OMNIQ_TRY(add_merge(file, where, vocabulary, pair[0], pair[1], parts.merges));
  }
  return check_merges(file, parts.merges);
}

}  // namespace

Result<TokenizerParts> read_tokenizer_json(const std::filesystem::path& path) {
  const File file{path};
  const File config{path.parent_path() / "tokenizer_config.json"};
  OMNIQ_ASSIGN(const json all, file.read_json());
  const json& model = member(all, "model");
  if (!model.is_object()) return file.unknown("it describes no model");
  OMNIQ_TRY(check_model(file, model));
  TokenizerParts parts;
  parts.whole_words = is_true(model, "ignore_merges");
  OMNIQ_TRY(read_normalizer(file, member(all, "normalizer"), parts));
  OMNIQ_TRY(read_pretokenizer(file, member(all, "pre_tokenizer"), parts));
  for (const json& step : steps(member(all, "post_processor"), "processors")) {
    if (!is(step, "type", "ByteLevel"))
      return file.unknown(cat("its post_processor \"", type_of(step), "\" adds tokens of its own"));
  }
  if (const json& added = member(all, "added_tokens"); added.is_array()) {
    for (const json& entry : added) {
      OMNIQ_ASSIGN(AddedToken token, added_token(file, entry, member(entry, "id")));
      OMNIQ_TRY(add(file, std::move(token), parts.added));
    }
  }
  std::string mask;
  OMNIQ_TRY(read_config(config, parts.added, mask));
  Vocabulary vocabulary;
  OMNIQ_TRY(vocabulary.read(file, member(model, "vocab"), parts.added, parts.tokens));
  OMNIQ_TRY(read_merges(file, member(model, "merges"), vocabulary, parts));
  OMNIQ_TRY(finish(mask.empty() ? file : config, mask, parts));
  return parts;
}

Result<TokenizerParts> read_vocab_and_merges(const std::filesystem::path& folder) {
  const File vocab{folder / "vocab.json"}, merges{folder / "merges.txt"};
  const File config{folder / "tokenizer_config.json"};
  TokenizerParts parts;
  parts.pattern = kQwenPattern;
  parts.nfc = Nfc::unicode9;
  std::string mask;
  OMNIQ_TRY(read_config(config, parts.added, mask));
  OMNIQ_ASSIGN(const json tokens, vocab.read_json());
  Vocabulary vocabulary;
  OMNIQ_TRY(vocabulary.read(vocab, tokens, parts.added, parts.tokens));
  OMNIQ_ASSIGN(const std::string content, read_file(merges.path));
  std::size_t number = 0;
  for (std::string line : split(content, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const std::vector<std::string> pair = split(line, ' ');
    const std::string where = cat("line ", number);
    if (pair.size() != 2) return merges.damaged(where + " does not name two tokens");
    OMNIQ_TRY(add_merge(merges, where, vocabulary, pair[0], pair[1], parts.merges));
  }
  OMNIQ_TRY(check_merges(merges, parts.merges));
  OMNIQ_TRY(finish(config, mask, parts));
  return parts;
}

}  // namespace omniq::text
