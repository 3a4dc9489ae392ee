#include "ui/pages/demo/demo_page.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDir>
#include <QEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QUrl>

#include "core/base/files.h"
#include "ui/base/format.h"
#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/jobs/camera_source.h"
#include "ui/models/items/any_change.h"
#include "ui/pages/demo/answer_card.h"
#include "ui/pages/demo/live_camera.h"
#include "ui/pages/demo/player.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/probability_bars.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/video_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr double kLiveKept = 60;  // seconds of a live timeline

// The file that the clipboard names: copied in a file manager, or a path or address as text.
QString clipboard_file() {
  const QMimeData* data = QApplication::clipboard()->mimeData();
  for (const QUrl& url : data->urls()) {
    if (url.isLocalFile()) return url.toLocalFile();
  }
  QString text = data->text().trimmed().section(u'\n', 0, 0).trimmed();
  if (text.size() > 1 && (text.front() == u'"' || text.front() == u'\'') &&
      text.back() == text.front())
    text = text.mid(1, text.size() - 2);
  if (text.startsWith(u"file:"_s)) return QUrl(text).toLocalFile();
  if (text.startsWith(u"~/"_s)) text.replace(0, 1, QDir::homePath());
  return text;
}

}  // namespace

DemoPage::DemoPage(Workspace& workspace, QWidget* parent)
    : DemoPage(workspace, make_camera_source, parent) {}

DemoPage::DemoPage(Workspace& workspace, FrameSourceFactory make_camera, QWidget* parent)
    : QWidget(parent), workspace_(workspace), predict_(u"omniq model"_s) {
  open_ = new QAction(tr("Open video…"), this);
  open_->setShortcut(QKeySequence(u"Ctrl+Alt+O"_s));
  paste_ = new QAction(tr("Open the path in the clipboard"), this);
  paste_->setShortcut(QKeySequence::Paste);
  paste_->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  addAction(paste_);
  watch_ = new QAction(tr("Watch a camera"), this);
  watch_->setShortcut(QKeySequence(u"Ctrl+Alt+C"_s));
  setFocusPolicy(Qt::ClickFocus);
  run_ = new QComboBox;
  run_->setAccessibleName(tr("Model"));
  run_->setMinimumWidth(300);
  run_->setPlaceholderText(tr("No run with a model yet"));
  camera_ = new LiveCamera(std::move(make_camera));
  problem_ = new MessageCard;
  player_ = new Player;
  card_ = new AnswerCard;
  timeline_ = new ChartView;
  make_layout();

  connect(open_, &QAction::triggered, this, &DemoPage::choose_file);
  connect(paste_, &QAction::triggered, this, &DemoPage::paste);
  connect(run_, &QComboBox::activated, this,
          [this] { player_->live() ? start_live() : classify(); });
  connect(player_, &Player::opened, this, &DemoPage::show_timeline);
  connect(player_, &Player::moved, this, [this](double seconds) {
    timeline_->set_cursor_x(seconds);
    show_bars();
  });
  connect(player_, &Player::failed, this, [this](const Error& error) {
    problem_->show_error(tr("This file cannot be played"), error);
  });
  connect(timeline_, &ChartView::save_failed, this, [this](const Error& error) {
    problem_->show_error(tr("The chart was not saved"), error);
  });
  connect(player_->view(), &VideoView::file_dropped, this,
          [this](const QString& file) { open(file); });
  connect(player_->view(), &VideoView::clicked, this, [this] {
    if (file_.isEmpty() && !player_->live()) {
      choose_file();
    } else {
      player_->play_action()->trigger();
    }
  });
  connect(card_, &AnswerCard::copy_requested, this,
          [this] { QApplication::clipboard()->setText(QString::fromUtf8(result_json())); });
  connect(card_, &AnswerCard::save_requested, this, &DemoPage::save_json);
  on_any_change(workspace_.model(), this, &DemoPage::fill_runs);
  connect_model();
  connect_camera();
  show_timeline();
}

void DemoPage::make_layout() {
  auto* choose = new QPushButton(tr("Open video…"));
  connect(choose, &QPushButton::clicked, this, &DemoPage::choose_file);
  timeline_->setFixedHeight(170);
  QFrame* chart = in_card(in_column({timeline_}), {1, 1, 1, 1});
  QHBoxLayout* head = in_row({new QLabel(tr("Model of")), run_, rest(), camera_, choose});
  QHBoxLayout* row = in_row({{in_column({{player_, 1}, chart}), 5}, {card_, 2}}, 16);
  lay_out(this, in_column({head, problem_, {row, 1}}, 10), {16, 12, 16, 12});
}

void DemoPage::connect_model() {
  predict_.on(&PredictJob::loading, this,
              [this] { card_->set_figures(tr("Loading the model …")); });
  predict_.on(&PredictJob::answered, this, [this](const Answer& answer) { show_answer(answer); });
  predict_.on(&PredictJob::moment, this,
              [this](qint64 frame, const QStringList& classes, const QList<double>& p) {
                if (beliefs_.isEmpty()) beliefs_.start(classes);
                beliefs_.add(static_cast<double>(frame) / player_->fps(), p);
                show_timeline();
                show_bars();
              });
  predict_.on(&PredictJob::done, this, [this] {
    followed_ = true;
    show_bars();
  });
  predict_.on(&PredictJob::live_ready, this, [this](const QStringList& classes) {
    beliefs_.start(classes, kLiveKept);
    card_->set_figures(tr("Waiting for the camera …"));
    looking_ = false;
  });
  predict_.on(&PredictJob::looked, this,
              [this](const QList<double>& probabilities, double milliseconds) {
                show_looked(probabilities, milliseconds);
              });
  predict_.on(&PredictJob::failed, this, [this](const Error& error) {
    card_->set_figures({});
    if (!problem_->isVisible()) problem_->show_error(tr("There is no answer"), error);
  });
}

void DemoPage::connect_camera() {
  connect(watch_, &QAction::triggered, camera_, &LiveCamera::start);
  connect(camera_, &LiveCamera::started, this, &DemoPage::start_live);
  connect(camera_, &LiveCamera::window_changed, this, [this] {
    if (camera_->running()) start_live();
  });
  connect(camera_, &LiveCamera::stopped, this, [this] {
    if (player_->live()) player_->show_live_state(false, 0);
  });
  connect(camera_, &LiveCamera::frame, player_, &Player::offer);
  connect(camera_, &LiveCamera::failed, this, [this](const Error& error) {
    problem_->show_error(tr("There is no picture from the camera"), to_qt(error.text()),
                         tr("Try again"));
  });
  connect(problem_, &MessageCard::button_clicked, this, [this] {
    problem_->hide();
    camera_->start();  // the only problem with a button
  });
  connect(player_, &Player::live_toggled, this,
          [this] { camera_->running() ? camera_->stop() : camera_->start(); });
  connect(player_, &Player::live_picture, this, [this](const QImage& picture) {
    player_->show_live_state(camera_->running(), camera_->seconds());
    if (looking_ || !camera_->running()) return;  // the model is behind: it sees a later frame
    looking_ = true;
    predict_.ask_too([picture](PredictJob& job, int ticket) { job.look(picture, ticket); });
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

void DemoPage::paste() {
  const QString file = clipboard_file();
  if (QFileInfo(file).isFile()) {
    open(file);
    return;
  }
  problem_->show_error(tr("There is no file to open in the clipboard"),
                       file.isEmpty() ? tr("Copy a file, or the path of one, and paste again.")
                                      : tr("%1 does not exist.").arg(file.left(200)));
}

void DemoPage::open(const QString& file, const QString& run) {
  file_ = file;
  camera_->stop();
  problem_->hide();
  if (!run.isEmpty() && run_->findData(run) >= 0) run_->setCurrentIndex(run_->findData(run));
  player_->open(file);
  classify();
}

ModelChoice DemoPage::start_over() {
  predict_.forget();
  answered_ = followed_ = false;
  beliefs_.start({});
  card_->clear();
  show_timeline();
  const ModelChoice chosen = {run_->currentData().toString(), preferences().engine_settings()};
  if (chosen.run.isEmpty()) card_->set_figures(tr("Train a run first: its model answers here."));
  return chosen;
}

void DemoPage::classify() {
  if (file_.isEmpty()) return;
  const ModelChoice chosen = start_over();
  if (chosen.run.isEmpty()) return;
  predict_.ask_too(
      [chosen, file = file_](PredictJob& job, int ticket) { job.classify(chosen, file, ticket); });
}

void DemoPage::start_live() {
  file_.clear();
  problem_->hide();
  player_->start_live();
  looking_ = true;
  live_times_.clear();
  const ModelChoice chosen = start_over();
  if (chosen.run.isEmpty()) return;
  predict_.ask_too([chosen, window = camera_->window()](PredictJob& job, int ticket) {
    job.start_live(chosen, window, ticket);
  });
}

void DemoPage::show_answer(const Answer& answer) {
  answered_ = true;
  answer_ = answer;
  if (!answer.top5.empty()) card_->set_verdict(to_qt(answer.top5.front().label));
  card_->set_figures(
      tr("%1 frames looked at\ndecoded in %2 ms, classified in %3 ms\n%4 frames a second")
          .arg(answer.frames)
          .arg(answer.decode_ms, 0, 'f', 1)
          .arg(answer.model_ms, 0, 'f', 1)
          .arg(1000.0 * static_cast<double>(answer.frames) / (answer.decode_ms + answer.model_ms),
               0, 'f', 0));
  card_->set_result(true);
  show_bars();
}

void DemoPage::show_looked(const QList<double>& probabilities, double milliseconds) {
  looking_ = false;
  const double now = camera_->seconds();
  if (!camera_->running()) return;
  beliefs_.add(now, probabilities);
  const auto best = beliefs_.best_at(now);
  answered_ = true;
  answer_ = {};
  for (const BeliefTrack::Entry& entry : best)
    answer_.top5.push_back({to_std(beliefs_.classes()[entry.label]), entry.probability});
  answer_.frames = 1;
  answer_.model_ms = milliseconds;
  live_times_.append(now);
  while (live_times_.front() < now - 2) live_times_.removeFirst();
  const double span = now - live_times_.front();
  const double rate = span > 0 ? static_cast<double>(live_times_.size() - 1) / span : 0;
  card_->set_verdict(beliefs_.classes()[best.front().label]);
  card_->set_figures(tr("%1 frames a second\n%2 ms for each in the model")
                         .arg(rate, 0, 'f', 0)
                         .arg(milliseconds, 0, 'f', 1));
  card_->set_result(true);
  show_timeline();
  show_bars();
}

void DemoPage::show_timeline() { timeline_->set_scene(beliefs_.scene()); }

void DemoPage::show_bars() {
  // The newest moment that the playing video has reached; where the model has not come that far
  // yet, the whole answer.
  const double seconds = player_->live() ? camera_->seconds() : player_->seconds();
  const bool behind = answered_ && !followed_ && !player_->live() && seconds > beliefs_.newest();
  const auto now = behind ? QList<BeliefTrack::Entry>() : beliefs_.best_at(seconds);
  QList<LabelProbability> entries;
  for (const BeliefTrack::Entry& entry : now) {
    entries.append(
        {beliefs_.classes()[entry.label], entry.probability, BeliefTrack::color(entry.label)});
  }
  if (now.isEmpty() && answered_) {
    for (const Answer::Entry& entry : answer_.top5)
      entries.append({to_qt(entry.label), entry.probability, {}});
  }
  bars()->set_entries(entries);
}

QByteArray DemoPage::result_json() const {
  QJsonArray top5;
  for (const Answer::Entry& entry : answer_.top5)
    top5.append(
        QJsonObject{{u"label"_s, to_qt(entry.label)}, {u"probability"_s, entry.probability}});
  const QJsonObject one = {{u"video"_s, player_->live() ? camera_->name() : file_},
                           {u"top5"_s, top5},
                           {u"frames"_s, static_cast<qint64>(answer_.frames)},
                           {u"decode_ms"_s, answer_.decode_ms},
                           {u"model_ms"_s, answer_.model_ms},
                           {u"error"_s, QJsonValue::Null}};
  return QJsonDocument(QJsonObject{{u"predictions"_s, QJsonArray{one}}}).toJson();
}

void DemoPage::save_json() {
  ask_and_save(this, tr("Save result"), QFileInfo(file_).completeBaseName() + u".json"_s,
               tr("JSON (*.json)"), *problem_, [this](const QString& file) {
                 return write_file_atomic(to_path(file), result_json().toStdString());
               });
}

QAction* DemoPage::play_action() const { return player_->play_action(); }
ProbabilityBars* DemoPage::bars() const { return card_->bars(); }
VideoView* DemoPage::view() const { return player_->view(); }

void DemoPage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) {
    show_timeline();
    show_bars();
  }
  QWidget::changeEvent(event);
}

void DemoPage::showEvent(QShowEvent*) { setFocus(); }  // Ctrl+V is for it

void DemoPage::hideEvent(QHideEvent*) {
  camera_->stop();
  player_->pause();
}

}  // namespace omniq::ui
