// The files of a Hugging Face snapshot that say how text becomes ids. Byte-level BPE is read, with
// the pipeline that Qwen's tokenizers have; a file that asks for more is refused by name, for ids
// that are almost right train nothing. Truncation and padding are the caller's.
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "core/text/token.h"

namespace omniq::text {

/// tokenizer.json; of a tokenizer_config.json beside it the mask token, and added tokens that the
/// first file lacks.
Result<TokenizerParts> read_tokenizer_json(const std::filesystem::path& path);

/// vocab.json and merges.txt in `folder`, cut and normalised as Qwen's; added tokens and the mask
/// token from a tokenizer_config.json beside them.
Result<TokenizerParts> read_vocab_and_merges(const std::filesystem::path& folder);

}  // namespace omniq::text
