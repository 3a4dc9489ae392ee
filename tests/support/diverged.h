// A checkpoint as a diverged training could leave it, made without torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace omniq::testing_support {

/// Overwrites the float32 tensor "head.bias" of a safetensors file with NaN, and takes its
/// checksums away, which would find that.
inline void make_diverged(const std::filesystem::path& checkpoint) {
  std::fstream file(checkpoint, std::ios::in | std::ios::out | std::ios::binary);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  std::uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), sizeof length);
  std::string header(length, ' ');
  file.read(header.data(), static_cast<std::streamsize>(length));
  for (std::size_t at; (at = header.find("omniq.xxh3.")) != std::string::npos;)
    header.replace(at, 5, "other");
  file.seekp(sizeof length);
  file.write(header.data(), static_cast<std::streamsize>(length));
  const auto tensor = nlohmann::json::parse(header).at("head.bias");
  const std::uint64_t begin = tensor.at("data_offsets")[0], end = tensor.at("data_offsets")[1];
  file.seekp(static_cast<std::streamoff>(sizeof length + length + begin));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::uint64_t i = begin; i < end; i += sizeof nan)
    file.write(reinterpret_cast<const char*>(&nan), sizeof nan);
}

}  // namespace omniq::testing_support
