// Looks over datasets, checks their clips and makes the demo set.
#pragma once

#include <QElapsedTimer>
#include <memory>
#include <optional>

#include "core/data/survey.h"
#include "ui/jobs/job.h"
#include "ui/jobs/report_pace.h"

namespace omniq::ui {

/// What one look at a folder found.
struct DatasetLook {
  data::Layout layout;
  data::ListFiles lists;  // those that were used; empty paths: the class folders alone
  Result<data::Survey> survey;
};

class SurveyJob : public Job {
  Q_OBJECT
 public:
  /// `lists`: what divides the clips; none: the nearest that are found.
  void look(const QString& folder, const std::optional<data::ListFiles>& lists, int ticket);
  /// Decodes every clip; progress() follows, and checked() unless it was stopped.
  void check(const std::shared_ptr<const DatasetLook>& look, int ticket);
  void write_lists(const std::shared_ptr<const DatasetLook>& look,
                   const std::vector<data::Problem>& problems, const QString& folder, int ticket);
  void make_demo(const QString& folder, int ticket);

 Q_SIGNALS:
  void looked(int ticket, const std::shared_ptr<const omniq::ui::DatasetLook>& look);
  void progress(int ticket, qint64 done, qint64 total, double seconds_left);
  /// A clip that cannot be used; in the order in which they are found.
  void problem_found(int ticket, const omniq::data::Problem& problem);
  void checked(int ticket, double seconds_of_video);
  void lists_written(int ticket, const omniq::data::ListFiles& lists);
  void demo_made(int ticket, const QString& folder);

 private:
  void begin();
  void tell_progress(int ticket, qint64 done, qint64 total);

  QElapsedTimer began_;
  ReportPace pace_;
};

}  // namespace omniq::ui
