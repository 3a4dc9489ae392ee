#include "ui/pages/compare/compare_page.h"

#include <QAction>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QTableView>

#include "ui/base/text.h"
#include "ui/models/items/any_change.h"
#include "ui/pages/compare/figure_panel.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/table_export.h"
#include "ui/widgets/table_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

ComparePage::ComparePage(Workspace& workspace, QWidget* parent)
    : QWidget(parent), workspace_(workspace), reader_(u"omniq measurements"_s) {
  export_figure_ = new QAction(tr("Export figure…"), this);
  export_figure_->setShortcut(QKeySequence(u"Ctrl+Shift+F"_s));
  export_table_ = new QAction(tr("Export table…"), this);
  export_table_->setShortcut(QKeySequence(u"Ctrl+Shift+T"_s));

  error_ = new MessageCard;
  waiting_ = new MessageCard;
  empty_ = new EmptyState;
  evaluate_ = empty_->add_button(tr("Evaluate all finished runs"), true);
  figure_ = new FigurePanel(model_);
  QSplitter* splitter = in_splitter(Qt::Vertical, {figure_, make_table()});
  splitter->setStretchFactor(0, 5);
  splitter->setStretchFactor(1, 3);
  splitter->setSizes({460, 230});
  content_ = in_widget(in_column({make_bar(), {splitter, 1}}));
  lay_out(this, in_column({error_, waiting_, {content_, 1}, {empty_, 1}}), {16, 12, 16, 8});

  changed_.setSingleShot(true);
  changed_.setInterval(100);
  connect(&changed_, &QTimer::timeout, this, &ComparePage::look);
  on_any_change(workspace_.model(), &changed_, qOverload<>(&QTimer::start));
  connect(reader_.worker(), &MeasurementReader::done, this, &ComparePage::take);
  connect(figure_, &FigurePanel::variant_chosen, this, &ComparePage::choose);
  const auto evaluate = [this] { Q_EMIT evaluation_requested(not_evaluated_); };
  connect(evaluate_, &QPushButton::clicked, this, evaluate);
  connect(waiting_, &MessageCard::button_clicked, this, evaluate);
  connect(export_figure_, &QAction::triggered, this, [this] {
    ask_and_save(this, tr("Export figure"), u"figure.pdf"_s,
                 tr("Pages (*.pdf);;Vector graphics (*.svg);;Pictures (*.png)"), *error_,
                 [this](const QString& file) { return figure_->save(file, measured_text()); });
  });
  connect(export_table_, &QAction::triggered, this, [this] {
    ask_and_save(this, tr("Export table"), u"comparison.csv"_s, table_filter(), *error_,
                 [this](const QString& file) { return save_table(file); });
  });
  show_conditions();
}

QWidget* ComparePage::make_bar() {
  conditions_ = new QComboBox;
  conditions_->setAccessibleName(tr("Measured under"));
  conditions_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  conditions_->setToolTip(
      tr("Only runs that were evaluated on the same clips, in the same way and on the same device "
         "are shown together"));
  others_ = muted_label();
  auto* figure = new QPushButton(tr("Export figure…"));
  auto* table = new QPushButton(tr("Export table…"));
  connect(figure, &QPushButton::clicked, export_figure_, &QAction::trigger);
  connect(table, &QPushButton::clicked, export_table_, &QAction::trigger);
  connect(conditions_, &QComboBox::activated, this, &ComparePage::show_variants);
  return in_widget(
      in_row({new QLabel(tr("Measured under")), {conditions_, 1}, others_, figure, table}));
}

QWidget* ComparePage::make_table() {
  baseline_ = new QComboBox;
  baseline_->setAccessibleName(tr("Differences against"));
  baseline_->setMinimumWidth(180);
  baseline_->addItem(tr("nothing"), QString());
  connect(baseline_, &QComboBox::activated, this,
          [this] { model_.set_baseline(baseline_->currentData().toString()); });
  sorted_.setSourceModel(&model_);
  sorted_.setSortRole(ComparisonModel::kSortRole);
  table_ = row_table(sorted_, tr("Variants"));
  table_->setSortingEnabled(true);
  table_->sortByColumn(-1, Qt::AscendingOrder);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setMinimumHeight(110);
  QHeaderView* header = table_->horizontalHeader();
  header->setSectionResizeMode(QHeaderView::Stretch);
  header->setSectionResizeMode(ComparisonModel::kVariant, QHeaderView::Interactive);
  header->setSectionResizeMode(ComparisonModel::kRuns, QHeaderView::ResizeToContents);
  header->resizeSection(ComparisonModel::kVariant, 220);
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& index) {
    choose(model_.variants()[sorted_.mapToSource(index).row()]);
  });
  QHBoxLayout* head = in_row(
      {heading_label(tr("Variants")), rest(), new QLabel(tr("Differences against")), baseline_});
  return in_widget(in_column({head, {table_, 1}}, 6));
}

void ComparePage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  look();
}

// Reads only where an evaluation is new, and only while somebody looks.
void ComparePage::look() {
  if (!isVisible()) return;
  QList<std::pair<QString, double>> now;
  QList<RunInfo> runs;
  not_evaluated_.clear();
  for (const RunInfo& run : workspace_.model().runs()) {
    if (run.archived || run.damaged) continue;
    if (run.evaluated > 0) {
      now.append({run.path, run.evaluated});
      runs.append(run);
    } else if (run.state == run::RunState::finished) {
      not_evaluated_.append(run.path);
    }
  }
  show_notes();
  if (now == asked_ && !runs.isEmpty()) return;
  asked_ = now;
  reader_.post([runs](MeasurementReader& reader) { reader.read(runs); });
}

void ComparePage::take(const QList<Measurement>& measurements, const QStringList& problems) {
  measurements_ = measurements;
  if (!problems.isEmpty())
    error_->show_error(tr("An evaluation cannot be read"), problems.join(u'\n'));
  show_conditions();
}

void ComparePage::show_conditions() {
  const QList<Conditions> all = conditions_of(measurements_);
  const QString before = conditions_->currentText();
  conditions_->clear();
  for (const Conditions& c : all) {
    conditions_->addItem(tr("%1 · %2 · %n run(s)", nullptr, c.runs).arg(c.protocol, c.device),
                         QStringList{c.protocol, c.device});
  }
  conditions_->setCurrentIndex(std::max(0, conditions_->findText(before)));
  empty_->setVisible(all.isEmpty());
  content_->setVisible(!all.isEmpty());
  for (QAction* action : {export_figure_, export_table_}) action->setEnabled(!all.isEmpty());
  show_variants();
}

Conditions ComparePage::conditions() const {
  const QStringList both = conditions_->currentData().toStringList();
  return {both.value(0), both.value(1), 0};
}

void ComparePage::show_variants() {
  model_.set_variants(variants_of(measurements_, conditions()));
  show_baselines();
  show_notes();
}

void ComparePage::show_baselines() {
  const QString before = baseline_->currentData().toString();
  while (baseline_->count() > 1) baseline_->removeItem(1);
  for (const Variant& variant : model_.variants()) baseline_->addItem(variant.name, variant.name);
  baseline_->setCurrentIndex(std::max(0, baseline_->findData(before)));
  model_.set_baseline(baseline_->currentData().toString());
}

void ComparePage::show_notes() {
  qsizetype shown = 0;
  for (const Variant& variant : model_.variants()) shown += variant.runs.size();
  const auto otherwise = static_cast<int>(measurements_.size() - shown);
  others_->setText(otherwise > 0 ? tr("%n run(s) measured otherwise", nullptr, otherwise)
                                 : QString());
  const auto waiting = static_cast<int>(not_evaluated_.size());
  evaluate_->setVisible(waiting > 0);
  empty_->set_text(u"compare"_s, tr("Nothing to compare yet"),
                   waiting > 0
                       ? tr("%n finished run(s) wait for an evaluation: it measures accuracy, "
                            "parameters, memory and latency.",
                            nullptr, waiting)
                       : tr("Variants appear here when runs are finished and evaluated."));
  if (waiting > 0 && !measurements_.isEmpty()) {
    waiting_->show_notice(tr("%n finished run(s) wait for an evaluation", nullptr, waiting),
                          tr("Evaluate"));
  } else {
    waiting_->hide();
  }
}

void ComparePage::choose(const Variant& variant) {
  if (variant.runs.size() == 1) {
    Q_EMIT run_chosen(variant.runs.front());
    return;
  }
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (qsizetype i = 0; i < variant.runs.size(); ++i) {
    menu->addAction(variant.ids[i], this,
                    [this, run = variant.runs[i]] { Q_EMIT run_chosen(run); });
  }
  menu->popup(QCursor::pos());
}

QString ComparePage::measured_text() const {
  const Conditions c = conditions();
  return tr("Measured: %1; %2.").arg(c.protocol, c.device);
}

Status ComparePage::save_table(const QString& file) const {
  const bool data = file.endsWith(u".csv"_s, Qt::CaseInsensitive);
  TextTable table = data ? model_.to_table() : model_.to_paper_table();
  table.caption = measured_text();
  return write_table(table, file);
}

void ComparePage::show_error(const QString& title, const Error& error) {
  error_->show_error(title, error);
}

}  // namespace omniq::ui
