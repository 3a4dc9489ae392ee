#include "ui/pages/runs/runs_page.h"

#include <QAction>
#include <QApplication>
#include <QHeaderView>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>

#include "ui/base/text.h"
#include "ui/models/items/any_change.h"
#include "ui/pages/runs/run_actions.h"
#include "ui/pages/runs/run_details.h"
#include "ui/pages/runs/run_filter_bar.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/run_delegate.h"
#include "ui/widgets/table_export.h"
#include "ui/widgets/table_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr auto kHeaderKey = "runs/header", kSplitterKey = "runs/splitter", kSideKey = "runs/side";
constexpr int kMostCharted = 20;  // more curves than that tell nobody anything

}  // namespace

RunsPage::RunsPage(Workspace& workspace, RunColors& colors, QWidget* parent)
    : QWidget(parent), workspace_(workspace), colors_(colors) {
  filter_.setSourceModel(&workspace_.model());
  find_ = new QAction(tr("Find runs"), this);
  find_->setShortcut(QKeySequence::Find);
  show_archived_ = new QAction(tr("Show archived runs"), this);
  show_archived_->setCheckable(true);
  side_by_side_ = new QAction(tr("Details at the right"), this);
  side_by_side_->setCheckable(true);
  actions_ = new RunActions(workspace_, this);

  make_table();
  filter_bar_ = new RunFilterBar(filter_);
  error_ = new MessageCard;
  export_ = make_exportable(*table_, *error_, u"runs"_s);
  no_runs_ = new EmptyState;
  no_runs_->set_text(u"runs"_s, tr("No runs yet"),
                     tr("A run is one training of one model. Runs that are started here or on the "
                        "command line appear in this list by themselves."));
  no_match_ = new EmptyState;
  no_match_->set_text(u"search"_s, tr("No run matches"),
                      tr("Nothing in this workspace fits the search and the filters."));
  QPushButton* clear = no_match_->add_button(tr("Clear search and filters"), false);
  no_choice_ = new EmptyState;
  no_choice_->set_text(u"runs"_s, tr("Choose a run"),
                       tr("Its curves, configuration, log and evaluation are shown here. Choose "
                          "several to see their curves together."));
  details_ = new RunDetails(workspace_.model(), colors_);

  stack_ = new QStackedWidget;
  stack_->addWidget(table_);
  stack_->addWidget(no_match_);
  below_ = new QStackedWidget;
  below_->addWidget(no_choice_);
  below_->addWidget(details_);
  splitter_ = in_splitter(Qt::Vertical, {stack_, below_});
  splitter_->setStretchFactor(0, 2);
  splitter_->setStretchFactor(1, 5);

  lay_out(this, in_column({filter_bar_, error_, {splitter_, 1}, {no_runs_, 1}}), {16, 12, 16, 8});
  QPushButton* demo = no_runs_->add_button(tr("Try it now"), true);
  demo->setToolTip(tr("Makes demo videos and trains on them, in about a minute and a half"));
  connect(demo, &QPushButton::clicked, this, &RunsPage::demo_requested);
  QPushButton* first = no_runs_->add_button(tr("New run…"), false);
  connect(first, &QPushButton::clicked, this, &RunsPage::new_run_requested);

  changed_.setSingleShot(true);
  changed_.setInterval(50);
  connect(&changed_, &QTimer::timeout, this, [this] {
    if (!awaited_.isEmpty() && workspace_.model().find(awaited_))
      select(std::exchange(awaited_, {}));
    filter_bar_->update_choices();
    update_selection();
  });
  on_any_change(workspace_.model(), &changed_, qOverload<>(&QTimer::start));
  connect(&workspace_, &Workspace::opened, this,
          [this](int, const QString& problem, const QString& unreadable) {
            if (!unreadable.isEmpty())
              error_->show_error(tr("Not all of the workspace can be read"), unreadable);
            if (!problem.isEmpty())
              error_->show_error(tr("The workspace cannot be opened"), problem);
            if (selected().isEmpty() && filter_.rowCount() > 0) table_->selectRow(0);
            update_empty();
            if (!QApplication::focusWidget() || !isAncestorOf(QApplication::focusWidget()))
              table_->setFocus();
          });
  connect(&workspace_, &Workspace::failed, this,
          [this](const QString& message) { error_->show_error(tr("That did not work"), message); });
  connect(filter_bar_, &RunFilterBar::changed, this, &RunsPage::update_empty);
  connect(filter_bar_, &RunFilterBar::new_run_requested, this, &RunsPage::new_run_requested);
  connect(clear, &QPushButton::clicked, filter_bar_, &RunFilterBar::clear);
  connect(find_, &QAction::triggered, filter_bar_, &RunFilterBar::focus_search);
  connect(show_archived_, &QAction::toggled, this, [this](bool on) {
    filter_.set_show_archived(on);
    update_empty();
  });
  connect(side_by_side_, &QAction::toggled, this, [this](bool on) {
    splitter_->setOrientation(on ? Qt::Horizontal : Qt::Vertical);
    QSettings().setValue(kSideKey, on);
  });
  connect(actions_, &RunActions::failed, this, &RunsPage::show_error);
  connect(actions_, &RunActions::clone_requested, this, &RunsPage::clone_requested);
  connect(actions_, &RunActions::edit_requested, this, [this](int what) {
    table_->setColumnHidden(what, false);
    const QModelIndex index = table_->currentIndex().siblingAtColumn(what);
    table_->scrollTo(index);
    table_->edit(index);
  });
  connect(details_, &RunDetails::clip_opened, this, &RunsPage::clip_opened);
  connect(details_, &RunDetails::evaluate_requested, actions_,
          [this](const QString& run) { Q_EMIT actions_->evaluate_requested({run}); });
  restore_layout();
  update_empty();
}

RunsPage::~RunsPage() { save_layout(); }

void RunsPage::make_table() {
  table_ = row_table(filter_, tr("Runs"));
  table_->setItemDelegate(new RunDelegate(colors_, table_));
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setEditTriggers(QAbstractItemView::EditKeyPressed);
  table_->setSortingEnabled(true);
  table_->sortByColumn(WorkspaceModel::kStarted, Qt::DescendingOrder);
  table_->setContextMenuPolicy(Qt::CustomContextMenu);
  table_->setMinimumHeight(110);
  QHeaderView* header = table_->horizontalHeader();
  header->setSectionsMovable(true);
  header->setContextMenuPolicy(Qt::CustomContextMenu);
  header->setStretchLastSection(true);
  const int widths[] = {220, 98, 98, 76, 96, 86, 92, 84, 112, 60, 50};
  for (int i = 0; i < WorkspaceModel::kColumns; ++i) header->resizeSection(i, widths[i]);
  connect(header, &QWidget::customContextMenuRequested, this, &RunsPage::show_columns_menu);
  connect(table_, &QWidget::customContextMenuRequested, this, &RunsPage::show_runs_menu);
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, &changed_,
          qOverload<>(&QTimer::start));
  connect(table_->selectionModel(), &QItemSelectionModel::currentChanged, &changed_,
          qOverload<>(&QTimer::start));
}

void RunsPage::select_when_there(const QString& path) {
  awaited_ = path;
  changed_.start();
}

QStringList RunsPage::selected() const {
  QStringList paths;
  // The one that was chosen last comes first.
  const QModelIndex current = table_->currentIndex();
  if (current.isValid() && table_->selectionModel()->isRowSelected(current.row()))
    paths.append(current.data(WorkspaceModel::kPathRole).toString());
  for (const QModelIndex& index : table_->selectionModel()->selectedRows()) {
    const QString path = index.data(WorkspaceModel::kPathRole).toString();
    if (!paths.contains(path)) paths.append(path);
  }
  return paths;
}

void RunsPage::select(const QString& path) {
  const QModelIndex index = filter_.mapFromSource(workspace_.model().index_of(path));
  if (!index.isValid()) return;
  table_->selectRow(index.row());
  table_->scrollTo(index);
}

void RunsPage::update_selection() {
  QList<RunInfo> runs;
  for (const QString& path : selected()) {
    if (const RunInfo* run = workspace_.model().find(path)) runs.append(*run);
  }
  actions_->set_runs(runs);
  update_empty();
  below_->setCurrentWidget(runs.isEmpty() ? static_cast<QWidget*>(no_choice_) : details_);
  const QList<RunInfo> charted = runs.mid(0, kMostCharted);
  QStringList paths;
  for (const RunInfo& run : charted) paths.append(run.path);
  colors_.set_shown(paths);
  table_->viewport()->update();
  if (!charted.isEmpty()) details_->set_runs(charted);
}

void RunsPage::update_empty() {
  const int all = workspace_.model().rowCount(), shown = filter_.rowCount();
  no_runs_->setVisible(all == 0);
  splitter_->setVisible(all > 0);
  stack_->setCurrentWidget(shown == 0 && all > 0 ? static_cast<QWidget*>(no_match_) : table_);
  filter_bar_->show_count(shown, all);
}

void RunsPage::show_error(const QString& title, const Error& error) {
  error_->show_error(title, error);
}

void RunsPage::show_columns_menu(QPoint at) {
  QMenu menu(this);
  for (int column = 1; column < WorkspaceModel::kColumns; ++column) {
    QAction* action =
        menu.addAction(filter_.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
    action->setCheckable(true);
    action->setChecked(!table_->isColumnHidden(column));
    connect(action, &QAction::toggled, table_,
            [this, column](bool on) { table_->setColumnHidden(column, !on); });
  }
  menu.exec(table_->horizontalHeader()->mapToGlobal(at));
}

void RunsPage::show_runs_menu(QPoint at) {
  QMenu menu(this);
  menu.addActions(actions_->actions());
  menu.addSeparator();
  menu.addAction(export_);
  menu.exec(table_->viewport()->mapToGlobal(at));
}

void RunsPage::restore_layout() {
  const QSettings settings;
  const QByteArray header = settings.value(kHeaderKey).toByteArray();
  if (!header.isEmpty()) table_->horizontalHeader()->restoreState(header);
  side_by_side_->setChecked(settings.value(kSideKey, false).toBool());
  const QByteArray sizes = settings.value(kSplitterKey).toByteArray();
  if (!sizes.isEmpty()) {
    splitter_->restoreState(sizes);
  } else {
    splitter_->setSizes({230, 470});
  }
}

void RunsPage::save_layout() const {
  QSettings settings;
  settings.setValue(kHeaderKey, table_->horizontalHeader()->saveState());
  settings.setValue(kSplitterKey, splitter_->saveState());
}

}  // namespace omniq::ui
