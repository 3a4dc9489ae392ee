#include "ui/pages/data/data_page.h"

#include <QAction>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QListView>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QShortcut>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>

#include "ui/base/format.h"
#include "ui/base/rich_text.h"
#include "ui/base/text.h"
#include "ui/pages/data/dataset_picker.h"
#include "ui/pages/data/model_frames_panel.h"
#include "ui/pages/data/problem_panel.h"
#include "ui/widgets/dataset_delegates.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/table_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr auto kFolderKey = "data/folder", kTrainKey = "data/trainlist", kTestKey = "data/testlist",
               kIndexKey = "data/classind";

QString dropped_folder(const QMimeData* data) {
  for (const QUrl& url : data->urls()) {
    if (url.isLocalFile() && QFileInfo(url.toLocalFile()).isDir()) return url.toLocalFile();
  }
  return {};
}

QString path_text(const std::filesystem::path& path) { return to_qt(path.string()); }

}  // namespace

DataPage::DataPage(QWidget* parent) : QWidget(parent), job_(u"omniq dataset"_s) {
  setAcceptDrops(true);
  open_ = new QAction(tr("Open dataset…"), this);
  open_->setShortcut(QKeySequence(u"Ctrl+Alt+D"_s));
  check_ = new QAction(tr("Check the dataset's files"), this);
  write_ = new QAction(tr("Write lists without what is wrong…"), this);
  use_ = new QAction(tr("Use the dataset in a new run…"), this);
  picker_ = new DatasetPicker;
  problem_ = new MessageCard;
  figures_ = new QLabel;
  figures_->setTextFormat(Qt::RichText);
  figures_->setToolTip(
      tr("A tenth of the training list, whole recordings at a time, is held out to choose the best "
         "epoch by; data.val and the seed of a run decide which."));
  busy_ = muted_label();
  bar_ = thin_bar(160);
  bar_->setAccessibleName(tr("Progress"));
  stop_ = new QPushButton(tr("Stop"));
  use_button_ = primary_button(tr("Use in a new run…"));
  QHBoxLayout* line = in_row({{figures_, 1}, busy_, bar_, stop_, use_button_}, 10);

  make_classes();
  frames_ = new ModelFramesPanel;
  make_clips();
  problems_ = new ProblemPanel;
  which_ = heading_label();
  QWidget* gallery = in_widget(in_column({which_, {clips_, 1}}, 6));
  QSplitter* top = in_splitter(Qt::Horizontal, {classes_, gallery});
  top->setSizes({520, 560});
  QSplitter* split = in_splitter(Qt::Vertical, {top, frames_, problems_});
  split->setStretchFactor(0, 3);
  split->setStretchFactor(2, 1);
  split->setSizes({420, 190, 170});
  content_ = split;
  stack_ = new QStackedWidget;
  stack_->addWidget(make_empty());
  stack_->addWidget(content_);
  lay_out(this, in_column({picker_, problem_, line, {stack_, 1}}, 10), {16, 12, 16, 12});

  connect(open_, &QAction::triggered, picker_, &DatasetPicker::browse);
  connect(picker_, &DatasetPicker::chosen, this, &DataPage::open);
  connect(use_button_, &QPushButton::clicked, use_, &QAction::trigger);
  connect(use_, &QAction::triggered, this, &DataPage::request_run);
  connect(check_, &QAction::triggered, this, &DataPage::check);
  connect(write_, &QAction::triggered, this, &DataPage::ask_where_to_write);
  connect(stop_, &QPushButton::clicked, this, [this] { job_.stop(); });
  connect(problems_, &ProblemPanel::check_requested, check_, &QAction::trigger);
  connect(problems_, &ProblemPanel::stop_requested, this, [this] { job_.stop(); });
  connect(problems_, &ProblemPanel::write_requested, write_, &QAction::trigger);
  connect_job();
  show_figures();
  show_busy({});
}

void DataPage::make_classes() {
  sorted_.setSourceModel(&counts_);
  sorted_.setSortRole(ClassCountModel::kSortRole);
  classes_ = row_table(sorted_, tr("Classes"));
  classes_->setItemDelegateForColumn(ClassCountModel::kBar, new PartsDelegate(classes_));
  classes_->setSelectionMode(QAbstractItemView::SingleSelection);
  classes_->setSortingEnabled(true);
  classes_->sortByColumn(ClassCountModel::kClass, Qt::AscendingOrder);
  classes_->setProperty("padded", true);
  QHeaderView* header = classes_->horizontalHeader();
  header->setSectionResizeMode(ClassCountModel::kClass, QHeaderView::Stretch);
  const int widths[] = {0, 62, 82, 62, 88, 120};
  for (int i = ClassCountModel::kTrain; i < ClassCountModel::kColumns; ++i)
    header->resizeSection(i, widths[i]);
  connect(classes_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          &DataPage::show_class);
}

void DataPage::make_clips() {
  clips_ = new QListView;
  clips_->setModel(&gallery_);
  connect(&gallery_, &ClipGallery::failed, this, [this](const Error& error) {
    problem_->show_error(tr("The clips have no pictures"), error);
  });
  clips_->setItemDelegate(new ClipDelegate(clips_));
  clips_->setAccessibleName(tr("Clips of the class"));
  clips_->setViewMode(QListView::IconMode);
  clips_->setResizeMode(QListView::Adjust);
  clips_->setMovement(QListView::Static);
  clips_->setUniformItemSizes(true);
  clips_->setSpacing(2);
  clips_->setMouseTracking(true);
  clips_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  const auto play = [this](const QModelIndex& index) {
    if (index.isValid()) Q_EMIT clip_opened(index.data(ClipGallery::kFileRole).toString());
  };
  connect(clips_, &QListView::doubleClicked, this, play);
  auto* enter = new QShortcut(QKeySequence(Qt::Key_Return), clips_);
  enter->setContext(Qt::WidgetShortcut);
  connect(enter, &QShortcut::activated, this, [this, play] { play(clips_->currentIndex()); });
  connect(clips_->selectionModel(), &QItemSelectionModel::currentChanged, this,
          [this](const QModelIndex& index) {
            frames_->set_clip(index.data(ClipGallery::kFileRole).toString());
          });
  connect(frames_, &ModelFramesPanel::play_requested, this, &DataPage::clip_opened);
}

QWidget* DataPage::make_empty() {
  empty_ = new EmptyState;
  empty_->set_text(u"folder"_s, tr("No dataset chosen"),
                   tr("Drop a folder here that holds a folder of videos for each class, as "
                      "UCF101 does. Its lists are found by themselves."));
  QPushButton* choose = empty_->add_button(tr("Open folder…"), true);
  QPushButton* demo = empty_->add_button(tr("Make the demo set…"), false);
  demo->setToolTip(tr("520 short videos of moving shapes, about 10 MB"));
  connect(choose, &QPushButton::clicked, picker_, &DatasetPicker::browse);
  connect(demo, &QPushButton::clicked, this, &DataPage::ask_where_to_make_demo);
  return empty_;
}

void DataPage::connect_job() {
  job_.on(&SurveyJob::looked, this, [this](const auto& look) { show_look(look); });
  job_.on(&SurveyJob::progress, this, [this](qint64 done, qint64 total, double seconds_left) {
    if (look_) {
      problems_->show_progress(done, total, seconds_left);
    } else {
      show_busy(tr("Making demo videos: %1 of %2, %3 left")
                    .arg(done)
                    .arg(total)
                    .arg(duration_text(seconds_left)),
                done, total);
    }
  });
  job_.on(&SurveyJob::problem_found, this,
          [this](const data::Problem& problem) { problems_->add(problem); });
  job_.on(&SurveyJob::checked, this, [this](double seconds) {
    seconds_ = seconds;
    problems_->show_idle(tr("All files were decoded"));
    show_figures();
  });
  job_.on(&SurveyJob::stopped, this, [this] {
    problems_->show_idle(tr("The check was stopped"));
    show_busy({});
  });
  job_.on(&SurveyJob::lists_written, this,
          [this](const data::ListFiles& lists) { open(folder_, lists); });
  job_.on(&SurveyJob::demo_made, this, [this](const QString& folder) { open(folder); });
  job_.on(&SurveyJob::failed, this, [this](const Error& error) {
    show_busy({});
    problem_->show_error(tr("That did not work"), error);
  });
}

void DataPage::open(const QString& folder, const std::optional<data::ListFiles>& lists) {
  shown_ = true;
  folder_ = QDir(folder).absolutePath();
  picker_->set_folder(folder_);
  problem_->hide();
  show_busy(tr("Reading the folder …"));
  job_.ask(
      [folder = folder_, lists](SurveyJob& job, int ticket) { job.look(folder, lists, ticket); });
}

void DataPage::show_look(const std::shared_ptr<const DatasetLook>& look) {
  show_busy({});
  picker_->show_layout(look->layout, look->lists);
  QSettings settings;
  settings.setValue(kFolderKey, folder_);
  settings.setValue(kTrainKey, path_text(look->lists.trainlist));
  settings.setValue(kTestKey, path_text(look->lists.testlist));
  settings.setValue(kIndexKey, path_text(look->lists.classind));
  seconds_ = -1;
  problems_->show_idle();
  if (!look->survey) {
    look_.reset();
    counts_.set_classes({});
    show_class();
    stack_->setCurrentWidget(empty_);
    problem_->show_error(tr("This dataset cannot be used"), look->survey.error());
  } else {
    look_ = look;
    counts_.set_classes(look->survey->classes);
    classes_->setColumnHidden(ClassCountModel::kNotListed,
                              look->survey->count(data::Part::not_listed) == 0);
    problems_->set_problems(look->survey->problems);
    stack_->setCurrentWidget(content_);
    classes_->selectRow(0);
    show_class();
  }
  show_figures();
}

void DataPage::check() {
  if (problems_->busy()) return;
  problems_->set_problems(look_->survey->problems);
  problems_->show_progress(0, 0, -1);
  job_.ask([look = look_](SurveyJob& job, int ticket) { job.check(look, ticket); });
}

void DataPage::show_figures() {
  for (QAction* action : actions_of_dataset()) action->setEnabled(look_ != nullptr);
  use_button_->setVisible(look_ != nullptr);
  if (!look_) {
    figures_->clear();
    return;
  }
  const auto figure = [](const QString& name, const QString& value, const QColor& dot = {}) {
    const QString mark =
        dot.isValid() ? u"<span style=\"color:%1\">●</span> "_s.arg(dot.name()) : QString();
    return mark + figure_html(name, value);
  };
  const data::Survey& survey = *look_->survey;
  QStringList parts = {
      figure(tr("Classes"), QString::number(static_cast<qint64>(survey.classes.size())))};
  for (const data::Part part :
       {data::Part::train, data::Part::val, data::Part::test, data::Part::not_listed}) {
    if (part == data::Part::not_listed && survey.count(part) == 0) continue;
    parts.append(figure(part_text(part), QString::number(static_cast<qint64>(survey.count(part))),
                        part_color(part)));
  }
  if (seconds_ >= 0) parts.append(figure(tr("Duration"), duration_text(seconds_)));
  figures_->setText(parts.join(u" &nbsp; &nbsp; "_s));
}

void DataPage::show_class() {
  const QModelIndex row = classes_->currentIndex();
  if (!look_ || !row.isValid()) {
    gallery_.clear();
    which_->clear();
    frames_->set_clip({});
    return;
  }
  gallery_.set_class(*look_->survey, row.data(ClassCountModel::kLabelRole).toInt());
  which_->setText(tr("%1: %n clip(s)", nullptr, gallery_.rowCount())
                      .arg(row.siblingAtColumn(ClassCountModel::kClass).data().toString()));
  clips_->scrollToTop();
  frames_->set_clip(gallery_.index(0).data(ClipGallery::kFileRole).toString());
  clips_->setCurrentIndex(gallery_.index(0));
}

void DataPage::show_busy(const QString& text, qint64 done, qint64 total) {
  busy_->setText(text);
  bar_->setVisible(!text.isEmpty());
  bar_->setRange(0, static_cast<int>(total));
  bar_->setValue(static_cast<int>(done));
  stop_->setVisible(total > 0);
}

void DataPage::ask_where_to_write() {
  const QString root = path_text(look_->survey->options.root);
  QString folder = root + u"/lists-mended"_s;
  for (int i = 2; QFileInfo::exists(folder); ++i) folder = root + u"/lists-mended-%1"_s.arg(i);
  folder = QFileDialog::getSaveFileName(this, tr("New folder for the lists"), folder);
  if (!folder.isEmpty()) write_lists(folder);
}

void DataPage::write_lists(const QString& folder) {
  problem_->hide();
  job_.ask_too(
      [look = look_, problems = problems_->model().problems(), folder](SurveyJob& job, int ticket) {
        job.write_lists(look, problems, folder, ticket);
      });
}

void DataPage::ask_where_to_make_demo() {
  const QString folder = QFileDialog::getSaveFileName(this, tr("New folder for the demo videos"),
                                                      QDir::current().filePath(u"demo-data"_s));
  if (!folder.isEmpty()) make_demo(folder);
}

void DataPage::make_demo(const QString& folder) {
  problem_->hide();
  look_.reset();
  show_figures();
  stack_->setCurrentWidget(empty_);
  show_busy(tr("Making demo videos …"));
  job_.ask([folder](SurveyJob& job, int ticket) { job.make_demo(folder, ticket); });
}

void DataPage::request_run() {
  const data::ListFiles& lists = look_->lists;
  Q_EMIT new_run_requested({{u"data.root"_s, path_text(look_->survey->options.root)},
                            {u"data.trainlist"_s, path_text(lists.trainlist)},
                            {u"data.testlist"_s, path_text(lists.testlist)},
                            {u"data.classind"_s, path_text(lists.classind)}});
}

void DataPage::showEvent(QShowEvent*) {
  if (std::exchange(shown_, true))
    return;  // what was open the last time, when it is first asked for
  const QSettings settings;
  const QString folder = settings.value(kFolderKey).toString();
  if (folder.isEmpty()) return;
  data::ListFiles lists;
  lists.trainlist = to_path(settings.value(kTrainKey).toString());
  lists.testlist = to_path(settings.value(kTestKey).toString());
  lists.classind = to_path(settings.value(kIndexKey).toString());
  open(folder, lists);
}

void DataPage::dragEnterEvent(QDragEnterEvent* event) {
  if (!dropped_folder(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void DataPage::dropEvent(QDropEvent* event) {
  const QString folder = dropped_folder(event->mimeData());
  if (folder.isEmpty()) return;
  event->acceptProposedAction();
  open(folder);
}

}  // namespace omniq::ui
