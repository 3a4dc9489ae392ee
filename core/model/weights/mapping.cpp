#include "core/model/weights/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "core/base/files.h"
#include "core/base/text.h"

namespace omniq::model {

Result<std::shared_ptr<const Mapping>> Mapping::open(const std::filesystem::path& path) {
  OMNIQ_ASSIGN(const InputFile file, InputFile::open(path));
  void* data = nullptr;
  if (file.size() > 0) {
    data = ::mmap(nullptr, file.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor(), 0);
    if (data == MAP_FAILED) {
      return fail(ErrorCode::io,
                  cat("Cannot map ", path.string(), ": ", std::strerror(errno), "."));
    }
  }
  return std::shared_ptr<const Mapping>(new Mapping(static_cast<char*>(data), file.size()));
}

Mapping::~Mapping() {
  if (data_) ::munmap(data_, size_);
}

}  // namespace omniq::model
