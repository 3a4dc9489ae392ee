// "Something in this model is another than before": the four signals that say so, as one.
#pragma once

#include <QAbstractItemModel>

namespace omniq::ui {

template <class Receiver, class Slot>
void on_any_change(const QAbstractItemModel& model, const Receiver* receiver, Slot slot) {
  QObject::connect(&model, &QAbstractItemModel::dataChanged, receiver, slot);
  QObject::connect(&model, &QAbstractItemModel::rowsInserted, receiver, slot);
  QObject::connect(&model, &QAbstractItemModel::rowsRemoved, receiver, slot);
  QObject::connect(&model, &QAbstractItemModel::modelReset, receiver, slot);
}

}  // namespace omniq::ui
