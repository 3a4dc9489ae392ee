#include "ui/pages/runs/evaluation_tab.h"

#include <QAction>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableView>
#include <QtConcurrent>

#include "ui/base/format.h"
#include "ui/base/rich_text.h"
#include "ui/base/text.h"
#include "ui/widgets/confusion_view.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/table_export.h"
#include "ui/widgets/table_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

EvaluationTab::EvaluationTab(QWidget* parent) : QWidget(parent) {
  figures_ = new QLabel;
  figures_->setTextFormat(Qt::RichText);
  figures_->setWordWrap(true);
  matrix_ = new ConfusionView;
  which_ = heading_label();
  auto* all = new QPushButton(tr("All"));
  auto* wrong = new QPushButton(tr("Wrong ones"));
  auto* save = new QPushButton(tr("Export…"));
  save->setToolTip(tr("The clips that are listed, as CSV, Markdown or LaTeX"));
  error_ = new MessageCard;
  table_ = row_table(clips_, tr("Clips"));
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->horizontalHeader()->setSectionResizeMode(ClipModel::kClip, QHeaderView::Stretch);
  table_->horizontalHeader()->resizeSection(ClipModel::kLabel, 140);
  table_->horizontalHeader()->resizeSection(ClipModel::kPredicted, 150);

  QVBoxLayout* listed = in_column({in_row({{which_, 1}, all, wrong, save}), {table_, 1}});
  QHBoxLayout* row = in_row({{matrix_, 2}, {listed, 3}}, 16);
  QWidget* content = in_widget(in_column({error_, figures_, {row, 1}}, 10), {0, 8, 4, 0});

  empty_ = new EmptyState;
  evaluate_ = empty_->add_button(tr("Evaluate"), true);
  connect(evaluate_, &QPushButton::clicked, this, &EvaluationTab::evaluate_requested);
  stack_ = new QStackedWidget;
  stack_->addWidget(empty_);
  stack_->addWidget(content);
  lay_out(this, in_column({stack_}));

  connect(matrix_, &ConfusionView::cell_chosen, this, &EvaluationTab::show_cell);
  connect(all, &QPushButton::clicked, this, [this] {
    clips_.show_all();
    which_->setText(tr("All %n clip(s)", nullptr, clips_.rowCount()));
  });
  connect(wrong, &QPushButton::clicked, this, [this] {
    clips_.show_wrong();
    which_->setText(tr("%n wrong clip(s)", nullptr, clips_.rowCount()));
  });
  const QAction* export_clips = make_exportable(
      *table_, *error_, u"clips"_s, [this] { return tr("%1: %2").arg(run_.id, which_->text()); });
  connect(save, &QPushButton::clicked, export_clips, &QAction::trigger);
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& index) {
    Q_EMIT clip_opened(index.data(ClipModel::kFileRole).toString());
  });
}

void EvaluationTab::set_run(const RunInfo& run) {
  run_ = run;
  const QString key = u"%1 %2 %3"_s.arg(run.path, state_key(run)).arg(run.evaluated, 0, 'f', 3);
  if (key == loaded_) return;
  loaded_ = key;
  if (run.evaluated > 0) {
    load();
    return;
  }
  empty_->set_text(u"runs"_s, tr("Not evaluated yet"),
                   run.active() ? tr("The evaluation comes after the training.")
                                : tr("Accuracy, parameters, memory and latency on the test list, "
                                     "and what was taken for what."));
  evaluate_->setVisible(!run.active() && !run.damaged && run.epoch > 0);
  stack_->setCurrentIndex(0);
}

void EvaluationTab::load() {
  const QString path = run_.path;
  using Answer = std::shared_ptr<Result<EvaluationFiles>>;
  QtConcurrent::run([path]() -> Answer {
    return std::make_shared<Result<EvaluationFiles>>(read_evaluation(to_path(path)));
  }).then(this, [this, path](const Answer& answer) { show_result(path, *answer); });
}

void EvaluationTab::show_result(const QString& run, const Result<EvaluationFiles>& result) {
  if (run != run_.path) return;  // another one was chosen meanwhile
  if (!result) {
    empty_->set_text(u"runs"_s, tr("The evaluation cannot be shown"), to_qt(result.error().text()));
    evaluate_->show();
    stack_->setCurrentIndex(0);
    return;
  }
  const run::Evaluation& e = result->record;
  const run::Summary& s = e.summary;
  const auto millions = [](std::int64_t n) {
    return tr("%1 M").arg(static_cast<double>(n) / 1e6, 0, 'f', 2);
  };
  QStringList parts = {figure_html(tr("Top-1"), percent_text(s.top1)),
                       figure_html(tr("Top-5"), percent_text(s.top5)),
                       figure_html(tr("Clips"), QString::number(s.clips))};
  if (s.unreadable > 0)
    parts.append(figure_html(tr("Unreadable, so wrong"), QString::number(s.unreadable)));
  parts.append(figure_html(tr("Parameters"), millions(s.parameters.total)));
  parts.append(figure_html(tr("Trainable"), millions(s.parameters.trainable)));
  if (s.latency)
    parts.append(figure_html(tr("Latency, batch of %1").arg(s.latency->batch),
                             tr("%1 ms").arg(s.latency->timing.median, 0, 'f', 1)));
  parts.append(figure_html(tr("On"), to_qt(s.device + ", " + s.precision)));
  figures_->setText(parts.join(u" &nbsp; &nbsp; "_s));
  classes_ = e.classes;
  matrix_->set_matrix(e.classes, e.confusion);
  clips_.set_clips(e.predictions, result->data_root);
  which_->setText(tr("All %n clip(s)", nullptr, clips_.rowCount()));
  stack_->setCurrentIndex(1);
}

void EvaluationTab::show_cell(int label, int prediction) {
  clips_.show_cell(classes_[label], classes_[prediction]);
  const QString name = to_qt(classes_[label]);
  which_->setText(label == prediction
                      ? tr("%1: %n recognised", nullptr, clips_.rowCount()).arg(name)
                      : tr("%1 taken for %2: %n clip(s)", nullptr, clips_.rowCount())
                            .arg(name, to_qt(classes_[prediction])));
}

}  // namespace omniq::ui
