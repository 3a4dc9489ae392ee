#include "ui/jobs/probe_job.h"

#include <signal.h>
#include <string.h>

#include <QCoreApplication>
#include <QProcess>
#include <QRegularExpression>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "core/config/load.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

ProbeJob::ProbeJob(const QString& program, QObject* parent)
    : QObject(parent),
      program_(program.isEmpty() ? QCoreApplication::applicationDirPath() + u"/omniq"_s : program) {
}

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
  process_->start(program_, {u"probe"_s, config_->fileName(), u"--json"_s});
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
  static const QRegularExpression line(u"step (\\d+) of (\\d+)"_s);
  const QString text = QString::fromUtf8(process_->readAllStandardError());
  for (auto found = line.globalMatch(text); found.hasNext();) {
    const auto match = found.next();
    Q_EMIT progress(match.captured(1).toLongLong(), match.captured(2).toLongLong());
  }
}

void ProbeJob::finish(int code, bool crashed) {
  const QByteArray out = process_->readAllStandardOutput();
  leave();
  if (crashed) {
    // The code is the signal's number; SIGKILL is how the system takes memory back.
    const QString hint =
        code == SIGKILL ? tr("Its memory may have run out: lower the batch size, the frames or "
                             "the size of the input.")
                        : QString();
    Q_EMIT failed(
        {ErrorCode::io,
         cat(to_std(tr("The measurement was ended by a signal: ")), ::strsignal(code), "."),
         to_std(hint)});
    return;
  }
  try {
    const auto json = nlohmann::json::parse(out.toStdString());
    if (code != 0) {
      const auto& error = json.at("error");
      Q_EMIT failed({ErrorCode::io, error.at("message").get<std::string>(),
                     error.at("hint").get<std::string>()});
      return;
    }
    StepCost cost;
    cost.device = to_qt(json.at("device").get<std::string>());
    cost.precision = to_qt(json.at("precision").get<std::string>());
    cost.seconds = json.at("step_ms").at("median").get<double>() / 1000;
    cost.gpu = !json.at("peak_vram_bytes").is_null();
    cost.memory = cost.gpu ? json.at("peak_vram_bytes").at("allocated").get<double>()
                           : json.at("resident_growth_bytes").get<double>();
    cost.clips = json.at("clips").get<qint64>();
    Q_EMIT measured(cost);
  } catch (const nlohmann::json::exception& e) {
    Q_EMIT failed({ErrorCode::io,
                   to_std(tr("%1 answered something else than a measurement.").arg(program_)),
                   e.what()});
  }
}

}  // namespace omniq::ui
