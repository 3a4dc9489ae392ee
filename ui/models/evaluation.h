// What an evaluation left in a run: eval/summary.json, confusion.csv and predictions.csv.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <QStringList>
#include <filesystem>

#include "core/base/result.h"

namespace omniq::ui {

/// Rows of a CSV text (RFC 4180).
QList<QStringList> parse_csv(const QString& text);

struct ClipResult {
  QString clip, label, predicted, problem;
  double probability = 0;  // of what was predicted, 0 to 1
  bool correct = false;
};

struct EvaluationFiles {
  QString dataset, device, precision;
  double top1 = -1, top5 = -1, params = 0, trainable = 0, ms_per_clip = -1, ms_batch = -1;
  qint64 clips = 0, unreadable = 0, batch = 0;
  QStringList classes;
  QList<QList<qint64>> confusion;  // [label][prediction]
  QList<ClipResult> results;
  QString data_root;  // where the clips are
};

/// Reads all three; may take a while, so call it off the GUI thread.
Result<EvaluationFiles> read_evaluation(const std::filesystem::path& run);

/// Clips as a table, all of them or those of one cell of the confusion matrix.
class ClipModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { kClip, kLabel, kPredicted, kProbability, kColumns };
  enum Role { kFileRole = Qt::UserRole };
  using QAbstractTableModel::QAbstractTableModel;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override;

  void set_clips(const QList<ClipResult>& clips, const QString& root);
  void show_all();
  void show_wrong();
  void show_cell(const QString& label, const QString& predicted);

 private:
  template <class Keep>
  void show(Keep keep);

  QList<ClipResult> clips_;
  QList<int> shown_;
  QString root_;
};

}  // namespace omniq::ui
