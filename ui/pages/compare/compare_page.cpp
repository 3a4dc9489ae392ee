#include "ui/pages/compare/compare_page.h"

#include <QAction>
#include <QComboBox>
#include <QEvent>
#include <QFontMetricsF>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/base/text.h"
#include "ui/pages/compare/budget_sliders.h"
#include "ui/widgets/chart/axes.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/figure/figure_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/picture_export.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/table_export.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr auto kKindKey = "compare/figure", kXKey = "compare/x", kYKey = "compare/y";

Metric chosen(const QComboBox* box) { return static_cast<Metric>(box->currentData().toInt()); }

void choose_data(QComboBox* box, const QVariant& data) {
  box->setCurrentIndex(std::max(0, box->findData(data)));
}

}  // namespace

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
  view_ = new FigureView;
  view_->tool_tip = [this](int mark) { return figure_tip(mark); };
  auto* card = new QFrame;
  card->setProperty("card", true);
  auto* inner = new QVBoxLayout(card);
  inner->setContentsMargins(4, 4, 4, 4);
  inner->addWidget(view_);
  auto* upper = new QWidget;
  auto* row = new QHBoxLayout(upper);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(14);
  row->addWidget(card, 1);
  row->addWidget(make_side());
  auto* splitter = new QSplitter(Qt::Vertical);
  splitter->setHandleWidth(10);
  splitter->setChildrenCollapsible(false);
  splitter->addWidget(upper);
  splitter->addWidget(make_table());
  splitter->setStretchFactor(0, 5);
  splitter->setStretchFactor(1, 3);
  splitter->setSizes({460, 230});
  content_ = new QWidget;
  auto* stacked = new QVBoxLayout(content_);
  stacked->setContentsMargins(0, 0, 0, 0);
  stacked->setSpacing(8);
  stacked->addWidget(make_bar());
  stacked->addWidget(splitter, 1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(16, 12, 16, 8);
  column->setSpacing(8);
  column->addWidget(error_);
  column->addWidget(waiting_);
  column->addWidget(content_, 1);
  column->addWidget(empty_, 1);

  changed_.setSingleShot(true);
  changed_.setInterval(100);
  connect(&changed_, &QTimer::timeout, this, &ComparePage::look);
  const auto changed = qOverload<>(&QTimer::start);
  WorkspaceModel& runs = workspace_.model();
  connect(&runs, &QAbstractItemModel::dataChanged, &changed_, changed);
  connect(&runs, &QAbstractItemModel::rowsInserted, &changed_, changed);
  connect(&runs, &QAbstractItemModel::rowsRemoved, &changed_, changed);
  connect(&runs, &QAbstractItemModel::modelReset, &changed_, changed);
  connect(reader_.worker(), &MeasurementReader::done, this, &ComparePage::take);
  connect(&model_, &ComparisonModel::figures_changed, this, &ComparePage::rebuild_figure);
  connect(budgets_, &BudgetSliders::changed, this,
          [this] { model_.set_budgets(budgets_->budgets()); });
  connect(view_, &FigureView::mark_chosen, this,
          [this](int mark) { choose(in_figure_[mark].variant); });
  const auto evaluate = [this] { Q_EMIT evaluation_requested(not_evaluated_); };
  connect(evaluate_, &QPushButton::clicked, this, evaluate);
  connect(waiting_, &MessageCard::button_clicked, this, evaluate);
  connect(export_figure_, &QAction::triggered, this, [this] {
    ask_and_save(this, tr("Export figure"), u"figure.pdf"_s,
                 tr("Pages (*.pdf);;Vector graphics (*.svg);;Pictures (*.png)"), *error_,
                 [this](const QString& file) { return save_figure(file); });
  });
  connect(export_table_, &QAction::triggered, this, [this] {
    ask_and_save(this, tr("Export table"), u"comparison.csv"_s, table_filter(), *error_,
                 [this](const QString& file) { return save_table(file); });
  });
  show_conditions();
}

QWidget* ComparePage::make_bar() {
  auto* bar = new QWidget;
  conditions_ = new QComboBox;
  conditions_->setAccessibleName(tr("Measured under"));
  conditions_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  conditions_->setToolTip(
      tr("Only runs that were evaluated on the same clips, in the same way and on the same device "
         "are shown together"));
  others_ = new QLabel;
  others_->setProperty("muted", true);
  auto* figure = new QPushButton(tr("Export figure…"));
  auto* table = new QPushButton(tr("Export table…"));
  connect(figure, &QPushButton::clicked, export_figure_, &QAction::trigger);
  connect(table, &QPushButton::clicked, export_table_, &QAction::trigger);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  row->addWidget(new QLabel(tr("Measured under")));
  row->addWidget(conditions_, 1);
  row->addWidget(others_);
  row->addWidget(figure);
  row->addWidget(table);
  connect(conditions_, &QComboBox::activated, this, &ComparePage::show_variants);
  return bar;
}

QWidget* ComparePage::make_side() {
  const QSettings settings;
  kind_ = new QComboBox;
  kind_->setAccessibleName(tr("Figure"));
  for (const FigureKind kind : kFigures) kind_->addItem(figure_title(kind), static_cast<int>(kind));
  choose_data(kind_, settings.value(kKindKey, 0));
  x_ = new QComboBox;
  x_->setAccessibleName(tr("Horizontal axis"));
  y_ = new QComboBox;
  y_->setAccessibleName(tr("Vertical axis"));
  for (const Metric metric : kMetrics)
    (higher_is_better(metric) ? y_ : x_)->addItem(metric_title(metric), static_cast<int>(metric));
  choose_data(x_, settings.value(kXKey, static_cast<int>(Metric::latency)));
  choose_data(y_, settings.value(kYKey, static_cast<int>(Metric::top1)));
  budgets_ = new BudgetSliders;
  note_ = new QLabel;
  note_->setProperty("muted", true);
  note_->setWordWrap(true);

  auto* side = new QWidget;
  side->setFixedWidth(216);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(5);
  const auto heading = [&](const QString& text) {
    auto* label = new QLabel(text);
    label->setProperty("heading", true);
    column->addWidget(label);
  };
  heading(tr("Figure"));
  column->addWidget(kind_);
  const std::pair<QString, QComboBox*> axes[] = {{tr("Across"), x_}, {tr("Up"), y_}};
  for (const auto& [title, box] : axes) {
    auto* row = new QHBoxLayout;
    auto* label = new QLabel(title);
    label->setMinimumWidth(48);
    row->addWidget(label);
    row->addWidget(box, 1);
    column->addLayout(row);
  }
  column->addSpacing(8);
  heading(tr("Budget"));
  column->addWidget(budgets_);
  column->addSpacing(6);
  column->addWidget(note_);
  column->addStretch();
  for (QComboBox* box : {kind_, x_, y_}) {
    connect(box, &QComboBox::currentIndexChanged, this, [this] {
      QSettings s;
      s.setValue(kKindKey, kind_->currentData());
      s.setValue(kXKey, x_->currentData());
      s.setValue(kYKey, y_->currentData());
      rebuild_figure();
    });
  }
  return side;
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
  table_ = new QTableView;
  table_->setModel(&sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(-1, Qt::AscendingOrder);
  table_->setShowGrid(false);
  table_->setWordWrap(false);
  table_->setTabKeyNavigation(false);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setAccessibleName(tr("Variants"));
  table_->setMinimumHeight(110);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 13);
  QHeaderView* header = table_->horizontalHeader();
  header->setHighlightSections(false);
  header->setSectionResizeMode(QHeaderView::Stretch);
  header->setSectionResizeMode(ComparisonModel::kVariant, QHeaderView::Interactive);
  header->setSectionResizeMode(ComparisonModel::kRuns, QHeaderView::ResizeToContents);
  header->resizeSection(ComparisonModel::kVariant, 220);
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& index) {
    choose(model_.variants()[sorted_.mapToSource(index).row()]);
  });
  auto* head = new QHBoxLayout;
  head->setSpacing(8);
  auto* title = new QLabel(tr("Variants"));
  title->setProperty("heading", true);
  head->addWidget(title);
  head->addStretch();
  head->addWidget(new QLabel(tr("Differences against")));
  head->addWidget(baseline_);
  auto* panel = new QWidget;
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  column->addLayout(head);
  column->addWidget(table_, 1);
  return panel;
}

void ComparePage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  look();
}

void ComparePage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) view_->update();
  QWidget::changeEvent(event);
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
  const QList<Variant> variants = variants_of(measurements_, conditions());
  budgets_->set_variants(variants);
  model_.set_variants(variants);
  show_baselines();
  show_notes();
}

void ComparePage::show_baselines() {
  const QString before = baseline_->currentData().toString();
  while (baseline_->count() > 1) baseline_->removeItem(1);
  for (const Variant& variant : model_.variants()) baseline_->addItem(variant.name, variant.name);
  choose_data(baseline_, before);
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

void ComparePage::rebuild_figure() {
  in_figure_.clear();
  int over = 0;
  for (int row = 0; row < model_.rowCount(); ++row) {
    if (!model_.shown(row)) continue;
    in_figure_.append({model_.variants()[row], model_.over_budget(model_.variants()[row])});
    over += in_figure_.back().faded;
  }
  const auto kind = static_cast<FigureKind>(kind_->currentData().toInt());
  const bool has_axes = kind == FigureKind::frontier || kind == FigureKind::overview;
  for (QComboBox* box : {x_, y_}) box->setEnabled(has_axes);
  note_->setText(over > 0 ? tr("%n variant(s) over the budget", nullptr, over) : QString());
  view_->set_figure(make_figure(kind, in_figure_, chosen(x_), chosen(y_)));
}

void ComparePage::show_figure(FigureKind kind) { choose_data(kind_, static_cast<int>(kind)); }

QString ComparePage::figure_tip(int mark) const {
  const Variant& variant = in_figure_[mark].variant;
  QString text = u"<b>%1</b>"_s.arg(variant.name.toHtmlEscaped());
  for (const Metric metric : kMetrics)
    text += u"<br>%1: %2 %3"_s.arg(
        metric_title(metric), spread_text(metric, variant.spread(metric)), metric_unit(metric));
  text += u"<br>"_s + tr("Runs: %1").arg(variant.ids.join(u", "_s).toHtmlEscaped());
  return text + u"<br><i>%1</i>"_s.arg(tr("Click to open"));
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

QString ComparePage::page_note() const {
  QStringList lines = {measured_text()};
  for (const FigureVariant& v : in_figure_)
    lines.append(v.variant.name + u": "_s + v.variant.ids.join(u", "_s));
  return lines.join(u'\n');
}

Status ComparePage::save_figure(const QString& file) const {
  const QSizeF size = kind_->currentData().toInt() == static_cast<int>(FigureKind::overview)
                          ? QSizeF(1080, 600)
                          : QSizeF(720, 440);
  const QString note = page_note();
  const QFontMetricsF fine(fine_font(QGuiApplication::font()));
  const QRectF text =
      fine.boundingRect(QRectF(0, 0, size.width() - 24, 1e4), Qt::TextWordWrap, note);
  const double below = text.height() + 20;
  return write_picture(file, kind_->currentText(), {size.width(), size.height() + below},
                       [&](QPainter& painter, const QRectF& page) {
                         const Theme& light = Theme::get(false);
                         view_->figure()->paint(painter, page.adjusted(4, 4, -4, -below), light);
                         painter.setFont(fine_font(painter.font()));
                         painter.setPen(light.muted);
                         painter.drawText(page.adjusted(12, page.height() - below + 8, -12, 0),
                                          Qt::TextWordWrap, note);
                       });
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
