// Tells the desktop when a run ends, in this window or elsewhere, while nobody may be looking.
#pragma once

#include <QObject>
#include <memory>

#include "ui/base/notifier.h"
#include "ui/models/session/run_endings.h"

namespace omniq::ui {

class TrainingBar;

class RunNotifications : public QObject {
  Q_OBJECT
 public:
  /// `window`: while it is hidden or trains, there is an icon in the tray; a click brings it to
  /// the front.
  RunNotifications(const WorkspaceModel& runs, TrainingBar& training, QWidget& window);

  /// Who speaks to the desktop; the tray, where nobody else is set.
  void set_notifier(std::unique_ptr<Notifier> notifier);

 Q_SIGNALS:
  /// The message about this run was clicked.
  void run_chosen(const QString& run);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void update_waiting();
  void tell(const RunInfo& run);
  void bring_to_front();

  RunEndings endings_;
  TrainingBar& training_;
  QWidget& window_;
  std::unique_ptr<Notifier> notifier_;
  QString told_, last_end_;  // the run that the last message was about, and how it ended
};

}  // namespace omniq::ui
