#include "ui/pages/demo/demo_page.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QPushButton>
#include <QSaveFile>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <numeric>

#include "ui/base/format.h"
#include "ui/base/icons.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/probability_bars.h"
#include "ui/widgets/video_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr double kUsualFps = 25;  // where the file does not say

// The classes with the largest values, best first.
QList<int> best(const QList<double>& values, int count) {
  QList<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min<qsizetype>(count, order.size());
  std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                    [&](int a, int b) { return values[a] > values[b]; });
  order.resize(kept);
  return order;
}

QString clock_text(double seconds) {
  const int tenths = static_cast<int>(seconds * 10 + 0.5);
  return u"%1:%2.%3"_s.arg(tenths / 600).arg(tenths / 10 % 60, 2, 10, QChar(u'0')).arg(tenths % 10);
}

}  // namespace

DemoPage::DemoPage(Workspace& workspace, QWidget* parent)
    : QWidget(parent), workspace_(workspace), video_(u"omniq video"_s), predict_(u"omniq model"_s) {
  open_ = new QAction(tr("Open video…"), this);
  open_->setShortcut(QKeySequence(u"Ctrl+Alt+O"_s));
  play_ = new QAction(tr("Play or pause"), this);
  play_->setShortcut(QKeySequence(u"Ctrl+Space"_s));
  problem_ = new MessageCard;

  run_ = new QComboBox;
  run_->setAccessibleName(tr("Model"));
  run_->setMinimumWidth(300);
  run_->setPlaceholderText(tr("No run with a model yet"));
  auto* choose = new QPushButton(tr("Open video…"));
  auto* head = new QHBoxLayout;
  head->setSpacing(8);
  head->addWidget(new QLabel(tr("Model of")));
  head->addWidget(run_);
  head->addStretch();
  head->addWidget(choose);
  auto* row = new QHBoxLayout;
  row->setSpacing(16);
  row->addWidget(make_player(), 5);
  row->addWidget(make_answer(), 2);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(16, 12, 16, 12);
  column->setSpacing(10);
  column->addLayout(head);
  column->addWidget(problem_);
  column->addLayout(row, 1);

  connect(open_, &QAction::triggered, this, &DemoPage::choose_file);
  connect(choose, &QPushButton::clicked, this, &DemoPage::choose_file);
  connect(play_, &QAction::triggered, this, [this] { set_playing(!playing_); });
  connect(run_, &QComboBox::activated, this, &DemoPage::classify);
  WorkspaceModel& model = workspace_.model();
  for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
    connect(&model, signal, this, &DemoPage::fill_runs);
  connect(&model, &QAbstractItemModel::modelReset, this, &DemoPage::fill_runs);
  connect(&model, &QAbstractItemModel::dataChanged, this, &DemoPage::fill_runs);
  connect_jobs();
  show_icons();
}

QWidget* DemoPage::make_player() {
  auto* player = new QWidget;
  view_ = new VideoView;
  play_button_ = new QToolButton;
  play_button_->setAccessibleName(tr("Play or pause"));
  play_button_->setIconSize({20, 20});
  seek_ = new QSlider(Qt::Horizontal);
  seek_->setAccessibleName(tr("Position"));
  seek_->setEnabled(false);
  time_ = new QLabel;
  time_->setProperty("muted", true);
  speed_ = new QComboBox;
  for (const double speed : {0.25, 0.5, 1.0, 2.0}) speed_->addItem(u"%1×"_s.arg(speed), speed);
  speed_->setCurrentIndex(2);
  speed_->setAccessibleName(tr("Speed"));
  loop_ = new QCheckBox(tr("Repeat"));
  loop_->setChecked(true);
  timeline_ = new ChartView;
  timeline_->setFixedHeight(170);
  auto* card = new QFrame;
  card->setProperty("card", true);
  auto* inner = new QVBoxLayout(card);
  inner->setContentsMargins(1, 1, 1, 1);
  inner->addWidget(timeline_);
  auto* controls = new QHBoxLayout;
  controls->setSpacing(8);
  controls->addWidget(play_button_);
  controls->addWidget(seek_, 1);
  controls->addWidget(time_);
  controls->addWidget(speed_);
  controls->addWidget(loop_);
  auto* column = new QVBoxLayout(player);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(8);
  column->addWidget(view_, 1);
  column->addLayout(controls);
  column->addWidget(card);
  connect(view_, &VideoView::file_dropped, this, [this](const QString& file) { open(file); });
  connect(view_, &VideoView::clicked, this,
          [this] { file_.isEmpty() ? choose_file() : set_playing(!playing_); });
  connect(play_button_, &QToolButton::clicked, play_, &QAction::trigger);
  connect(seek_, &QSlider::sliderMoved, this, [this](int frame) {
    asked_ = true;
    video_.post([frame](VideoJob& job) { job.seek(frame); });
  });
  connect(speed_, &QComboBox::currentIndexChanged, this, [this] { set_playing(playing_); });
  show_timeline();
  return player;
}

QWidget* DemoPage::make_answer() {
  auto* card = new QFrame;
  card->setProperty("card", true);
  card->setMinimumWidth(270);
  verdict_ = new QLabel;
  QFont large = verdict_->font();
  large.setPointSizeF(large.pointSizeF() * 1.5);
  large.setWeight(QFont::DemiBold);
  verdict_->setFont(large);
  verdict_->setWordWrap(true);
  auto* title = new QLabel(tr("What happens"));
  title->setProperty("muted", true);
  bars_ = new ProbabilityBars;
  figures_ = new QLabel;
  figures_->setProperty("muted", true);
  figures_->setWordWrap(true);
  copy_ = new QPushButton(tr("Copy as JSON"));
  save_ = new QPushButton(tr("Save as JSON…"));
  for (QPushButton* button : {copy_, save_}) button->setEnabled(false);
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(8);
  buttons->addWidget(copy_);
  buttons->addWidget(save_);
  auto* column = new QVBoxLayout(card);
  column->setContentsMargins(18, 14, 18, 14);
  column->setSpacing(8);
  column->addWidget(title);
  column->addWidget(verdict_);
  column->addSpacing(4);
  column->addWidget(bars_);
  column->addStretch();
  column->addWidget(figures_);
  column->addLayout(buttons);
  connect(copy_, &QPushButton::clicked, this,
          [this] { QApplication::clipboard()->setText(QString::fromUtf8(result_json())); });
  connect(save_, &QPushButton::clicked, this, &DemoPage::save_json);
  verdict_->setText(dash());
  return card;
}

void DemoPage::connect_jobs() {
  clock_.setTimerType(Qt::PreciseTimer);
  connect(&clock_, &QTimer::timeout, this, [this] {
    if (asked_) return;  // the decoder is behind: a frame is late rather than two at once
    asked_ = true;
    video_.post([](VideoJob& job) { job.next(); });
  });
  VideoJob* video = video_.worker();
  connect(video, &VideoJob::opened, this, [this](int ticket, qint64 frames, double fps) {
    if (ticket != ticket_) return;
    frames_ = frames;
    fps_ = fps;
    seek_->setRange(0, static_cast<int>(std::max<qint64>(frames - 1, 0)));
    seek_->setEnabled(frames > 1);
    set_playing(frames != 1);
  });
  connect(video, &VideoJob::frame, this, [this](int ticket, const QImage& picture, qint64 index) {
    if (ticket != ticket_) return;
    asked_ = false;
    show_frame(picture, index);
  });
  connect(video, &VideoJob::ended, this, [this](int ticket) {
    if (ticket != ticket_) return;
    if (loop_->isChecked() && playing_) {
      video_.post([](VideoJob& job) { job.seek(0); });
      return;
    }
    asked_ = false;
    set_playing(false);
  });
  connect(video, &VideoJob::failed, this, [this](int ticket, const Error& error) {
    if (ticket != ticket_) return;
    set_playing(false);
    view_->set_picture({});
    problem_->show_error(tr("This file cannot be played"), error);
  });
  PredictJob* predict = predict_.worker();
  connect(predict, &PredictJob::loading, this, [this](int ticket) {
    if (ticket == ticket_) figures_->setText(tr("Loading the model …"));
  });
  connect(predict, &PredictJob::answered, this, [this](int ticket, const Answer& answer) {
    if (ticket == ticket_) show_answer(answer);
  });
  connect(
      predict, &PredictJob::moment, this,
      [this](int ticket, qint64 frame, const QStringList& classes, const QList<double>& values) {
        if (ticket == ticket_) add_moment(frame, classes, values);
      });
  connect(predict, &PredictJob::failed, this, [this](int ticket, const Error& error) {
    if (ticket != ticket_) return;
    figures_->clear();
    if (!problem_->isVisible()) problem_->show_error(tr("There is no answer"), error);
  });
}

void DemoPage::fill_runs() {
  const QString chosen = run_->currentData().toString();
  QStringList paths, names;
  QList<RunInfo> runs = workspace_.model().runs();
  std::sort(runs.begin(), runs.end(),
            [](const RunInfo& a, const RunInfo& b) { return a.best_top1 > b.best_top1; });
  for (const RunInfo& run : std::as_const(runs)) {
    if (run.damaged || run.epoch < 1) continue;  // no checkpoint yet
    paths.append(run.path);
    names.append(run.best_top1 >= 0 ? u"%1  ·  %2"_s.arg(run.name, percent_text(run.best_top1))
                                    : run.name);
  }
  QStringList there;
  for (int i = 0; i < run_->count(); ++i) there.append(run_->itemText(i));
  if (there == names) return;
  run_->clear();
  for (qsizetype i = 0; i < paths.size(); ++i) run_->addItem(names[i], paths[i]);
  run_->setCurrentIndex(std::max(run_->findData(chosen), paths.isEmpty() ? -1 : 0));
  if (!file_.isEmpty() && !answered_ && chosen.isEmpty() && !paths.isEmpty()) classify();
}

void DemoPage::choose_file() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Open video"), QFileInfo(file_).path(),
      tr("Videos (*.mp4 *.avi *.mkv *.mov *.webm *.mpg *.mpeg *.m4v *.gif);;All files (*)"));
  if (!file.isEmpty()) open(file);
}

void DemoPage::open(const QString& file, const QString& run) {
  file_ = file;
  problem_->hide();
  if (!run.isEmpty() && run_->findData(run) >= 0) run_->setCurrentIndex(run_->findData(run));
  frames_ = frame_ = 0;
  classify();
  asked_ = true;
  video_.post([file, ticket = ticket_](VideoJob& job) { job.open(file, ticket); });
}

void DemoPage::classify() {
  if (file_.isEmpty()) return;
  const bool same_video = ticket_ > 0 && frames_ > 0;
  ++ticket_;
  answered_ = false;
  moments_.clear();
  bars_->set_entries({});
  verdict_->setText(dash());
  figures_->setText({});
  copy_->setEnabled(false);
  save_->setEnabled(false);
  show_timeline();
  const QString run = run_->currentData().toString(), file = file_;
  predict_.worker()->set_wanted(ticket_);
  if (run.isEmpty()) {
    figures_->setText(tr("Train a run first: its model answers here."));
  } else {
    predict_.post(
        [run, file, ticket = ticket_](PredictJob& job) { job.classify(run, file, ticket); });
  }
  if (same_video) {  // another model for what is playing
    asked_ = true;
    video_.post([file, ticket = ticket_](VideoJob& job) { job.open(file, ticket); });
  }
}

void DemoPage::set_playing(bool playing) {
  playing_ = playing && !file_.isEmpty();
  if (playing_) {
    const double fps = (fps_ > 0 ? fps_ : kUsualFps) * speed_->currentData().toDouble();
    clock_.start(std::max(1, static_cast<int>(1000 / fps)));
    if (!asked_ && frames_ > 0 && frame_ >= frames_ - 1) {
      asked_ = true;
      video_.post([](VideoJob& job) { job.seek(0); });
    }
  } else {
    clock_.stop();
  }
  show_icons();
}

void DemoPage::show_frame(const QImage& picture, qint64 index) {
  frame_ = index;
  view_->set_picture(picture);
  if (!seek_->isSliderDown()) seek_->setValue(static_cast<int>(index));
  const double fps = fps_ > 0 ? fps_ : kUsualFps;
  time_->setText(frames_ > 0 ? u"%1 / %2"_s.arg(clock_text(index / fps), clock_text(frames_ / fps))
                             : clock_text(index / fps));
  timeline_->set_cursor_x(static_cast<double>(index) / fps);
  show_bars();
}

void DemoPage::show_answer(const Answer& answer) {
  answered_ = true;
  answer_ = answer;
  if (!answer.top5.empty()) verdict_->setText(to_qt(answer.top5.front().label));
  figures_->setText(
      tr("%1 frames looked at\ndecoded in %2 ms, classified in %3 ms\n%4 frames a second")
          .arg(answer.frames)
          .arg(answer.decode_ms, 0, 'f', 1)
          .arg(answer.model_ms, 0, 'f', 1)
          .arg(1000.0 * static_cast<double>(answer.frames) / (answer.decode_ms + answer.model_ms),
               0, 'f', 0));
  copy_->setEnabled(true);
  save_->setEnabled(true);
  show_bars();
}

void DemoPage::add_moment(qint64 frame, const QStringList& classes, const QList<double>& values) {
  classes_ = classes;
  moments_.append({frame, values});
  show_timeline();
  show_bars();
}

void DemoPage::show_timeline() {
  ChartScene scene;
  scene.title = tr("Probability over time, %");
  scene.x_kind = AxisKind::duration;
  scene.unit = u" %"_s;
  scene.least = 0;
  scene.most = 100;
  scene.empty_text = tr("What the model believes while the video goes on");
  if (!moments_.isEmpty()) {
    // The classes that came out best somewhere.
    QList<double> most(classes_.size(), 0);
    for (const Moment& moment : std::as_const(moments_)) {
      for (qsizetype c = 0; c < most.size(); ++c)
        most[c] = std::max(most[c], moment.probabilities[c]);
    }
    const double fps = fps_ > 0 ? fps_ : kUsualFps;
    const auto x = std::make_shared<std::vector<double>>();
    for (const Moment& moment : std::as_const(moments_))
      x->push_back(static_cast<double>(moment.frame) / fps);
    for (const int c : best(most, 5)) {
      auto y = std::make_shared<std::vector<double>>();
      for (const Moment& moment : std::as_const(moments_))
        y->push_back(100 * moment.probabilities[c]);
      const auto& colors = Theme::current().series;
      scene.curves.append({classes_[c], colors[c % colors.size()], Qt::SolidLine,
                           std::make_shared<CurveData>(x, y), nullptr});
    }
  }
  timeline_->set_scene(std::move(scene));
}

void DemoPage::show_bars() {
  const auto& colors = Theme::current().series;
  QList<LabelProbability> entries;
  // The newest moment that the playing video has reached; before there is one, the whole answer.
  const Moment* now = nullptr;
  for (const Moment& moment : std::as_const(moments_)) {
    if (moment.frame <= frame_) now = &moment;
  }
  if (now) {
    for (const int c : best(now->probabilities, 5))
      entries.append({classes_[c], now->probabilities[c], colors[c % colors.size()]});
  } else if (answered_) {
    for (const Answer::Entry& entry : answer_.top5)
      entries.append({to_qt(entry.label), entry.probability, {}});
  }
  bars_->set_entries(entries);
}

QByteArray DemoPage::result_json() const {
  QJsonArray top5;
  for (const Answer::Entry& entry : answer_.top5)
    top5.append(
        QJsonObject{{u"label"_s, to_qt(entry.label)}, {u"probability"_s, entry.probability}});
  const QJsonObject one = {{u"video"_s, file_},
                           {u"top5"_s, top5},
                           {u"frames"_s, static_cast<qint64>(answer_.frames)},
                           {u"decode_ms"_s, answer_.decode_ms},
                           {u"model_ms"_s, answer_.model_ms},
                           {u"error"_s, QJsonValue::Null}};
  return QJsonDocument(QJsonObject{{u"predictions"_s, QJsonArray{one}}}).toJson();
}

void DemoPage::save_json() {
  const QString file = QFileDialog::getSaveFileName(
      this, tr("Save result"), QFileInfo(file_).completeBaseName() + u".json"_s,
      tr("JSON (*.json)"));
  if (file.isEmpty()) return;
  QSaveFile out(file);
  if (!out.open(QIODevice::WriteOnly) || out.write(result_json()) < 0 || !out.commit())
    problem_->show_error(tr("The result was not saved"), tr("%1: %2").arg(file, out.errorString()));
}

void DemoPage::show_icons() {
  play_button_->setIcon(icon(playing_ ? u"pause"_s : u"play"_s));
  play_button_->setEnabled(!file_.isEmpty());
}

void DemoPage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) {
    show_icons();
    show_timeline();
    show_bars();
  }
  QWidget::changeEvent(event);
}

void DemoPage::hideEvent(QHideEvent*) { set_playing(false); }

}  // namespace omniq::ui
