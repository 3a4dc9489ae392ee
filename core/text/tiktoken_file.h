// Files of ranks, as tiktoken reads them: a line a token, its bytes in Base64 and its rank.
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "core/text/token.h"

namespace omniq::text {

/// Ranks are ids, 0 and on without a gap. Qwen's added tokens follow: <|endoftext|>, <|im_start|>,
/// <|im_end|> and <|extra_0|> to <|extra_204|>. Any two tokens whose bytes together are a token
/// merge, which has its rank.
Result<TokenizerParts> read_tiktoken(const std::filesystem::path& path);

}  // namespace omniq::text
