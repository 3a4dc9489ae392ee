#include "ui/window/training_bar.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>

#include "core/base/text.h"
#include "core/config/load.h"
#include "ui/base/format.h"
#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/jobs/command_line.h"
#include "ui/models/session/experiment_form.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

TrainingBar::TrainingBar(QWidget* parent) : QWidget(parent) {
  text_ = new QLabel;
  bar_ = thin_bar(160);
  pause_ = new QPushButton(tr("Pause"));
  pause_->setToolTip(tr("Saves the state and frees the memory; the run can go on later"));
  stop_now_button_ = new QPushButton(tr("Stop now"));
  stop_now_button_->setToolTip(
      tr("Ends without saving: discards what came after the last checkpoint"));
  lay_out(this, in_row({text_, bar_, pause_, stop_now_button_}, 10), {4, 2, 8, 2});
  hide();
  connect(pause_, &QPushButton::clicked, this, [this] {
    wait_for_end(run::Request::pause);
    job_.stop();
  });
  connect(stop_now_button_, &QPushButton::clicked, this, [this] {
    wait_for_end(run::Request::stop_now);
    stop_now_.request_stop();
    job_.stop();  // also of what comes before the training
  });
  TrainJob* job = job_.worker();
  connect(job, &TrainJob::demo_progress, this, [this](qint64 done, qint64 total) {
    text_->setText(tr("Making demo videos: %1 of %2").arg(done).arg(total));
    bar_->setRange(0, static_cast<int>(total));
    bar_->setValue(static_cast<int>(done));
  });
  connect(job, &TrainJob::started, this, [this](const QString& run) {
    run_ = run;
    Q_EMIT started(run);
  });
  connect(job, &TrainJob::progress, this, &TrainingBar::show_progress);
  connect(job, &TrainJob::finished, this,
          [this](const QString& run, const train::TrainOutcome& outcome) {
            const QString data = std::exchange(demo_data_, {});
            const bool complete = outcome.state == run::RunState::finished;
            if (complete) Q_EMIT completed(run);
            finish();
            if (data.isEmpty() || !complete) return;
            QFile list(data + u"/lists/testlist.txt"_s);
            if (!list.open(QIODevice::ReadOnly)) return;
            const QString clip = QString::fromUtf8(list.readLine()).trimmed().section(u' ', 0, 0);
            Q_EMIT demo_ready(run, data + u'/' + clip);
          });
  connect(job, &TrainJob::too_large, this, &TrainingBar::ask_to_start);
  job_.on(&TrainJob::failed, this, [this](const Error& error) {
    finish();
    Q_EMIT failed(tr("The training stopped"), error);
  });
  job_.on(&TrainJob::stopped, this, [this] { finish(); });
}

void TrainingBar::ask_to_start(const config::Experiment& experiment, const Error& error) {
  const QString demo_data = std::exchange(demo_data_, {});
  const bool closing = closing_ != Closing::no;
  finish();
  if (closing) return;
  auto* box = new QMessageBox(QMessageBox::Warning, tr("This may not fit into memory"),
                              to_qt(error.message), QMessageBox::Cancel, window());
  box->setObjectName(u"too_large"_s);
  box->setInformativeText(to_qt(error.hint));
  box->setAttribute(Qt::WA_DeleteOnClose);
  const QAbstractButton* go = box->addButton(tr("Start anyway"), QMessageBox::AcceptRole);
  connect(box, &QMessageBox::buttonClicked, this,
          [this, experiment, demo_data, go](const QAbstractButton* clicked) {
            if (clicked == go && !busy()) launch(experiment, demo_data, /*force=*/true);
          });
  box->open();
}

bool TrainingBar::busy() {
  if (active_) {
    Q_EMIT failed(tr("Not started"),
                  {ErrorCode::usage, to_std(tr("A run is being trained in this window already.")),
                   to_std(tr("Pause it first, or start this one on the command line."))});
    return true;
  }
  active_ = true;
  run_.clear();
  stop_now_ = {};
  closing_ = Closing::no;
  text_->setText(tr("Preparing …"));
  bar_->setRange(0, 0);
  pause_->setEnabled(true);
  stop_now_button_->setEnabled(true);
  show();
  return false;
}

void TrainingBar::launch(const config::Experiment& experiment, const QString& demo_data,
                         bool force) {
  demo_data_ = demo_data;
  job_.ask([experiment, demo_data, force, now = stop_now_.get_token()](TrainJob& job, int ticket) {
    job.start(experiment, demo_data, force, now, ticket);
  });
}

void TrainingBar::start(const config::Experiment& experiment) {
  if (!busy()) launch(experiment, {}, /*force=*/false);
}

void TrainingBar::resume(const QString& run) {
  if (busy()) return;
  job_.ask([run, now = stop_now_.get_token()](TrainJob& job, int ticket) {
    job.resume(run, now, ticket);
  });
}

void TrainingBar::try_demo(const QString& workspace) {
  const QString data = QDir::cleanPath(workspace + u"/../demo-data"_s);
  for (const StartingPoint& point : shipped_configurations()) {
    if (point.name != "demo-mamba"_L1) continue;
    std::vector<std::string> values = {"train.save_dir=" + to_std(workspace), "run.name=demo"};
    const std::pair<const char*, QString> paths[] = {{"data.root", {}},
                                                     {"data.trainlist", u"/lists/trainlist.txt"_s},
                                                     {"data.testlist", u"/lists/testlist.txt"_s},
                                                     {"data.classind", u"/lists/classInd.txt"_s}};
    for (const auto& [key, path] : paths) values.push_back(cat(key, "=", to_std(data + path)));
    for (const QString& setting : preferences().engine_settings())
      values.push_back(to_std(setting));
    const auto experiment = config::load(to_path(point.file), values);
    if (!experiment) {
      Q_EMIT failed(tr("The demo cannot be started"), experiment.error());
    } else if (!busy()) {
      launch(*experiment, data, /*force=*/false);
    }
    return;
  }
  Q_EMIT failed(tr("The demo cannot be started"),
                {ErrorCode::io, to_std(tr("configs/demo-mamba.yaml was not found.")),
                 to_std(tr("Start the program from its own folder, or install it again."))});
}

Status TrainingBar::ask(const QString& run, run::Request request) {
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(to_path(run)));
  OMNIQ_TRY(run::ask(folder, request));
  if (active_ && run_ == run) wait_for_end(request);
  return {};
}

void TrainingBar::wait_for_end(run::Request request) {
  const bool now = request == run::Request::stop_now;
  pause_->setEnabled(false);
  if (now) stop_now_button_->setEnabled(false);
  text_->setText(now ? tr("Stopping …") : tr("Saving the state …"));
}

void TrainingBar::show_progress(const train::Progress& p) {
  if (!pause_->isEnabled()) return;  // it is about to end
  bar_->setRange(0, static_cast<int>(p.steps));
  bar_->setValue(static_cast<int>(p.step));
  QString text =
      tr("%1: epoch %2 of %3").arg(QFileInfo(run_).fileName()).arg(p.epoch).arg(p.epochs);
  if (p.seconds_left >= 0) text += tr(", %1 left").arg(duration_text(p.seconds_left));
  text_->setText(text);
}

void TrainingBar::finish() {
  active_ = false;
  demo_data_.clear();
  hide();
  const QString run = run_;
  if (closing_ == Closing::move_to_background && !run.isEmpty()) {
    if (const Status moved = resume_in_background(run); !moved) {
      closing_ = Closing::no;
      Q_EMIT failed(tr("The run was paused instead of moved"), moved.error());
      Q_EMIT ended(run);
      return;
    }
  }
  Q_EMIT ended(run);
  if (closing_ != Closing::no) Q_EMIT close_now();
}

bool TrainingBar::may_close() {
  if (!active_) return true;
  if (const auto closing = preferences().closing(); closing != Preferences::Closing::ask) {
    closing_ =
        closing == Preferences::Closing::background ? Closing::move_to_background : Closing::stop;
    pause_->click();
    return false;
  }
  QMessageBox box(QMessageBox::Question, tr("A run is being trained"),
                  tr("What becomes of the training when the window closes?"), QMessageBox::Cancel,
                  window());
  box.setObjectName(u"close_question"_s);
  const QAbstractButton* keep = box.addButton(tr("Go on in the background"), QMessageBox::YesRole);
  const QAbstractButton* stop = box.addButton(tr("Stop and save"), QMessageBox::NoRole);
  box.exec();
  if (!active_) return true;  // it ended while the question stood there
  if (box.clickedButton() != keep && box.clickedButton() != stop) return false;
  closing_ = box.clickedButton() == keep ? Closing::move_to_background : Closing::stop;
  pause_->click();
  return false;
}

}  // namespace omniq::ui
