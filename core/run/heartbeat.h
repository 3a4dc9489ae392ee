// Keeps status.json of a running run alive.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "core/run/run_folder.h"

namespace omniq::run {

/// While it lives, status.json says `running` with a fresh heartbeat. finish() writes the last
/// state; without it (an exception) the run is left as `failed`.
class Heartbeat {
 public:
  Heartbeat(const RunFolder& folder, RunStatus status);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// Changes the status; it reaches the disk with the next beat, at once with `now`.
  void update(const std::function<void(RunStatus&)>& change, bool now = false);
  Status finish(RunState state, const std::string& reason);

 private:
  Status write();

  const RunFolder& folder_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  RunStatus status_;
  bool finished_ = false;
  std::jthread thread_;
};

}  // namespace omniq::run
