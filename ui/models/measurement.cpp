#include "ui/models/measurement.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QThread>
#include <cmath>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/config/settings.h"
#include "core/run/run_folder.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("Measurement", text); }

bool makes_a_variant(const std::string& key) {
  static const std::vector<std::string> same = {"seed",
                                                "threads",
                                                "device",
                                                "num_classes",
                                                "data.root",
                                                "data.split",
                                                "data.trainlist",
                                                "data.testlist",
                                                "data.classind",
                                                "data.cache_gb",
                                                "train.save_dir",
                                                "train.log_every",
                                                "train.num_workers",
                                                "train.checkpoint_minutes"};
  if (key.starts_with("run.") || key.starts_with("eval.")) return false;
  return std::find(same.begin(), same.end(), key) == same.end();
}

double number(const QJsonValue& value) {
  return value.isDouble() ? value.toDouble() : std::nan("");
}

// Summaries of before the protocol was recorded were made with the run's own.
QString protocol_text(const QJsonObject& json, const config::Experiment& e) {
  const QJsonObject p = json["protocol"_L1].toObject();
  const auto get = [&](QLatin1StringView key, qint64 own) { return p[key].toInteger(own); };
  const qint64 size = get("size"_L1, e.size), stride = get("stride"_L1, e.stride),
               temporal = get("temporal_views"_L1, e.eval.temporal_views),
               spatial = get("spatial_views"_L1, e.eval.spatial_views);
  const QString sampling = p["sampling"_L1].toString(to_qt(e.data.sampling));
  QStringList parts = {json["dataset"_L1].toString(),
                       tr("split %1").arg(json["split"_L1].toString()),
                       tr("%1 clips").arg(json["clips"_L1].toInteger())};
  QString frames = tr("%1 frames").arg(get("frames"_L1, e.frames));
  frames += sampling == "stride"_L1 ? tr(" at stride %1").arg(stride) : u", "_s + sampling;
  parts.append(frames);
  parts.append(u"%1 × %1"_s.arg(size));
  if (temporal * spatial > 1) parts.append(tr("%1 × %2 views").arg(temporal).arg(spatial));
  return parts.join(u", "_s);
}

}  // namespace

const QStringList& variant_keys() {
  static const QStringList keys = [] {
    QStringList all;
    for (const config::Setting& setting : config::settings()) {
      if (makes_a_variant(setting.key)) all.append(to_qt(setting.key));
    }
    return all;
  }();
  return keys;
}

Result<Measurement> read_measurement(const std::filesystem::path& run) {
  const std::filesystem::path file = run / "eval/summary.json";
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(text));
  const QJsonObject json = document.object();
  if (!json["top1"_L1].isDouble()) {
    return fail(ErrorCode::io, cat(file.string(), " is damaged: it has no Top-1."),
                cat("Evaluate the run again: omniq eval ", run.string(), "."));
  }
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(run));
  OMNIQ_ASSIGN(const config::Experiment e, folder.experiment());
  Measurement m;
  m.run = to_qt(run.string());
  m.id = to_qt(run.filename().string());
  m.fusion = to_qt(e.fusion.name);
  for (const config::Setting& setting : config::settings()) {
    if (makes_a_variant(setting.key)) m.settings.append(to_qt(setting.get(e)));
  }
  m.protocol = protocol_text(json, e);
  const QJsonObject latency = json["latency_ms"_L1].toObject();
  QStringList device = {json["device"_L1].toString(), json["precision"_L1].toString()};
  if (latency.contains("batch"_L1))
    device.append(tr("batch %1").arg(latency["batch"_L1].toInteger()));
  m.device = device.join(u", "_s);
  m.values = {number(json["top1"_L1]),
              number(json["top5"_L1]),
              number(latency["per_clip"_L1]),
              number(json["peak_vram_bytes"_L1].toObject()["allocated"_L1]) / 0x1p30,
              number(json["params"_L1]) / 1e6,
              number(json["trainable_params"_L1]) / 1e6};
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
