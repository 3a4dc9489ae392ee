// Ctrl-C, Ctrl-\ and SIGTERM as a stop request.
#pragma once

#include <stop_token>

namespace omniq::app {

/// From now on SIGINT and SIGTERM request a stop; a second one, or SIGQUIT, a stop without saving;
/// one more ends the process at once. Call before any thread is started.
void watch_signals();

/// The stops that they request.
std::stop_token stop_token();
std::stop_token stop_now_token();

}  // namespace omniq::app
