#include "core/text/tokenizer_files.h"

#include <algorithm>
#include <vector>

#include "core/base/text.h"
#include "core/text/hugging_face_files.h"
#include "core/text/tiktoken_file.h"

namespace omniq::text {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormats =
    "Give a folder with tokenizer.json, or with vocab.json and merges.txt, or a file that ends in "
    ".tiktoken.";

Result<fs::path> tiktoken_file_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".tiktoken") found.push_back(entry.path());
  }
  if (ec)
    return fail(ErrorCode::data, cat("Cannot read ", folder.string(), ": ", ec.message(), "."),
                kFormats);
  if (found.size() > 1) {
    std::sort(found.begin(), found.end());
    return fail(
        ErrorCode::data,
        cat(folder.string(), " has ", found.size(), " files that end in .tiktoken, ",
            found[0].filename().string(), " and ", found[1].filename().string(), " among them."),
        "Name one of them instead of the folder.");
  }
  if (found.empty())
    return fail(ErrorCode::data, cat("There is no tokenizer in ", folder.string(), "."), kFormats);
  return found.front();
}

}  // namespace

Result<TokenizerParts> read_tokenizer(const fs::path& path) {
  std::error_code ec;
  const fs::file_status status = fs::status(path, ec);
  if (!fs::exists(status))
    return fail(ErrorCode::data, cat("There is no tokenizer at ", path.string(), "."), kFormats);
  if (path.extension() == ".tiktoken") return read_tiktoken(path);
  if (!fs::is_directory(status)) {
    if (path.extension() == ".json" && path.filename() != "vocab.json" &&
        path.filename() != "tokenizer_config.json")
      return read_tokenizer_json(path);
    return fail(ErrorCode::data, path.string() + " is not a tokenizer.", kFormats);
  }
  if (fs::exists(path / "tokenizer.json", ec)) return read_tokenizer_json(path / "tokenizer.json");
  const bool vocab = fs::exists(path / "vocab.json", ec),
             merges = fs::exists(path / "merges.txt", ec);
  if (vocab && merges) return read_vocab_and_merges(path);
  if (vocab || merges)
    return fail(ErrorCode::data,
                cat(path.string(), " has ", vocab ? "vocab.json" : "merges.txt", " but not ",
                    vocab ? "merges.txt" : "vocab.json", "."),
                "Both are needed: fetch the other one too.");
  OMNIQ_ASSIGN(const fs::path file, tiktoken_file_in(path));
  return read_tiktoken(file);
}

}  // namespace omniq::text
