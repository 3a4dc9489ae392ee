// The clips of an evaluation as a table, all of them or those of one cell of the confusion matrix.
#pragma once

#include "core/run/evaluation.h"
#include "ui/models/items/table_model.h"

namespace omniq::ui {

/// A row is the number of a clip.
class ClipModel : public TableModel<QList<int>> {
  Q_OBJECT
 public:
  enum Column { kClip, kLabel, kPredicted, kProbability };
  enum Role { kFileRole = Qt::UserRole };
  explicit ClipModel(QObject* parent = nullptr);

  void set_clips(const std::vector<run::ClipPrediction>& clips, const QString& root);
  void show_all();
  void show_wrong();
  void show_cell(const std::string& label, const std::string& predicted);

 protected:
  QVariant cell(int row, int column, int role) const override;

 private:
  template <class Keep>
  void show(Keep keep);

  std::vector<run::ClipPrediction> clips_;
  QString root_;
};

}  // namespace omniq::ui
