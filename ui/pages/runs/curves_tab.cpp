#include "ui/pages/runs/curves_tab.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QSlider>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/save_dialog.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr int kReplotDelay = 60;  // ms

QString rich_name(const QString& name) { return name.toHtmlEscaped(); }

}  // namespace

CurvesTab::CurvesTab(RunColors& colors, QWidget* parent) : QWidget(parent), colors_(colors) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 8, 0, 0);
  column->setSpacing(8);
  error_ = new MessageCard;
  column->addWidget(make_toolbar());
  column->addWidget(error_);
  legend_ = new QLabel;
  legend_->setTextFormat(Qt::RichText);
  legend_->setWordWrap(true);
  legend_->setContentsMargins(4, 0, 4, 0);
  column->addWidget(legend_);

  auto* inside = new QWidget;
  auto* grid = new QGridLayout(inside);
  grid->setContentsMargins(0, 0, 4, 0);
  grid->setSpacing(8);
  constexpr int kAcross = 3;
  for (int i = 0; i < static_cast<int>(std::size(kCharts)); ++i) {
    auto* card = new QFrame;
    card->setProperty("card", true);
    auto* chart = new ChartView;
    auto* inner = new QVBoxLayout(card);
    inner->setContentsMargins(1, 1, 1, 1);
    inner->addWidget(chart);
    grid->addWidget(card, i / kAcross, i % kAcross);
    charts_.append(chart);
  }
  for (ChartView* chart : std::as_const(charts_)) {
    connect(chart, &ChartView::x_range_changed, this, [this, chart](Range x, bool everything) {
      for (ChartView* other : std::as_const(charts_)) {
        if (other == chart) continue;
        everything ? other->fit() : other->set_x_range(x);
      }
    });
    connect(chart, &ChartView::save_failed, this, [this](const Error& error) {
      error_->show_error(tr("The chart was not saved"), error);
    });
    connect(chart, &ChartView::cursor_moved, this, [this, chart](double x) {
      for (ChartView* other : std::as_const(charts_)) {
        if (other != chart) other->set_cursor_x(x);
      }
    });
  }
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setWidget(inside);
  scroll->viewport()->setAutoFillBackground(false);
  inside->setAutoFillBackground(false);
  column->addWidget(scroll, 1);

  replot_.setSingleShot(true);
  replot_.setInterval(kReplotDelay);
  connect(&replot_, &QTimer::timeout, this, &CurvesTab::rebuild);
  draw_.setSingleShot(true);
  draw_.setInterval(0);
  connect(&draw_, &QTimer::timeout, this, &CurvesTab::draw_next);
  connect(&feed_, &SeriesFeed::changed, this, [this] {
    if (!replot_.isActive()) replot_.start();  // a long file that is being read must not put it off
  });
}

QWidget* CurvesTab::make_toolbar() {
  auto* bar = new QWidget;
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 4, 0);
  row->setSpacing(8);
  const QSettings settings;
  x_ = new QComboBox;
  x_->addItems({tr("Step"), tr("Epoch"), tr("Time")});
  x_->setCurrentIndex(settings.value("curves/x", 0).toInt());
  x_->setAccessibleName(tr("Horizontal axis"));
  smoothing_ = new QSlider(Qt::Horizontal);
  smoothing_->setRange(0, 99);
  smoothing_->setValue(preferences().smoothing());
  smoothing_->setFixedWidth(120);
  smoothing_->setAccessibleName(tr("Smoothing"));
  smoothing_->setToolTip(tr("Exponential smoothing of training curves; the raw curve stays faint"));
  smoothing_value_ = new QLabel;
  smoothing_value_->setMinimumWidth(32);
  log_ = new QCheckBox(tr("Log scale"));
  log_->setChecked(settings.value("curves/log", false).toBool());
  log_->setToolTip(tr("Logarithmic loss and learning rate"));
  auto* fit = new QPushButton(tr("Show everything"));
  fit->setToolTip(tr("Double-click a chart for the same. Wheel or drag zooms, Shift+drag pans."));
  auto* save = new QPushButton(tr("Export…"));
  for (QWidget* w : {static_cast<QWidget*>(new QLabel(tr("By"))), static_cast<QWidget*>(x_)})
    row->addWidget(w);
  row->addSpacing(8);
  row->addWidget(new QLabel(tr("Smoothing")));
  row->addWidget(smoothing_);
  row->addWidget(smoothing_value_);
  row->addSpacing(8);
  row->addWidget(log_);
  row->addStretch();
  row->addWidget(fit);
  row->addWidget(save);

  const auto changed = [this] {
    QSettings s;
    s.setValue("curves/x", x_->currentIndex());
    s.setValue("curves/smoothing", smoothing_->value());
    s.setValue("curves/log", log_->isChecked());
    replot_.start();
  };
  connect(x_, &QComboBox::currentIndexChanged, this, changed);
  connect(smoothing_, &QSlider::valueChanged, this, changed);
  connect(log_, &QCheckBox::toggled, this, changed);
  connect(&preferences(), &Preferences::changed, smoothing_,
          [this] { smoothing_->setValue(preferences().smoothing()); });
  connect(fit, &QPushButton::clicked, this, [this] { charts_.front()->show_everything(); });
  connect(save, &QPushButton::clicked, this, &CurvesTab::export_all);
  return bar;
}

void CurvesTab::set_runs(const QList<RunInfo>& runs) {
  runs_ = runs;
  draw_.stop();  // before curves that it would draw are gone
  QStringList paths;
  for (const RunInfo& run : runs) paths.append(run.path);
  feed_.follow(paths);
  std::erase_if(curves_, [&](const auto& entry) { return !paths.contains(entry.first); });
  show_legend();
  replot_.start();
}

void CurvesTab::show_legend() {
  QStringList parts;
  for (const RunInfo& run : std::as_const(runs_)) {
    QString part = u"<span style=\"color:%1\">●</span>&nbsp;%2"_s.arg(
        colors_.color(run.path).name(), rich_name(run.name).replace(u' ', u"&nbsp;"_s));
    if (const qint64 damaged = feed_.series(run.path).damaged(); damaged > 0)
      part +=
          tr(" (%n damaged line(s) of metrics.jsonl left out)", nullptr, static_cast<int>(damaged));
    parts.append(part);
  }
  const auto held_out =
      std::count_if(runs_.begin(), runs_.end(), [](const RunInfo& run) { return run.held_out; });
  const QString monitored = held_out == runs_.size() ? tr("held out")
                            : held_out == 0          ? tr("test list")
                                                     : tr("held out or test list");
  const QString key = tr("solid: training, dashed: %1, dotted: Top-5").arg(monitored);
  legend_->setText(parts.join(u" &nbsp; "_s) + u" &nbsp; <span style=\"color:%1\">%2</span>"_s.arg(
                                                   Theme::current().muted.name(), key));
}

void CurvesTab::rebuild() {
  smoothing_value_->setText(u"%1"_s.arg(smoothing_->value() / 100.0, 0, 'f', 2));
  RunCurves::Form form;
  form.x = static_cast<XAxis>(x_->currentIndex());
  form.smoothing = smoothing_->value() / 100.0;
  charted_.clear();
  for (const RunInfo& run : std::as_const(runs_)) {
    form.steps_per_epoch =
        run.epochs > 0 ? static_cast<double>(run.steps) / static_cast<double>(run.epochs) : 0;
    RunCurves& curves = curves_[run.path];
    curves.update(feed_.series(run.path), form);
    charted_.append({run.name, colors_.color(run.path), &curves, run.held_out});
  }
  show_legend();
  drawn_ = 0;
  draw_next();
}

// A chart a turn of the event loop: painting six long ones at once would be felt.
void CurvesTab::draw_next() {
  const auto x = static_cast<XAxis>(x_->currentIndex());
  charts_[drawn_]->set_scene(build_chart(kCharts[drawn_], charted_, x, log_->isChecked()));
  if (++drawn_ < charts_.size()) draw_.start();
}

void CurvesTab::export_all() {
  ask_and_save(
      this, tr("Export charts"), tr("curves.png"),
      tr("Pictures (*.png);;Vector graphics (*.svg);;Pages (*.pdf);;Tables of all points (*.csv)"),
      *error_, [this](const QString& file) { return save_charts(file); });
}

Status CurvesTab::save_charts(const QString& file) const {
  const QFileInfo info(file);
  static const char* const names[] = {"loss", "accuracy",   "learning-rate",
                                      "vram", "throughput", "data-wait"};
  for (qsizetype i = 0; i < charts_.size(); ++i) {
    if (charts_[i]->scene().empty()) continue;
    OMNIQ_TRY(charts_[i]->save(u"%1/%2-%3.%4"_s.arg(info.path(), info.completeBaseName(),
                                                    QString::fromLatin1(names[i]), info.suffix())));
  }
  return {};
}

void CurvesTab::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange && !runs_.isEmpty()) {
    show_legend();
    replot_.start();
  }
  QWidget::changeEvent(event);
}

}  // namespace omniq::ui
