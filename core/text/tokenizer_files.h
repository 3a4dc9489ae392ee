// The files that tokenizers come in.
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "core/text/token.h"

namespace omniq::text {

/// `path` is one of
///   a folder (a Hugging Face snapshot) with tokenizer.json, or vocab.json and merges.txt, each with
///     or without tokenizer_config.json, or with one file NAME.tiktoken: the first of these counts;
///   a tokenizer.json;
///   a NAME.tiktoken.
/// Errors (data) say which file, where in it and what is wrong.
Result<TokenizerParts> read_tokenizer(const std::filesystem::path& path);

}  // namespace omniq::text
