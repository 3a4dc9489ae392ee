#include "core/base/memory.h"

#include <cstdlib>
#include <fstream>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace omniq {
namespace {

/// A line of /proc/self/status, "VmRSS:   123 kB", in bytes.
std::int64_t status_line(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name + ":")) return std::atoll(line.c_str() + name.size() + 1) * 1024;
  }
  return 0;
}

}  // namespace

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kLargestAllowed = 32 << 20;  // larger thresholds are refused
  mallopt(M_MMAP_THRESHOLD, kLargestAllowed);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void release_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::int64_t resident_memory() { return status_line("VmRSS"); }

std::int64_t peak_resident_memory() { return status_line("VmHWM"); }

void reset_peak_resident_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace omniq
