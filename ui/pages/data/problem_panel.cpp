#include "ui/pages/data/problem_panel.h"

#include <QHeaderView>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QTableView>

#include "ui/base/format.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/table_view.h"

namespace omniq::ui {

ProblemPanel::ProblemPanel(QWidget* parent) : QFrame(parent) {
  setProperty("card", true);
  summary_ = heading_label();
  state_ = muted_label();
  bar_ = thin_bar(140);
  bar_->setAccessibleName(tr("Progress of the check"));
  check_ = new QPushButton(tr("Check the files"));
  check_->setToolTip(tr("Decodes every clip to its end"));
  stop_ = new QPushButton(tr("Stop"));
  write_ = new QPushButton(tr("Write lists without these…"));
  write_->setToolTip(tr("New lists in a folder of their own; the ones that there are stay"));

  sorted_.setSourceModel(&model_);
  sorted_.setSortRole(ProblemModel::kSortRole);
  table_ = row_table(sorted_, tr("Problems of the dataset"));
  table_->setSortingEnabled(true);
  table_->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);  // gravest first
  table_->setProperty("padded", true);
  QHeaderView* header = table_->horizontalHeader();
  header->resizeSection(ProblemModel::kKind, 150);
  header->resizeSection(ProblemModel::kWhere, 240);
  header->resizeSection(ProblemModel::kWhat, 300);
  header->setStretchLastSection(true);
  QHBoxLayout* head = in_row({{summary_, 1}, state_, bar_, stop_, check_, write_}, 10);
  lay_out(this, in_column({head, {table_, 1}}, 6), {12, 8, 8, 8});
  connect(check_, &QPushButton::clicked, this, &ProblemPanel::check_requested);
  connect(stop_, &QPushButton::clicked, this, &ProblemPanel::stop_requested);
  connect(write_, &QPushButton::clicked, this, &ProblemPanel::write_requested);
  show_idle();
  show_summary();
}

void ProblemPanel::set_problems(const std::vector<data::Problem>& problems) {
  model_.set_problems(problems);
  show_summary();
}

void ProblemPanel::add(const data::Problem& problem) {
  model_.add(problem);
  show_summary();
}

void ProblemPanel::show_progress(qint64 done, qint64 total, double seconds_left) {
  check_->hide();
  stop_->show();
  bar_->show();
  bar_->setRange(0, static_cast<int>(total));
  bar_->setValue(static_cast<int>(done));
  QString text = tr("%1 of %n clip(s)", nullptr, static_cast<int>(total)).arg(done);
  if (seconds_left >= 0) text += tr(", %1 left").arg(duration_text(seconds_left));
  state_->setText(text);
}

bool ProblemPanel::busy() const { return check_->isHidden(); }

void ProblemPanel::show_idle(const QString& text) {
  bar_->hide();
  stop_->hide();
  check_->show();
  state_->setText(text);
}

void ProblemPanel::show_summary() {
  const QString summary = model_.summary();
  summary_->setText(summary.isEmpty() ? tr("No problems found") : summary);
  summary_->setToolTip(summary);
  write_->setVisible(model_.lists_would_help());
  const bool any = model_.rowCount() > 0;
  table_->setVisible(any);
  setMaximumHeight(any ? QWIDGETSIZE_MAX : minimumSizeHint().height());
}

}  // namespace omniq::ui
