// Live charts of the chosen runs, side by side, moving together.
#pragma once

#include <QTimer>
#include <QWidget>
#include <map>

#include "ui/models/session/run_colors.h"
#include "ui/models/session/series_feed.h"
#include "ui/models/values/run_info.h"
#include "ui/pages/runs/run_charts.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QSlider;

namespace omniq::ui {

class ChartView;
class MessageCard;

class CurvesTab : public QWidget {
  Q_OBJECT
 public:
  explicit CurvesTab(RunColors& colors, QWidget* parent = nullptr);

  void set_runs(const QList<RunInfo>& runs);
  const QList<ChartView*>& charts() const { return charts_; }
  const SeriesFeed& feed() const { return feed_; }

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QWidget* make_toolbar();
  void rebuild();
  void draw_next();
  void show_legend();
  void export_all();
  /// One file a chart that shows something: `file` with the chart's name added.
  Status save_charts(const QString& file) const;

  RunColors& colors_;
  QList<RunInfo> runs_;
  SeriesFeed feed_;
  std::map<QString, RunCurves> curves_;  // of runs_
  QList<ChartView*> charts_;
  QComboBox* x_;
  QSlider* smoothing_;
  QLabel* smoothing_value_;
  QCheckBox* log_;
  MessageCard* error_;
  QLabel* legend_;
  QTimer replot_;  // curves mark it, and however many changed, charts are made once
  QTimer draw_;
  QList<ChartedRun> charted_;  // what the charts are made of, one after the other
  qsizetype drawn_ = 0;        // charts that are made
};

}  // namespace omniq::ui
