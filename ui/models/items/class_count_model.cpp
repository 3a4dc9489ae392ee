#include "ui/models/items/class_count_model.h"

#include <QCoreApplication>
#include <QPixmap>
#include <numeric>

#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {

namespace {

constexpr data::Part kAllParts[] = {data::Part::train, data::Part::val, data::Part::test,
                                    data::Part::not_listed};

qint64 sum(const data::ClassCount& one) {
  return std::accumulate(one.clips.begin(), one.clips.end(), qint64{0});
}

}  // namespace

QString part_text(data::Part part) {
  switch (part) {
    case data::Part::train:
      return QCoreApplication::translate("Part", "Train");
    case data::Part::val:
      return QCoreApplication::translate("Part", "Held out");
    case data::Part::test:
      return QCoreApplication::translate("Part", "Test");
    case data::Part::not_listed:
      return QCoreApplication::translate("Part", "Not listed");
  }
  return {};
}

QColor part_color(data::Part part) {
  const Theme& theme = Theme::current();
  switch (part) {
    case data::Part::train:
      return theme.series[0];
    case data::Part::val:
      return theme.series[2];
    case data::Part::test:
      return theme.series[1];
    case data::Part::not_listed:
      return theme.border;
  }
  return {};
}

int ClassCountModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(classes_.size());
}

int ClassCountModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant ClassCountModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const data::ClassCount& one = classes_[static_cast<std::size_t>(index.row())];
  const bool is_count = index.column() >= kTrain && index.column() <= kNotListed;
  const auto count = [&] { return static_cast<qint64>(one.clips[index.column() - kTrain]); };
  switch (role) {
    case Qt::DisplayRole:
      if (index.column() == kClass) return to_qt(one.name);
      return is_count ? QVariant(QString::number(count())) : QVariant();
    case kSortRole:
      if (index.column() == kClass) return to_qt(one.name).toLower();
      return is_count ? count() : sum(one);
    case Qt::TextAlignmentRole:
      return static_cast<int>((is_count ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ForegroundRole:
      return is_count && count() == 0 ? QVariant(Theme::current().muted) : QVariant();
    case kLabelRole:
      return index.row();
    case kPartsRole:
      return QVariant::fromValue(QList<qint64>(one.clips.begin(), one.clips.end()));
    case kMostRole:
      return most_;
    case Qt::AccessibleTextRole:
    case Qt::ToolTipRole: {
      if (index.column() != kBar && role == Qt::AccessibleTextRole) return {};
      QStringList parts;
      for (const data::Part part : kAllParts)
        parts.append(QStringLiteral("%1: %2")
                         .arg(part_text(part))
                         .arg(one.clips[static_cast<std::size_t>(part)]));
      return parts.join(QStringLiteral(", "));
    }
    default:
      return {};
  }
}

QVariant ClassCountModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  const bool is_count = section >= kTrain && section <= kNotListed;
  if (role == Qt::DisplayRole) {
    if (section == kClass) return tr("Class");
    if (section == kBar) return tr("Clips");
    return is_count ? part_text(kAllParts[section - kTrain]) : QVariant();
  }
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((is_count ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  return {};
}

void ClassCountModel::set_classes(const std::vector<data::ClassCount>& classes) {
  beginResetModel();
  classes_ = classes;
  most_ = 0;
  for (const data::ClassCount& one : classes_) most_ = std::max(most_, sum(one));
  endResetModel();
}

}  // namespace omniq::ui
