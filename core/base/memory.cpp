#include "core/base/memory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace omniq {
namespace {

/// The number after `start` in the first line of the file that begins so; 0 where none does.
std::int64_t number_after(const std::string& start, const std::string& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(start)) return std::atoll(line.c_str() + start.size());
  }
  return 0;
}

/// A line of /proc/self/status, "VmRSS:   123 kB", in bytes.
std::int64_t status_line(const std::string& name) {
  return number_after(name + ":", "/proc/self/status") * 1024;
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

std::int64_t available_memory() {
  std::int64_t available = number_after("MemAvailable:", "/proc/meminfo") * 1024;
  struct Group {  // version 2, version 1
    const char *folder, *limit, *used, *cache;
  };
  for (const Group& group :
       {Group{"/sys/fs/cgroup/", "memory.max", "memory.current", "inactive_file "},
        {"/sys/fs/cgroup/memory/", "memory.limit_in_bytes", "memory.usage_in_bytes",
         "total_inactive_file "}}) {
    const std::string folder = group.folder;
    const std::int64_t limit = number_after("", folder + group.limit);  // "max": 0
    if (limit <= 0) continue;
    // Cached files count as used until somebody needs their room.
    const std::int64_t used =
        number_after("", folder + group.used) - number_after(group.cache, folder + "memory.stat");
    const std::int64_t left = std::max<std::int64_t>(1, limit - used);
    available = available > 0 ? std::min(available, left) : left;
  }
  return available;
}

}  // namespace omniq
