// The engine is not for the window's thread, which is that of the tests.
#pragma once

#include <future>

namespace omniq::ui::test {

/// What `work` returns, called in a thread of its own.
template <typename Work>
auto off_thread(const Work& work) {
  return std::async(std::launch::async, work).get();
}

}  // namespace omniq::ui::test
