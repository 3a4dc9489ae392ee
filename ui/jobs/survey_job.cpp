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
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    data::Layout layout = data::find_layout(to_path(folder));
    data::ListFiles chosen = lists.value_or(data::ListFiles{});
    if (!lists && !layout.lists.empty()) chosen = layout.lists.front();
    data::DatasetOptions options;
    options.root = layout.root;
    options.trainlist = chosen.trainlist;
    options.testlist = chosen.testlist;
    options.classind = chosen.classind;
    Q_EMIT looked(ticket,
                  std::make_shared<const DatasetLook>(DatasetLook{
                      std::move(layout), std::move(chosen), data::survey_dataset(options)}));
    return {};
  });
}

void SurveyJob::check(const std::shared_ptr<const DatasetLook>& look, int ticket) {
  perform(ticket, {}, [&](const std::stop_token& stop) -> Status {
    begin();
    double seconds = 0;
    const auto tell = [&](const data::ClipCheck& check) {
      seconds = check.seconds;
      for (const data::Problem& problem : check.problems) Q_EMIT problem_found(ticket, problem);
      tell_progress(ticket, check.done, check.total);
    };
    OMNIQ_ASSIGN(Engine * engine, engine());
    OMNIQ_TRY(engine->check_clips(*look->survey, decoding_threads(), tell, stop));
    Q_EMIT checked(ticket, seconds);
    return {};
  });
}

void SurveyJob::write_lists(const std::shared_ptr<const DatasetLook>& look,
                            const std::vector<data::Problem>& problems, const QString& folder,
                            int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    OMNIQ_ASSIGN(const auto lists, data::write_lists(*look->survey, problems, to_path(folder)));
    Q_EMIT lists_written(ticket, lists);
    return {};
  });
}

void SurveyJob::make_demo(const QString& folder, int ticket) {
  perform(ticket, {}, [&](const std::stop_token& stop) -> Status {
    begin();
    data::DemoOptions options;
    options.threads = decoding_threads();
    const auto tell = [&](std::int64_t done, std::int64_t total) {
      tell_progress(ticket, done, total);
    };
    OMNIQ_ASSIGN(Engine * engine, engine());
    OMNIQ_TRY(engine->generate_demo(to_path(folder), options, tell, stop));
    Q_EMIT demo_made(ticket, folder);
    return {};
  });
}

void SurveyJob::begin() {
  began_.start();
  pace_.reset();
}

void SurveyJob::tell_progress(int ticket, qint64 done, qint64 total) {
  if (!pace_.due(done, total)) return;
  const double each = static_cast<double>(began_.elapsed()) / 1000.0 / std::max<double>(1, done);
  Q_EMIT progress(ticket, done, total, each * static_cast<double>(total - done));
}

}  // namespace omniq::ui
