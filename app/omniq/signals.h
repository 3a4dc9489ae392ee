// Ctrl-C and SIGTERM as a stop request.
#pragma once

#include <stop_token>

namespace omniq::app {

/// From now on SIGINT and SIGTERM request a stop; a second one ends the process at once. Call
/// before any thread is started.
void watch_signals();

/// The stop that they request.
std::stop_token stop_token();

}  // namespace omniq::app
