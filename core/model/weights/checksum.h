// Checksums that find damage (not forgery), at the speed of memory.
#pragma once

#include <cstddef>
#include <string>

namespace omniq::model {

/// XXH3 (64 bits) of the bytes, as 16 hexadecimal digits.
std::string checksum(const void* bytes, std::size_t count);

}  // namespace omniq::model
