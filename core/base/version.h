// What this build is.
#pragma once

namespace omniq {
extern const char* const kVersion;      // "0.1.0"
extern const char* const kCommit;       // short hash of the sources; "" outside a git checkout
extern const char* const kCompiler;     // "GNU 12.2.0, Release"
extern const char* const kCudaVersion;  // of the toolkit that it was built with
}  // namespace omniq
