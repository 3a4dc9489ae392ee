// Where the committed test files are: this folder of the source tree, or $OMNIQ_GOLDEN_DIR on a
// machine that has the program alone.
#pragma once

#include <ftw.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace omniq::model {

inline std::filesystem::path golden(const char* name) {
  const char* moved = std::getenv("OMNIQ_GOLDEN_DIR");
  return std::filesystem::path(moved != nullptr ? moved : OMNIQ_MODEL_GOLDEN_DIR) / name;
}

/// A folder of its own for a test, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "omniq-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    // Not std::filesystem::remove_all: libtorch exports its own copy, which calls a null pointer
    // here.
    ::nftw(
        path_.c_str(),
        [](const char* path, const struct stat*, int, struct FTW*) { return std::remove(path); },
        16, FTW_DEPTH | FTW_PHYS);
  }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace omniq::model
