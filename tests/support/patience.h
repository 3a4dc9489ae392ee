// Tests wait for what must happen, however long a busy machine takes, and never for a time.
#pragma once

#include <chrono>
#include <cstdlib>
#include <thread>

namespace omniq::testing_support {

/// When waiting is given up: ten minutes, before ctest ends the program after fifteen, so that it
/// is said what was waited for. OMNIQ_PATIENCE=SECONDS for who works on a test that fails.
inline std::chrono::milliseconds patience() {
  const char* seconds = std::getenv("OMNIQ_PATIENCE");
  return std::chrono::seconds(seconds == nullptr ? 600 : std::atoi(seconds));
}

/// Waits until `condition` holds; false if it does not in all that time.
template <class Condition>
bool eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + patience();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace omniq::testing_support
