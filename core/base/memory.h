// How the process keeps memory.
#pragma once

namespace omniq {

/// Keeps freed blocks for the next tensor instead of giving them back to the system. A training
/// step on a CPU frees and asks for the same blocks again; the page faults that glibc's defaults
/// cost there are about a fifth of the step. Call once, at the start of a program that trains; does
/// nothing with another C library.
void keep_freed_memory();

}  // namespace omniq
