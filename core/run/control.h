// What is asked of the process that trains a run: control.json in the run's folder, for any process
// on any machine that sees the folder.
#pragma once

#include <functional>
#include <thread>

#include "core/base/result.h"
#include "core/run/run_folder.h"

namespace omniq::run {

enum class Request {
  pause,     // save, then end
  stop_now,  // end at the last checkpoint, without saving
};

/// Asks whoever trains the run and returns at once, with the status that named him; a later request
/// takes the place of one that was not heard yet. Of a run that is paused nothing has to be asked.
/// Errors say that nobody trains it (usage), or why the folder cannot be read or written (io).
Result<RunStatus> ask(const RunFolder& folder, Request request);

/// Waits until the process that `asked` names does not train the run any more; returns the status
/// then.
Result<RunStatus> wait_until_ended(const RunFolder& folder, const RunStatus& asked);

/// Hears for the process that trains the run, while it lives, what is asked of it. A request is
/// gone once it is heard, and one that was left for an earlier start is dropped.
class RequestListener {
 public:
  /// `heard` is called on a thread of its own, within a tenth of a second on a local disk; a shared
  /// one may take its time to show the file. `folder` must be claimed, and stay.
  RequestListener(const RunFolder& folder, std::function<void(Request)> heard);
  ~RequestListener();

 private:
  void listen(const std::stop_token& stop);

  const RunFolder& folder_;
  std::function<void(Request)> heard_;
  std::jthread thread_;
};

}  // namespace omniq::run
