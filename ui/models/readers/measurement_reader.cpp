#include "ui/models/readers/measurement_reader.h"

#include <QCoreApplication>
#include <QThread>
#include <limits>

#include "core/config/settings.h"
#include "core/run/evaluation.h"
#include "core/run/run_folder.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("Measurement", text); }

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

QString protocol_text(const run::Summary& s, const config::Experiment& own) {
  const run::Protocol p = s.protocol.value_or(run::protocol_of(own));
  QStringList parts = {to_qt(s.dataset), tr("split %1").arg(to_qt(s.split)),
                       tr("%1 clips").arg(s.clips)};
  QString frames = tr("%1 frames").arg(p.frames);
  frames +=
      p.sampling == "stride" ? tr(" at stride %1").arg(p.stride) : u", "_s + to_qt(p.sampling);
  parts.append(frames);
  parts.append(u"%1 × %1"_s.arg(p.size));
  if (p.temporal_views * p.spatial_views > 1)
    parts.append(tr("%1 × %2 views").arg(p.temporal_views).arg(p.spatial_views));
  return parts.join(u", "_s);
}

}  // namespace

Result<Measurement> read_measurement(const std::filesystem::path& run) {
  OMNIQ_ASSIGN(const run::Summary summary, run::read_summary(run / "eval"));
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(run));
  OMNIQ_ASSIGN(const config::Experiment e, folder.experiment());
  Measurement m;
  m.run = to_qt(run.string());
  m.id = to_qt(run.filename().string());
  m.fusion = to_qt(e.fusion.name);
  for (const QString& key : variant_keys())
    m.settings.append(to_qt(config::find_setting(to_std(key))->get(e)));
  m.protocol = protocol_text(summary, e);
  const auto& latency = summary.latency;
  QStringList device = {to_qt(summary.device), to_qt(summary.precision)};
  if (latency) device.append(tr("batch %1").arg(latency->batch));
  m.device = device.join(u", "_s);
  m.values = {
      summary.top1,
      summary.top5,
      latency ? latency->per_clip() : kNotMeasured,
      summary.memory ? static_cast<double>(summary.memory->allocated) / 0x1p30 : kNotMeasured,
      static_cast<double>(summary.parameters.total) / 1e6,
      static_cast<double>(summary.parameters.trainable) / 1e6};
  return m;
}

void MeasurementReader::read(const QList<RunInfo>& runs) {
  QList<Measurement> measurements;
  QStringList problems;
  std::map<QString, Entry> kept;
  for (const RunInfo& run : runs) {
    if (QThread::currentThread()->isInterruptionRequested()) return;
    if (run.evaluated == 0) continue;
    const auto found = known_.find(run.path);
    Entry entry = found != known_.end() && found->second.evaluated == run.evaluated
                      ? found->second
                      : Entry{run.evaluated, read_measurement(to_path(run.path))};
    if (entry.measurement) {
      measurements.append(*entry.measurement);
    } else {
      problems.append(to_qt(entry.measurement.error().text()));
    }
    kept.emplace(run.path, std::move(entry));
  }
  known_ = std::move(kept);
  Q_EMIT done(measurements, problems);
}

}  // namespace omniq::ui
