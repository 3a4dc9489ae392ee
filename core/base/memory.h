// How the process keeps memory.
#pragma once

#include <cstdint>

namespace omniq {

/// Keeps freed blocks for the next tensor instead of giving them back to the system. A training
/// step on a CPU frees and asks for the same blocks again; the page faults that glibc's defaults
/// cost there are about a fifth of the step. Call once, at the start of a program that trains; does
/// nothing with another C library.
void keep_freed_memory();

/// Gives freed blocks back to the system now, so that what grows afterwards is new.
void release_freed_memory();

/// Bytes of this process that lie in the machine's memory, now and at most since the last reset
/// (where the kernel refuses the reset: since the process began). 0 where /proc does not say.
std::int64_t resident_memory();
std::int64_t peak_resident_memory();
void reset_peak_resident_memory();

/// Bytes that this process could take without anything being swapped out: what the kernel says is
/// available, or what the container's limit leaves. 0 where neither is known.
std::int64_t available_memory();

}  // namespace omniq
