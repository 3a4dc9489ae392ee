#include "core/model/weights/weights.h"

#include <array>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/text.h"
#include "core/model/weights/torch_file.h"

namespace omniq::model {
namespace fs = std::filesystem;

Result<StateDict> load_weights(const fs::path& path) {
  std::array<char, 9> start{};
  OMNIQ_ASSIGN(InputFile in, InputFile::open(path));
  OMNIQ_ASSIGN(const std::size_t got, in.read(start.data(), start.size()));
  const std::string_view magic(start.data(), got);

  if (magic.starts_with("PK\x03\x04")) return load_torch_file(path);
  const auto unusable = [&](const char* what, const char* hint) {
    return fail(ErrorCode::checkpoint,
                cat("Cannot read weights from ", path.string(), ": it is ", what, "."), hint);
  };
  if (magic.starts_with("\x80\x02")) {
    return unusable("in the format of torch before 1.6",
                    "Convert it in Python: torch.save(torch.load(old, weights_only=True), new).");
  }
  if (path.extension() == ".safetensors" || (magic.size() == 9 && magic[8] == '{')) {
    OMNIQ_ASSIGN(SafetensorsFile file, load_safetensors(path));
    return std::move(file.tensors);
  }
  return unusable("neither a safetensors file nor one of torch.save",
                  "Give a .safetensors, .pth or .pt file.");
}

Result<std::string> file_sha256(const fs::path& path) {
  OMNIQ_ASSIGN(InputFile in, InputFile::open(path));
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    OMNIQ_ASSIGN(const std::size_t got, in.read(buffer.data(), buffer.size()));
    if (got == 0) return hash.hex();
    hash.update({buffer.data(), got});
  }
}

}  // namespace omniq::model
