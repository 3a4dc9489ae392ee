#include "ui/pages/runs/run_details.h"

#include <QLabel>
#include <QTabWidget>

#include "ui/base/format.h"
#include "ui/models/session/run_colors.h"
#include "ui/pages/runs/config_tab.h"
#include "ui/pages/runs/curves_tab.h"
#include "ui/pages/runs/evaluation_tab.h"
#include "ui/pages/runs/log_tab.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

RunDetails::RunDetails(const WorkspaceModel& workspace, RunColors& colors, QWidget* parent)
    : QWidget(parent) {
  title_ = new QLabel;
  enlarge(title_, 1.15);
  title_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  subtitle_ = muted_label();
  problem_ = new MessageCard;
  tabs_ = new QTabWidget;
  tabs_->setDocumentMode(true);
  curves_ = new CurvesTab(colors);
  config_ = new ConfigTab(workspace);
  log_ = new LogTab;
  evaluation_ = new EvaluationTab;
  tabs_->addTab(curves_, tr("Curves"));
  tabs_->addTab(config_, tr("Configuration"));
  tabs_->addTab(log_, tr("Log"));
  tabs_->addTab(evaluation_, tr("Evaluation"));
  lay_out(this, in_column({in_row({title_, {subtitle_, 1}}, 10), problem_, {tabs_, 1}}, 6),
          {0, 4, 0, 0});
  connect(evaluation_, &EvaluationTab::clip_opened, this,
          [this](const QString& file) { Q_EMIT clip_opened(run_, file); });
  connect(evaluation_, &EvaluationTab::evaluate_requested, this,
          [this] { Q_EMIT evaluate_requested(run_); });
}

void RunDetails::set_runs(const QList<RunInfo>& runs) {
  const RunInfo& run = runs.front();
  run_ = run.path;
  title_->setText(runs.size() == 1 ? run.name
                                   : tr("%n runs", nullptr, static_cast<int>(runs.size())));
  if (runs.size() == 1) {
    QStringList parts = {state_text(state_key(run))};
    if (!run.fusion.isEmpty()) parts.append(run.fusion);
    if (run.epochs > 0) parts.append(tr("epoch %1 of %2").arg(run.epoch).arg(run.epochs));
    if (run.seconds_left >= 0) parts.append(tr("%1 left").arg(duration_text(run.seconds_left)));
    subtitle_->setText(parts.join(u"  ·  "_s));
  } else {
    subtitle_->setText(tr("configuration, log and evaluation: %1").arg(run.name));
  }
  show_problem(run);
  curves_->set_runs(runs);
  config_->set_run(run, runs.size() == 2 ? runs[1].path : QString());
  log_->set_run(run);
  evaluation_->set_run(run);
}

void RunDetails::show_problem(const RunInfo& run) {
  if (run.damaged) {
    problem_->show_error(tr("This run folder is damaged"), run.problem, {}, false);
  } else if (run.state == run::RunState::failed) {
    problem_->show_error(tr("The run failed"), run.problem, {}, false);
  } else if (run.state == run::RunState::interrupted) {
    problem_->show_error(
        tr("The run was interrupted"),
        tr("Its process ended without a word; it can go on from its last checkpoint."), {}, false);
  } else {
    problem_->hide();
  }
}

void RunDetails::show_tab(int index) { tabs_->setCurrentIndex(index); }

}  // namespace omniq::ui
