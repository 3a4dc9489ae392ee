#include "ui/pages/new_run/cost_line.h"

#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

#include "core/assembly/estimate.h"
#include "core/config/settings.h"
#include "ui/base/format.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr int kLookDelay = 250;         // ms
constexpr std::int64_t kClasses = 100;  // of a dataset that was not looked at: its head is small

QString seconds_text(double seconds) {
  if (seconds >= 100) return duration_text(seconds);
  return CostLine::tr("%1 s").arg(seconds, 0, 'g', 2);
}

bool same_data(const config::Experiment& a, const config::Experiment& b) {
  return a.data.root == b.data.root && a.data.trainlist == b.data.trainlist &&
         a.data.testlist == b.data.testlist && a.data.classind == b.data.classind &&
         a.data.val == b.data.val;
}

}  // namespace

CostLine::CostLine(const QString& workspace, JobThread<PaceJob>& pace, QWidget* parent)
    : QWidget(parent), workspace_(workspace), pace_job_(pace) {
  text_ = named<QLabel>(tr("What the run will take"));
  text_->setTextFormat(Qt::RichText);
  text_->setWordWrap(true);
  bar_ = thin_bar(140);
  bar_->hide();
  measure_ = new QPushButton;
  measure_->setAutoDefault(false);
  problem_ = new MessageCard;
  lay_out(this, in_column({problem_, in_row({{text_, 1}, bar_, measure_}, 10)}, 6));

  look_.setSingleShot(true);
  look_.setInterval(kLookDelay);
  connect(&look_, &QTimer::timeout, this, &CostLine::look);
  connect(
      pace_job_.worker(), &PaceJob::found, this,
      [this](int ticket, const std::optional<Machine>& machine, const std::optional<Pace>& pace) {
        if (ticket != ticket_) return;  // of settings that have changed since
        machine_ = machine;
        pace_ = pace;
        show_known();
      });
  connect(pace_job_.worker(), &PaceJob::failed, this, [this](int ticket, const Error& error) {
    if (ticket == ticket_) problem_->show_error(tr("The device is not known"), error);
  });
  connect(measure_, &QPushButton::clicked, this, &CostLine::press);
  connect(&job_, &ProbeJob::progress, this, [this](qint64 step, qint64 steps) {
    bar_->setRange(0, static_cast<int>(steps));
    bar_->setValue(static_cast<int>(step));
  });
  connect(&job_, &ProbeJob::measured, this, [this](const run::Probe& probe) {
    measured_ = Measurement{measuring_, probe};
    show_known();
  });
  connect(&job_, &ProbeJob::failed, this, [this](const Error& error) {
    problem_->show_error(tr("The step could not be measured"), error);
    show_known();
  });
}

void CostLine::set_experiment(const config::Experiment& experiment, bool valid) {
  const bool other = config::step_key(experiment) != config::step_key(experiment_);
  experiment_ = experiment;
  valid_ = valid;
  if (other || ticket_ == 0) {
    ticket_ = pace_job_.worker()->renew();
    pace_.reset();
    problem_->hide();
    if (job_.active() && other) job_.cancel();  // of what nobody asks for any more
    look_.start();
  }
  show_known();
}

void CostLine::set_busy(const QString& why) {
  busy_ = why;
  show_known();
}

void CostLine::look() {
  pace_job_.post([workspace = workspace_, experiment = experiment_,
                  ticket = ticket_](PaceJob& job) { job.look(workspace, experiment, ticket); });
}

void CostLine::press() {
  if (job_.active()) {
    job_.cancel();
  } else {
    problem_->hide();
    measuring_ = experiment_;
    bar_->setRange(0, 0);
    job_.start(experiment_);
  }
  show_known();
}

bool CostLine::stale() const {
  return measured_ && config::step_key(measured_->of) != config::step_key(experiment_);
}

QString CostLine::text() const { return text_->text(); }

QString CostLine::estimate_text() const {
  // "auto" is the CPU until the device was looked for, which takes a moment.
  const bool gpu = machine_ ? machine_->gpu : experiment_.device == "cuda";
  const auto estimate = assembly::estimate_memory(experiment_, kClasses, gpu);
  QString text = tr("<b>Estimate:</b> about %1 of memory").arg(bytes_text(estimate.total()));
  if (pace_) {
    text += tr("; %1 a step, as in the run %2")
                .arg(seconds_text(pace_->seconds), pace_->run.toHtmlEscaped());
  } else {
    text += tr("; how long a step takes is not known before it is measured");
  }
  return text;
}

QString CostLine::measured_text() const {
  const run::Probe& probe = measured_->probe;
  const double seconds = probe.step.median / 1000;
  const auto bytes = probe.gpu ? probe.gpu->allocated : probe.resident_growth.value_or(0);
  QString text =
      tr("%1 a step, %2").arg(seconds_text(seconds), bytes_text(static_cast<double>(bytes)));
  if (same_data(measured_->of, experiment_)) {
    const auto steps =
        assembly::steps_per_epoch(experiment_, probe.clips) * experiment_.train.epochs;
    text += tr("; about %1 in all").arg(duration_text(seconds * static_cast<double>(steps)));
  }
  return text;
}

void CostLine::show_known() {
  const bool measuring = job_.active();
  bar_->setVisible(measuring);
  measure_->setText(measuring ? tr("Cancel") : measured_ ? tr("Measure again") : tr("Measure"));
  const QString obstacle = !valid_ ? tr("The settings must be mended first.") : busy_;
  measure_->setEnabled(measuring || obstacle.isEmpty());
  measure_->setToolTip(obstacle.isEmpty()
                           ? tr("Builds the model and runs a few steps on generated clips")
                           : obstacle);
  QString tip =
      tr("Estimated from parameters, gradients, optimiser state and what the layers keep "
         "for the backward pass.");
  if (measuring) {
    text_->setText(estimate_text() + u" · "_s + tr("measuring …"));
  } else if (stale()) {
    text_->setText(estimate_text() + u"<br><span style=\"color:%1\">%2 <s>%3</s></span>"_s.arg(
                                         Theme::current().muted.name(),
                                         tr("Measured before the settings changed:"),
                                         measured_text()));
  } else if (measured_) {
    text_->setText(tr("<b>Measured:</b> %1").arg(measured_text()));
    tip =
        tr("On %1 in %2. %3 The time leaves out waiting for clips and validation.")
            .arg(to_qt(measured_->probe.device), to_qt(measured_->probe.precision),
                 measured_->probe.gpu ? tr("The memory is the most that was allocated on the GPU.")
                                      : tr("The memory is what the process grew by at most."));
  } else {
    text_->setText(estimate_text());
  }
  text_->setToolTip(tip);
}

}  // namespace omniq::ui
