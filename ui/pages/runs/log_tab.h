// The end of a run's log, growing as the run goes on.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/models/values/run_info.h"

class QPlainTextEdit;

namespace omniq::ui {

class LogTab : public QWidget {
  Q_OBJECT
 public:
  explicit LogTab(QWidget* parent = nullptr);
  void set_run(const RunInfo& run);

 protected:
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;

 private:
  void read();

  QString file_;
  qint64 size_ = -1;
  QPlainTextEdit* text_;
  QTimer timer_;
};

}  // namespace omniq::ui
