// The small tokenizers of tests/core/text/golden, and Qwen's where it is at hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/text/tokenizer.h"

namespace omniq::text::test {

inline std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(OMNIQ_TEXT_GOLDEN_DIR) / name;
}

/// qwen.tiktoken, which is not part of the project.
inline std::filesystem::path qwen_ranks() {
  const char* folder = std::getenv("OMNIQ_SHARED_DATA");
  return std::filesystem::path(folder ? folder : OMNIQ_SHARED_DATA_DEFAULT) / "qwen/qwen.tiktoken";
}

inline Tokenizer open(const std::filesystem::path& path) {
  auto tokenizer = Tokenizer::open(path);
  if (!tokenizer) throw std::runtime_error(tokenizer.error().text());
  return std::move(*tokenizer);
}

}  // namespace omniq::text::test
