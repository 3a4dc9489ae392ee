// What an evaluation left in a run, and its clips as a table.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <filesystem>
#include <vector>

#include "core/run/evaluation.h"

namespace omniq::ui {

struct EvaluationFiles {
  run::Evaluation record;
  QString data_root;  // where the clips are
};

/// Of a run's own list. May take a while, so call it off the GUI thread.
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

  void set_clips(const std::vector<run::ClipPrediction>& clips, const QString& root);
  void show_all();
  void show_wrong();
  void show_cell(const std::string& label, const std::string& predicted);

 private:
  template <class Keep>
  void show(Keep keep);

  std::vector<run::ClipPrediction> clips_;
  QList<int> shown_;
  QString root_;
};

}  // namespace omniq::ui
