// Event files that TensorBoard reads: a TFRecord file of Event protocol buffers with scalar
// summaries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace omniq::run {

class TensorBoardWriter {
 public:
  /// Starts a new events.out.tfevents.* file in `folder`. `first_step` tells TensorBoard to drop
  /// what older files, of a start that ended without a checkpoint, say of that step and later ones.
  static Result<TensorBoardWriter> create(const std::filesystem::path& folder,
                                          std::int64_t first_step);

  Status scalar(const std::string& tag, double value, std::int64_t step, double time_seconds);

 private:
  explicit TensorBoardWriter(std::filesystem::path path) : path_(std::move(path)) {}
  Status append(const std::string& event);
  std::filesystem::path path_;
};

/// CRC-32C (Castagnoli), and TFRecord's rotated form of it.
std::uint32_t crc32c(const std::string& bytes);
std::uint32_t masked_crc32c(const std::string& bytes);

}  // namespace omniq::run
