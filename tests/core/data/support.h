// What the tests of core/data share: a folder that goes away, small files, the data that may be at
// hand.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace omniq::data::test {

/// libtorch exports std::filesystem functions of its own, which a program that links it gets, and
/// its remove_all calls a null pointer. This does the same.
inline void remove_tree(const std::filesystem::path& path) {
  std::error_code ec;
  if (std::filesystem::is_directory(std::filesystem::symlink_status(path, ec))) {
    std::vector<std::filesystem::path> children;
    for (const auto& entry : std::filesystem::directory_iterator(path, ec)) {
      children.push_back(entry.path());
    }
    for (const auto& child : children) remove_tree(child);
  }
  std::filesystem::remove(path, ec);
}

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "omniq-data-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempDir() { remove_tree(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

  /// Writes a file below the folder, and its parents.
  std::filesystem::path write(const std::filesystem::path& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// Real clips and lists; they are not part of the repository.
inline std::filesystem::path shared_data() {
  const char* folder = std::getenv("OMNIQ_SHARED_DATA");
  return folder != nullptr ? folder : OMNIQ_SHARED_DATA_DEFAULT;
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace omniq::data::test

#define OMNIQ_SKIP_WITHOUT(folder)                                                            \
  if (!std::filesystem::exists(folder)) {                                                     \
    GTEST_SKIP() << (folder).string() << " is not there; OMNIQ_SHARED_DATA names its parent"; \
  }                                                                                           \
  static_assert(true)
