// A worker object on a thread of its own: parameters in and results out by signals alone.
#pragma once

#include <QMetaObject>
#include <QObject>
#include <QThread>

namespace omniq::ui {

/// Owns `worker` and the thread that it lives on; both end with this object. The worker's
/// destructor runs on its thread, so that timers and watchers end where they live.
template <class Worker>
class WorkerThread {
 public:
  explicit WorkerThread(const QString& name) : worker_(new Worker) {
    thread_.setObjectName(name);
    worker_->moveToThread(&thread_);
    QObject::connect(&thread_, &QThread::finished, worker_, &QObject::deleteLater);
    thread_.start();
  }
  ~WorkerThread() {
    thread_.requestInterruption();
    thread_.quit();
    thread_.wait();
  }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  /// For connect(); never call its members directly from another thread.
  Worker* worker() const { return worker_; }
  /// Queues `call(worker)` on the worker's thread.
  template <class Call>
  void post(Call call) const {
    QMetaObject::invokeMethod(
        worker_, [worker = worker_, call = std::move(call)] { call(*worker); },
        Qt::QueuedConnection);
  }

 private:
  QThread thread_;
  Worker* worker_;
};

}  // namespace omniq::ui
