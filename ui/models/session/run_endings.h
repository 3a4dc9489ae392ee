// Which runs came to an end while somebody watched, wherever they are trained.
#pragma once

#include <QObject>
#include <QSet>

#include "ui/models/items/workspace_model.h"

namespace omniq::ui {

class RunEndings : public QObject {
  Q_OBJECT
 public:
  explicit RunEndings(const WorkspaceModel& runs, QObject* parent = nullptr);

 Q_SIGNALS:
  /// A run that was running before is not any more.
  void ended(const omniq::ui::RunInfo& run);

 private:
  void look(int first, int last);
  void forget_removed();

  const WorkspaceModel& runs_;
  QSet<QString> active_;
};

}  // namespace omniq::ui
