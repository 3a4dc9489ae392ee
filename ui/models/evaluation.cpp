#include "ui/models/evaluation.h"

#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/run/run_folder.h"
#include "ui/base/format.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

QList<QStringList> parse_csv(const QString& text) {
  QList<QStringList> rows;
  QStringList row;
  QString field;
  bool quoted = false, any = false;
  const auto end_field = [&] { row.append(to_qt(csv_text(to_std(std::exchange(field, {}))))); };
  const auto end_row = [&] {
    if (any || !row.isEmpty()) {
      end_field();
      rows.append(std::exchange(row, {}));
    }
    any = false;
  };
  for (qsizetype i = 0; i < text.size(); ++i) {
    const QChar c = text[i];
    if (quoted) {
      if (c != u'"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == u'"') {
        field += text[++i];
      } else {
        quoted = false;
      }
      continue;
    }
    if (c == u'\n') {
      end_row();
      continue;
    }
    any = true;
    if (c == u'"') {
      quoted = true;
    } else if (c == u',') {
      end_field();
    } else if (c != u'\r') {
      field += c;
    }
  }
  end_row();
  return rows;
}

namespace {

Status read_confusion(const std::filesystem::path& file, EvaluationFiles& out) {
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const QList<QStringList> rows = parse_csv(to_qt(text));
  const auto damaged = [&] {
    return fail(ErrorCode::io, cat(file.string(), " is damaged: it is not a square table."),
                "Evaluate the run again: omniq eval RUN.");
  };
  if (rows.isEmpty()) return damaged();
  out.classes = rows.front().mid(1);
  if (rows.size() != out.classes.size() + 1) return damaged();
  for (qsizetype r = 1; r < rows.size(); ++r) {
    if (rows[r].size() != rows.front().size()) return damaged();
    QList<qint64> counts;
    for (qsizetype c = 1; c < rows[r].size(); ++c) {
      bool ok = false;
      counts.append(rows[r][c].toLongLong(&ok));
      if (!ok) return damaged();
    }
    out.confusion.append(counts);
  }
  return {};
}

Status read_predictions(const std::filesystem::path& file, EvaluationFiles& out) {
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const QList<QStringList> rows = parse_csv(to_qt(text));
  for (qsizetype r = 1; r < rows.size(); ++r) {
    const QStringList& row = rows[r];
    if (row.size() < 6) {
      return fail(ErrorCode::io, cat(file.string(), ", line ", r + 1, " is cut off."),
                  "Evaluate the run again: omniq eval RUN.");
    }
    out.results.append({row[0], row[1], row[4], row[3], row[5].toDouble(), row[2] == "1"_L1});
  }
  return {};
}

}  // namespace

Result<EvaluationFiles> read_evaluation(const std::filesystem::path& run) {
  EvaluationFiles out;
  const std::filesystem::path folder = run / "eval", summary = folder / "summary.json";
  OMNIQ_ASSIGN(const std::string text, read_file(summary));
  const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(text));
  if (!document.isObject()) {
    return fail(ErrorCode::io, cat(summary.string(), " is damaged: it is not a JSON object."),
                "Evaluate the run again: omniq eval RUN.");
  }
  const QJsonObject json = document.object();
  out.dataset = json["dataset"_L1].toString();
  out.device = json["device"_L1].toString();
  out.precision = json["precision"_L1].toString();
  out.top1 = json["top1"_L1].toDouble(-1);
  out.top5 = json["top5"_L1].toDouble(-1);
  out.params = json["params"_L1].toDouble();
  out.trainable = json["trainable_params"_L1].toDouble();
  out.clips = json["clips"_L1].toInteger();
  out.unreadable = json["unreadable"_L1].toInteger();
  const QJsonObject latency = json["latency_ms"_L1].toObject();
  out.ms_batch = latency["median"_L1].toDouble(-1);
  out.ms_per_clip = latency["per_clip"_L1].toDouble(-1);
  out.batch = latency["batch"_L1].toInteger();
  OMNIQ_TRY(read_confusion(folder / "confusion.csv", out));
  OMNIQ_TRY(read_predictions(folder / "predictions.csv", out));
  if (const auto opened = run::RunFolder::open(run)) {
    if (const auto experiment = opened->experiment()) out.data_root = to_qt(experiment->data.root);
  }
  return out;
}

int ClipModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}
int ClipModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant ClipModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 ||
      section >= kColumns)
    return {};
  const QString titles[kColumns] = {tr("Clip"), tr("Label"), tr("Predicted"), tr("Probability")};
  return titles[section];
}

QVariant ClipModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
    return {};
  const ClipResult& clip = clips_[shown_[index.row()]];
  if (role == kFileRole) return QDir(root_).filePath(clip.clip);
  if (role == Qt::ToolTipRole && !clip.problem.isEmpty()) return clip.problem;
  if (role == Qt::ForegroundRole && index.column() == kPredicted && !clip.correct)
    return Theme::current().bad;
  if (role == Qt::TextAlignmentRole && index.column() == kProbability)
    return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (index.column()) {
    case kClip:
      return clip.clip;
    case kLabel:
      return clip.label;
    case kPredicted:
      return clip.problem.isEmpty() ? clip.predicted : tr("unreadable");
    default:
      return percent_text(100 * clip.probability);
  }
}

template <class Keep>
void ClipModel::show(Keep keep) {
  beginResetModel();
  shown_.clear();
  for (int i = 0; i < clips_.size(); ++i) {
    if (keep(clips_[i])) shown_.append(i);
  }
  endResetModel();
}

void ClipModel::set_clips(const QList<ClipResult>& clips, const QString& root) {
  beginResetModel();
  clips_ = clips;
  root_ = root;
  shown_.clear();
  endResetModel();
  show_all();
}
void ClipModel::show_all() {
  show([](const ClipResult&) { return true; });
}
void ClipModel::show_wrong() {
  show([](const ClipResult& clip) { return !clip.correct; });
}
void ClipModel::show_cell(const QString& label, const QString& predicted) {
  show([&](const ClipResult& clip) { return clip.label == label && clip.predicted == predicted; });
}

}  // namespace omniq::ui
