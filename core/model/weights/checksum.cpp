#include "core/model/weights/checksum.h"

#define XXH_INLINE_ALL  // no library to carry to a GPU host
#include <xxhash.h>

#include <cstdio>

namespace omniq::model {

std::string checksum(const void* bytes, std::size_t count) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(bytes, count)));
  return digits;
}

}  // namespace omniq::model
