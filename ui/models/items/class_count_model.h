// How many clips each class of a dataset has, by what they are for.
#pragma once

#include <QColor>

#include "core/data/survey.h"
#include "ui/models/items/table_model.h"

namespace omniq::ui {

/// "Train", "Held out": the parts of a dataset, and the colours that stand for them.
QString part_text(data::Part part);
QColor part_color(data::Part part);

class ClassCountModel : public TableModel<std::vector<data::ClassCount>> {
  Q_OBJECT
 public:
  enum Column { kClass, kTrain, kHeldOut, kTest, kNotListed, kBar, kColumns };
  enum Role {
    kSortRole = Qt::UserRole,
    kLabelRole,  // number of the class
    kPartsRole,  // QList<qint64>, clips by part
    kMostRole    // clips of the largest class
  };

  explicit ClassCountModel(QObject* parent = nullptr);

  void set_classes(const std::vector<data::ClassCount>& classes);

 protected:
  QVariant cell(int row, int column, int role) const override;

 private:
  qint64 most_ = 0;
};

}  // namespace omniq::ui
