// Any bytes as a tokenizer's file: tokenizer.json or vocab.json where they begin with {, merges.txt
// where they begin with #, else a file of ranks.
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/text.h"
#include "core/text/tokenizer.h"

using omniq::text::Tokenizer;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    char pattern[] = "/dev/shm/omniq-fuzz-XXXXXX";
    path_ = ::mkdtemp(pattern);
    fs::create_directory(path_ / "vocab");
    for (const char* name : {"vocab.json", "merges.txt"})
      fs::copy_file(fs::path(OMNIQ_TEXT_GOLDEN_DIR "/vocab") / name, path_ / "vocab" / name);
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void write(const char* name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  fs::path path_;
};

void use(const fs::path& path) {
  const auto tokenizer = Tokenizer::open(path);
  if (!tokenizer) {
    if (tokenizer.error().message.empty()) std::abort();
    return;
  }
  const auto ids = tokenizer->encode("It's  é\u0301 <|im_end|>", omniq::text::Specials::recognised);
  if (!tokenizer->decode(ids)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  if (content.starts_with('#')) {
    folder.write("vocab/merges.txt", content);
    use(folder.path() / "vocab");
  } else if (content.starts_with('{')) {
    folder.write("tokenizer.json", content);
    use(folder.path() / "tokenizer.json");
    folder.write("tokenizer_config.json", content);
    use(folder.path() / "tokenizer.json");
    fs::remove(folder.path() / "tokenizer_config.json");
  } else {
    folder.write("a.tiktoken", content);
    use(folder.path() / "a.tiktoken");
  }
  return 0;
}
