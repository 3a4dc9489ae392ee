#include "ui/pages/data/model_frames_panel.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QScrollBar>
#include <QSettings>
#include <QSpinBox>
#include <QStackedWidget>

#include "ui/base/text.h"
#include "ui/models/session/experiment_form.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {
constexpr auto kConfigKey = "data/frames_of";
}

ModelFramesPanel::ModelFramesPanel(QWidget* parent) : QFrame(parent) {
  setProperty("card", true);
  title_ = heading_label();
  summary_ = muted_label();
  configs_ = new QComboBox;
  configs_->setAccessibleName(tr("Settings of"));
  configs_->setToolTip(tr("Whose frames, stride, size and sampling are shown"));
  configs_->addItem(tr("the defaults"), QString());
  for (const StartingPoint& point : shipped_configurations())
    configs_->addItem(point.name, point.file);
  configs_->insertSeparator(configs_->count());
  configs_->addItem(tr("A run or a file…"));
  mode_ = new QComboBox;
  mode_->setAccessibleName(tr("For"));
  mode_->addItems({tr("evaluation"), tr("training")});
  seed_ = new QSpinBox;
  seed_->setAccessibleName(tr("Seed of the draw"));
  seed_->setPrefix(tr("seed "));
  seed_->setRange(0, std::numeric_limits<int>::max());
  seed_->setMaximumWidth(130);
  seed_->hide();
  play_ = new QPushButton(tr("Play"));
  play_->setToolTip(tr("Opens the clip on the Demo page"));
  QHBoxLayout* head = in_row({title_,
                              {summary_, 1},
                              new QLabel(tr("Settings of")),
                              configs_,
                              new QLabel(tr("for")),
                              mode_,
                              seed_,
                              play_});

  frames_ = new QListView;
  frames_->setModel(&model_);
  frames_->setAccessibleName(tr("Frames that a model is given"));
  frames_->setViewMode(QListView::IconMode);
  frames_->setFlow(QListView::LeftToRight);
  frames_->setWrapping(false);
  frames_->setMovement(QListView::Static);
  frames_->setSelectionMode(QAbstractItemView::NoSelection);
  frames_->setUniformItemSizes(true);
  frames_->setSpacing(4);
  frames_->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  frames_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  frames_->setFrameShape(QFrame::NoFrame);
  text_ = muted_label();
  text_->setAlignment(Qt::AlignCenter);
  text_->setWordWrap(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  stack_ = new QStackedWidget;
  stack_->addWidget(text_);
  stack_->addWidget(frames_);
  stack_->setFixedHeight(ModelFrames::kPictureSide + 2 * fontMetrics().height() + 18);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);  // pictures do not grow
  lay_out(this, in_column({head, {stack_, 1}}, 6), {12, 8, 8, 4});

  connect(configs_, &QComboBox::activated, this, &ModelFramesPanel::choose_config);
  connect(mode_, &QComboBox::activated, this, [this](int mode) {
    seed_->setVisible(mode == 1);
    ask();
  });
  connect(seed_, &QSpinBox::valueChanged, this, &ModelFramesPanel::ask);
  connect(play_, &QPushButton::clicked, this, [this] { Q_EMIT play_requested(clip_); });
  connect(&model_, &ModelFrames::found, this, &ModelFramesPanel::show_found);
  connect(&model_, &ModelFrames::failed, this,
          [this](const Error& error) { text_->setText(to_qt(error.text())); });
  set_config(QSettings().value(kConfigKey).toString());
}

void ModelFramesPanel::set_clip(const QString& file) {
  if (file == clip_) return;
  clip_ = file;
  ask();
}

void ModelFramesPanel::set_config(const QString& file) {
  int row = configs_->findData(file);
  if (row < 0) {
    // A run's name says more than that of its file.
    const QFileInfo info(file);
    const QString name =
        info.fileName() == "config.yaml"_L1 ? info.dir().dirName() : info.completeBaseName();
    row = configs_->count() - 2;
    configs_->insertItem(row, name, file);
  }
  configs_->setCurrentIndex(row);
  config_ = file;
  QSettings().setValue(kConfigKey, file);
  ask();
}

QString ModelFramesPanel::text() const {
  return stack_->currentWidget() == text_ ? text_->text() : QString();
}

void ModelFramesPanel::choose_config() {
  if (configs_->currentIndex() < configs_->count() - 1) {
    set_config(configs_->currentData().toString());
    return;
  }
  const QString file =
      QFileDialog::getOpenFileName(this, tr("Settings of a run or a file"), {},
                                   tr("Configurations (*.yaml *.yml);;All files (*)"));
  set_config(file.isEmpty() ? config_ : file);
}

void ModelFramesPanel::ask() {
  title_->setText(clip_.isEmpty()
                      ? tr("What a model is given")
                      : tr("What a model is given of %1").arg(QFileInfo(clip_).completeBaseName()));
  summary_->clear();
  play_->setVisible(!clip_.isEmpty());
  stack_->setCurrentWidget(text_);
  if (clip_.isEmpty()) {
    model_.clear();
    text_->setText(tr("Choose a clip above."));
    return;
  }
  text_->setText(tr("Decoding …"));
  const bool training = mode_->currentIndex() == 1;
  model_.ask(
      {clip_, config_,
       training ? std::optional<quint64>(static_cast<quint64>(seed_->value())) : std::nullopt});
}

void ModelFramesPanel::show_found() {
  const int views = std::max(1, model_.views());
  QString text =
      tr("%n frame(s) of %1 × %1 pixels", nullptr, model_.rowCount() / views).arg(model_.side());
  if (views > 1) text += tr(", in %1 views").arg(views);
  summary_->setText(text);
  frames_->horizontalScrollBar()->setValue(0);
  stack_->setCurrentWidget(frames_);
}

}  // namespace omniq::ui
