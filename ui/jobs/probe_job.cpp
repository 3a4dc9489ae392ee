#include "ui/jobs/probe_job.h"

#include <signal.h>
#include <string.h>

#include <QProcess>

#include "core/base/text.h"
#include "core/config/load.h"
#include "core/run/printed.h"
#include "ui/base/text.h"
#include "ui/jobs/command_line.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

ProbeJob::ProbeJob(const QString& program, QObject* parent)
    : QObject(parent), program_(program.isEmpty() ? command_line_program() : program) {}

ProbeJob::~ProbeJob() { cancel(); }

void ProbeJob::start(const config::Experiment& experiment) {
  cancel();
  config_ = std::make_unique<QTemporaryFile>();
  const std::string yaml = config::to_yaml(experiment);
  if (!config_->open() || config_->write(yaml.data(), static_cast<qint64>(yaml.size())) < 0 ||
      !config_->flush()) {
    Q_EMIT failed({ErrorCode::io, to_std(tr("The temporary folder cannot be written.")), {}});
    return;
  }
  process_ = new QProcess;
  connect(process_, &QProcess::readyReadStandardError, this, &ProbeJob::read_progress);
  connect(process_, &QProcess::finished, this,
          [this](int code, QProcess::ExitStatus how) { finish(code, how == QProcess::CrashExit); });
  connect(process_, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
    if (error != QProcess::FailedToStart) return;  // finished() follows the others
    leave();
    Q_EMIT failed({ErrorCode::io, to_std(tr("%1 could not be started.").arg(program_)),
                   to_std(tr("Install the program again."))});
  });
  process_->start(program_, {u"probe"_s, config_->fileName(), u"--json"_s, u"--progress"_s});
}

void ProbeJob::cancel() {
  if (!process_) return;
  QProcess* process = process_;
  leave();
  process->kill();  // it writes nothing, so nothing is left half done
}

/// The process deletes itself when it has ended: nobody waits for it here.
void ProbeJob::leave() {
  QProcess* process = std::exchange(process_, nullptr);
  process->disconnect(this);
  if (process->state() == QProcess::NotRunning) {
    process->deleteLater();
  } else {
    connect(process, &QProcess::finished, process, &QObject::deleteLater);
  }
}

void ProbeJob::read_progress() {
  process_->setReadChannel(QProcess::StandardError);
  while (process_->canReadLine()) {
    if (const auto step = run::parse_progress(process_->readLine().toStdString()))
      Q_EMIT progress(step->done, step->total);
  }
}

void ProbeJob::finish(int code, bool crashed) {
  const std::string out = process_->readAllStandardOutput().toStdString();
  leave();
  if (crashed) {
    // The code is the signal's number; SIGKILL is how the system takes memory back.
    const QString hint =
        code == SIGKILL ? tr("Its memory may have run out: lower the batch size, the frames or "
                             "the size of the input.")
                        : QString();
    Q_EMIT failed(
        {code == SIGKILL ? ErrorCode::memory : ErrorCode::io,
         cat(to_std(tr("The measurement was ended by a signal: ")), ::strsignal(code), "."),
         to_std(hint)});
    return;
  }
  if (const auto probe = run::parse_probe(out)) {
    Q_EMIT measured(*probe);
  } else {
    Q_EMIT failed(run::parse_error(out).value_or(
        Error{ErrorCode::io,
              to_std(tr("%1 answered something else than a measurement.").arg(program_)),
              {}}));
  }
}

}  // namespace omniq::ui
