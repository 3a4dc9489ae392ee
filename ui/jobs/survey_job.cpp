#include "ui/jobs/survey_job.h"

#include <QThread>

#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {
namespace {

int decoding_threads() { return std::max(1, QThread::idealThreadCount()); }

}  // namespace

void SurveyJob::look(const QString& folder, const std::optional<data::ListFiles>& lists,
                     int ticket) {
  data::Layout layout = data::find_layout(to_path(folder));
  data::ListFiles chosen = lists.value_or(data::ListFiles{});
  if (!lists && !layout.lists.empty()) chosen = layout.lists.front();
  data::DatasetOptions options;
  options.root = layout.root;
  options.trainlist = chosen.trainlist;
  options.testlist = chosen.testlist;
  options.classind = chosen.classind;
  Q_EMIT looked(ticket, std::make_shared<const DatasetLook>(DatasetLook{
                            std::move(layout), std::move(chosen), data::survey_dataset(options)}));
}

void SurveyJob::check(const std::shared_ptr<const DatasetLook>& look, int ticket) {
  double seconds = 0;
  const std::stop_token stop = begin(ticket);
  const Status status = engine().and_then([&](Engine* engine) {
    return engine->check_clips(
        *look->survey, decoding_threads(),
        [&](const data::ClipCheck& check) {
          seconds = check.seconds;
          for (const data::Problem& problem : check.problems) Q_EMIT problem_found(ticket, problem);
          tell_progress(ticket, check.done, check.total);
        },
        stop);
  });
  if (status) {
    Q_EMIT checked(ticket, seconds);
  } else if (status.error().code == ErrorCode::stopped) {
    Q_EMIT stopped(ticket);
  } else {
    Q_EMIT failed(ticket, status.error());
  }
}

void SurveyJob::write_lists(const std::shared_ptr<const DatasetLook>& look,
                            const std::vector<data::Problem>& problems, const QString& folder,
                            int ticket) {
  const auto lists = data::write_lists(*look->survey, problems, to_path(folder));
  if (lists) {
    Q_EMIT lists_written(ticket, *lists);
  } else {
    Q_EMIT failed(ticket, lists.error());
  }
}

void SurveyJob::make_demo(const QString& folder, int ticket) {
  data::DemoOptions options;
  options.threads = decoding_threads();
  const std::stop_token stop = begin(ticket);
  const Status made = engine().and_then([&](Engine* engine) {
    return engine->generate_demo(
        to_path(folder), options,
        [&](std::int64_t done, std::int64_t total) { tell_progress(ticket, done, total); }, stop);
  });
  if (made) {
    Q_EMIT demo_made(ticket, folder);
  } else if (made.error().code == ErrorCode::stopped) {
    Q_EMIT stopped(ticket);
  } else {
    Q_EMIT failed(ticket, made.error());
  }
}

void SurveyJob::stop() {
  const std::lock_guard lock(mutex_);
  stop_.request_stop();
}

void SurveyJob::set_wanted(int ticket) {
  const std::lock_guard lock(mutex_);
  wanted_ = ticket;
  stop_.request_stop();
}

std::stop_token SurveyJob::begin(int ticket) {
  began_.start();
  pace_.reset();
  const std::lock_guard lock(mutex_);
  stop_ = {};
  if (ticket != wanted_) stop_.request_stop();
  return stop_.get_token();
}

void SurveyJob::tell_progress(int ticket, qint64 done, qint64 total) {
  if (!pace_.due(done, total)) return;
  const double each = static_cast<double>(began_.elapsed()) / 1000.0 / std::max<double>(1, done);
  Q_EMIT progress(ticket, done, total, each * static_cast<double>(total - done));
}

}  // namespace omniq::ui
