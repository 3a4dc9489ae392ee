#include "ui/pages/demo/player.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QSlider>
#include <QToolButton>
#include <algorithm>

#include "ui/base/icons.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/video_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr double kUsualFps = 25;  // where the file does not say

QString clock_text(double seconds) {
  const int tenths = static_cast<int>(seconds * 10 + 0.5);
  return u"%1:%2.%3"_s.arg(tenths / 600).arg(tenths / 10 % 60, 2, 10, QChar(u'0')).arg(tenths % 10);
}

}  // namespace

Player::Player(QWidget* parent) : QWidget(parent), job_(u"omniq video"_s) {
  play_ = new QAction(tr("Play or pause"), this);
  play_->setShortcut(QKeySequence(u"Ctrl+Space"_s));
  view_ = new VideoView;
  make_controls();
  lay_out(this, in_column({{view_, 1}, in_row({play_button_, {seek_, 1}, time_, speed_, loop_})}));
  connect_job();
  show_icons();
}

void Player::make_controls() {
  play_button_ = new QToolButton;
  play_button_->setAccessibleName(tr("Play or pause"));
  play_button_->setIconSize({20, 20});
  seek_ = new QSlider(Qt::Horizontal);
  seek_->setAccessibleName(tr("Position"));
  seek_->setEnabled(false);
  time_ = muted_label();
  speed_ = new QComboBox;
  for (const double speed : {0.25, 0.5, 1.0, 2.0}) speed_->addItem(u"%1×"_s.arg(speed), speed);
  speed_->setCurrentIndex(2);
  speed_->setAccessibleName(tr("Speed"));
  loop_ = new QCheckBox(tr("Repeat"));
  loop_->setChecked(true);
  connect(play_, &QAction::triggered, this, [this] {
    if (live_) {
      Q_EMIT live_toggled();
    } else {
      set_playing(!playing_);
    }
  });
  connect(play_button_, &QToolButton::clicked, play_, &QAction::trigger);
  const auto seek = [this](int frame) {
    asked_ = true;
    job_.ask_too([frame](VideoJob& job, int ticket) { job.seek(frame, ticket); });
  };
  connect(seek_, &QSlider::sliderMoved, this, seek);
  // Keys and clicks beside the handle; what playing sets is no action.
  connect(seek_, &QSlider::actionTriggered, this, [this, seek](int action) {
    if (action != QAbstractSlider::SliderMove) seek(seek_->sliderPosition());
  });
  connect(speed_, &QComboBox::currentIndexChanged, this, [this] { set_playing(playing_); });
}

void Player::connect_job() {
  clock_.setTimerType(Qt::PreciseTimer);
  connect(&clock_, &QTimer::timeout, this, [this] {
    if (asked_) return;  // the decoder is behind: a frame is late rather than two at once
    asked_ = true;
    job_.ask_too([](VideoJob& job, int ticket) { job.next(ticket); });
  });
  job_.on(&VideoJob::opened, this, [this](qint64 frames, double fps) {
    frames_ = frames;
    fps_ = fps;
    seek_->setRange(0, static_cast<int>(std::max<qint64>(frames - 1, 0)));
    seek_->setEnabled(frames > 1);
    set_playing(frames != 1);
    Q_EMIT opened();
  });
  job_.on(&VideoJob::frame, this, [this](const QImage& picture, qint64 index) {
    asked_ = false;
    show_frame(picture, index);
  });
  job_.on(&VideoJob::picture, this, [this](const QImage& picture) {
    asked_ = false;
    if (picture.isNull()) return;
    view_->set_picture(picture);
    Q_EMIT live_picture(picture);
  });
  job_.on(&VideoJob::ended, this, [this] {
    if (loop_->isChecked() && playing_) {
      job_.ask_too([](VideoJob& job, int ticket) { job.seek(0, ticket); });
      return;
    }
    asked_ = false;
    set_playing(false);
  });
  job_.on(&VideoJob::failed, this, [this](const Error& error) {
    open_ = false;
    set_playing(false);
    view_->set_picture({});
    Q_EMIT failed(error);
  });
}

void Player::open(const QString& file) {
  live_ = false;
  open_ = true;
  show_seeking(true);
  frames_ = frame_ = 0;
  fps_ = 0;
  asked_ = true;
  job_.ask([file](VideoJob& job, int ticket) { job.open(file, ticket); });
}

void Player::start_live() {
  set_playing(false);
  live_ = true;
  open_ = false;
  asked_ = false;
  show_seeking(false);
  view_->set_picture({});
  job_.ask([](VideoJob& job, int ticket) { job.close(ticket); });
  show_live_state(true, 0);
}

void Player::show_seeking(bool on) {
  for (QWidget* widget : std::initializer_list<QWidget*>{seek_, speed_, loop_})
    widget->setVisible(on);
}

void Player::offer(const PictureMaker& make) {
  if (!live_ || asked_) return;
  asked_ = true;
  job_.ask_too([make](VideoJob& job, int ticket) { job.convert(make, ticket); });
}

void Player::show_live_state(bool running, double seconds) {
  playing_ = running;
  time_->setText(clock_text(seconds));
  show_icons();
}

double Player::fps() const { return fps_ > 0 ? fps_ : kUsualFps; }

double Player::seconds() const { return static_cast<double>(frame_) / fps(); }

void Player::set_playing(bool playing) {
  playing_ = playing && open_;
  if (playing_) {
    clock_.start(std::max(1, static_cast<int>(1000 / (fps() * speed_->currentData().toDouble()))));
    if (!asked_ && frames_ > 0 && frame_ >= frames_ - 1) {
      asked_ = true;
      job_.ask_too([](VideoJob& job, int ticket) { job.seek(0, ticket); });
    }
  } else {
    clock_.stop();
  }
  show_icons();
}

void Player::show_frame(const QImage& picture, qint64 index) {
  frame_ = index;
  view_->set_picture(picture);
  if (!seek_->isSliderDown()) seek_->setValue(static_cast<int>(index));
  time_->setText(frames_ > 0 ? u"%1 / %2"_s.arg(clock_text(seconds()),
                                                clock_text(static_cast<double>(frames_) / fps()))
                             : clock_text(seconds()));
  Q_EMIT moved(seconds());
}

void Player::show_icons() {
  play_button_->setIcon(icon(playing_ ? u"pause"_s : u"play"_s));
  play_button_->setEnabled(open_ || live_);
}

void Player::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) show_icons();
  QWidget::changeEvent(event);
}

}  // namespace omniq::ui
