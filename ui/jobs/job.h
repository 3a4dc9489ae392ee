// The shape of a job: it lives on a thread of its own, parameters come in with a ticket, and
// signals go out with it.
#pragma once

#include <QObject>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>

#include "core/base/result.h"
#include "ui/base/worker_thread.h"

namespace omniq::ui {

class Job : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  /// From any thread: the ticket to ask with from now on. What was asked for with those before is
  /// not wanted any more: it is stopped where it is under way, and not begun where it waits.
  int renew();
  /// From any thread: stops what is under way. An answer or stopped() follows.
  void stop();

 Q_SIGNALS:
  void failed(int ticket, const omniq::Error& error);
  void stopped(int ticket);

 protected:
  using Work = std::function<Status(const std::stop_token& stop)>;
  /// Does the work where its ticket is wanted. An error of it is told by failed(), one of code
  /// `stopped` by stopped(); what it throws is an error as well, whose hint is `if_memory` where
  /// memory ran out.
  void perform(int ticket, const std::string& if_memory, const Work& work);

 private:
  std::mutex mutex_;
  int ticket_ = 0;
  std::stop_source stop_;  // of the newest ticket
};

/// A job and its thread, which end together: what is under way is stopped. For the window's thread.
template <class J>
class JobThread : public WorkerThread<J> {
 public:
  using WorkerThread<J>::WorkerThread;
  ~JobThread() { forget(); }

  /// Queues `job.method(arguments …, ticket)` with a new ticket: nothing else is wanted any more.
  template <class... Parameters, class... Arguments>
  void ask(void (J::*method)(Parameters...), Arguments... arguments) {
    forget();
    ask_too(method, std::move(arguments)...);
  }
  /// The same with the newest ticket.
  template <class... Parameters, class... Arguments>
  void ask_too(void (J::*method)(Parameters...), Arguments... arguments) const {
    this->post([method, ticket = ticket_, ... arguments = std::move(arguments)](J& job) {
      (job.*method)(arguments..., ticket);
    });
  }
  /// Nothing is wanted any more.
  void forget() { ticket_ = this->worker()->renew(); }
  void stop() { this->worker()->stop(); }

  /// As connect(), for answers that are wanted: `slot` gets what they hold beside the ticket.
  template <class Source, class... Args, class Receiver, class Slot>
  void on(void (Source::*answer)(int, Args...), Receiver* receiver, Slot slot) {
    QObject::connect(this->worker(), answer, receiver,
                     [this, receiver, slot](int ticket, Args... args) {
                       if (ticket != ticket_) return;
                       if constexpr (std::is_member_function_pointer_v<Slot>) {
                         (receiver->*slot)(args...);
                       } else {
                         slot(args...);
                       }
                     });
  }

 private:
  int ticket_ = 0;
};

}  // namespace omniq::ui
