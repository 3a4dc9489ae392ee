// Looks over datasets, checks their clips and makes the demo set. Lives on a WorkerThread.
#pragma once

#include <QElapsedTimer>
#include <QMetaType>
#include <QObject>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "core/data/survey.h"
#include "ui/jobs/report_pace.h"

namespace omniq::ui {

/// What one look at a folder found.
struct DatasetLook {
  data::Layout layout;
  data::ListFiles lists;  // those that were used; empty paths: the class folders alone
  Result<data::Survey> survey;
};

/// Parameters in, signals out. Every answer carries the ticket that it was asked with.
class SurveyJob : public QObject {
  Q_OBJECT
 public:
  /// `lists`: what divides the clips; none: the nearest that are found.
  void look(const QString& folder, const std::optional<data::ListFiles>& lists, int ticket);
  /// Decodes every clip; progress() follows, and checked() unless it was stopped.
  void check(const std::shared_ptr<const DatasetLook>& look, int ticket);
  void write_lists(const std::shared_ptr<const DatasetLook>& look,
                   const std::vector<data::Problem>& problems, const QString& folder, int ticket);
  void make_demo(const QString& folder, int ticket);

  /// From any thread: ends the check or the making that is under way.
  void stop();
  /// From any thread: what was asked for with tickets before this one is not wanted any more.
  void set_wanted(int ticket);

 Q_SIGNALS:
  void looked(int ticket, const std::shared_ptr<const omniq::ui::DatasetLook>& look);
  void progress(int ticket, qint64 done, qint64 total, double seconds_left);
  /// A clip that cannot be used; in the order in which they are found.
  void problem_found(int ticket, const omniq::data::Problem& problem);
  void checked(int ticket, double seconds_of_video);
  void stopped(int ticket);
  void lists_written(int ticket, const omniq::data::ListFiles& lists);
  void demo_made(int ticket, const QString& folder);
  void failed(int ticket, const omniq::Error& error);

 private:
  std::stop_token begin(int ticket);
  void tell_progress(int ticket, qint64 done, qint64 total);

  std::mutex mutex_;
  std::stop_source stop_;
  int wanted_ = 0;
  QElapsedTimer began_;
  ReportPace pace_;
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(std::shared_ptr<const omniq::ui::DatasetLook>)
Q_DECLARE_METATYPE(omniq::data::Problem)
Q_DECLARE_METATYPE(omniq::data::ListFiles)
