#include "ui/jobs/job.h"

#include <QStringList>
#include <functional>
#include <future>
#include <new>
#include <stdexcept>

#include "core/base/text.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class AnyJob : public Job {
  // No Q_OBJECT: it has no signals beyond those of its base.
 public:
  void work(const Work& work, int ticket) { perform(ticket, "Take less.", work); }
};

class JobTest : public QObject {
  Q_OBJECT
 private:
  std::unique_ptr<JobThread<AnyJob>> thread_;
  QStringList told_;
  std::optional<Error> error_;

  void ask(const std::function<Status(const std::stop_token&)>& work) {
    thread_->ask(&AnyJob::work, work);
  }

 private Q_SLOTS:
  void init() {
    told_.clear();
    error_.reset();
    thread_ = std::make_unique<JobThread<AnyJob>>(u"any job"_s);
    thread_->on(&Job::failed, this, [this](const Error& error) {
      told_.append(to_qt(error.message));
      error_ = error;
    });
    thread_->on(&Job::stopped, this, [this] { told_.append(u"stopped"_s); });
  }
  void cleanup() { thread_.reset(); }

  void an_error_is_told() {
    ask([](const std::stop_token&) -> Status { return fail(ErrorCode::data, "No such clip."); });
    QTRY_COMPARE(told_, QStringList{u"No such clip."_s});
    QCOMPARE(error_->code, ErrorCode::data);
  }

  void what_is_thrown_is_an_error_that_says_what_it_was() {
    ask([](const std::stop_token&) -> Status { throw std::bad_alloc(); });
    QTRY_VERIFY(error_);
    QCOMPARE(error_->code, ErrorCode::memory);
    QCOMPARE(error_->hint, std::string("Take less."));
    error_.reset();
    ask([](const std::stop_token&) -> Status { throw std::runtime_error("a broken invariant"); });
    QTRY_VERIFY(error_);
    QCOMPARE(error_->code, ErrorCode::engine);
    QVERIFY(error_->message.ends_with("a broken invariant"));
  }

  void what_is_stopped_says_so() {
    std::promise<void> begun;
    ask([&](const std::stop_token& stop) -> Status {
      begun.set_value();
      while (!stop.stop_requested()) std::this_thread::yield();
      return fail(ErrorCode::stopped, "Stopped.");
    });
    begun.get_future().wait();
    thread_->stop();
    QTRY_COMPARE(told_, QStringList{u"stopped"_s});
  }

  void what_is_not_wanted_any_more_is_stopped_or_not_begun_and_silent() {
    std::promise<void> begun;
    int later = 0;
    ask([&](const std::stop_token& stop) -> Status {
      begun.set_value();
      while (!stop.stop_requested()) std::this_thread::yield();
      return fail(ErrorCode::data, "Nobody hears this.");
    });
    begun.get_future().wait();
    const auto count = [&](const std::stop_token&) -> Status {
      return fail(ErrorCode::data, cat("Counted ", ++later, "."));
    };
    ask(count);
    ask(count);
    thread_->ask_too(&AnyJob::work, count);
    QTRY_COMPARE(told_, (QStringList{u"Counted 1."_s, u"Counted 2."_s}));
  }

  // Its thread has told it before the window's thread asks for something else.
  void an_answer_that_was_on_its_way_is_silent_too() {
    std::promise<void> told;
    const auto once = connect(
        thread_->worker(), &Job::failed, this, [&] { told.set_value(); }, Qt::DirectConnection);
    ask([](const std::stop_token&) -> Status { return fail(ErrorCode::data, "Too late."); });
    told.get_future().wait();
    disconnect(once);
    ask([](const std::stop_token&) -> Status { return fail(ErrorCode::data, "In time."); });
    QTRY_COMPARE(told_, QStringList{u"In time."_s});
  }

  void the_thread_ends_with_what_is_under_way() {
    std::promise<void> begun;
    ask([&](const std::stop_token& stop) -> Status {
      begun.set_value();
      while (!stop.stop_requested()) std::this_thread::yield();
      return {};
    });
    begun.get_future().wait();
    thread_.reset();  // or this would never return
  }
};

OMNIQ_UI_TEST(JobTest, job_test);

}  // namespace omniq::ui

#include "job_test.moc"
