#include "ui/models/items/class_count_model.h"

#include <QCoreApplication>
#include <numeric>

#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

qint64 sum(const data::ClassCount& one) {
  return std::accumulate(one.clips.begin(), one.clips.end(), qint64{0});
}

}  // namespace

QString part_text(data::Part part) {
  static constexpr const char* texts[data::kParts] = {
      QT_TRANSLATE_NOOP("Part", "Train"), QT_TRANSLATE_NOOP("Part", "Held out"),
      QT_TRANSLATE_NOOP("Part", "Test"), QT_TRANSLATE_NOOP("Part", "Not listed")};
  return QCoreApplication::translate("Part", texts[static_cast<std::size_t>(part)]);
}

QColor part_color(data::Part part) {
  const Theme& theme = Theme::current();
  const QColor colors[data::kParts] = {theme.series[0], theme.series[2], theme.series[1],
                                       theme.border};
  return colors[static_cast<std::size_t>(part)];
}

ClassCountModel::ClassCountModel(QObject* parent)
    : TableModel({{tr("Class")},
                  {part_text(data::Part::train), true},
                  {part_text(data::Part::val), true},
                  {part_text(data::Part::test), true},
                  {part_text(data::Part::not_listed), true},
                  {tr("Clips")}},
                 parent) {}

QVariant ClassCountModel::cell(int row, int column, int role) const {
  const data::ClassCount& one = rows_[static_cast<std::size_t>(row)];
  const bool is_count = column >= kTrain && column <= kNotListed;
  const auto count = [&] { return static_cast<qint64>(one.clips[column - kTrain]); };
  switch (role) {
    case Qt::DisplayRole:
      if (column == kClass) return to_qt(one.name);
      return is_count ? QVariant(QString::number(count())) : QVariant();
    case kSortRole:
      if (column == kClass) return to_qt(one.name).toLower();
      return is_count ? count() : sum(one);
    case Qt::ForegroundRole:
      return is_count && count() == 0 ? QVariant(Theme::current().muted) : QVariant();
    case kLabelRole:
      return row;
    case kPartsRole:
      return QVariant::fromValue(QList<qint64>(one.clips.begin(), one.clips.end()));
    case kMostRole:
      return most_;
    case Qt::AccessibleTextRole:
    case Qt::ToolTipRole: {
      if (column != kBar && role == Qt::AccessibleTextRole) return {};
      QStringList parts;
      for (std::size_t part = 0; part < data::kParts; ++part)
        parts.append(
            u"%1: %2"_s.arg(part_text(static_cast<data::Part>(part))).arg(one.clips[part]));
      return parts.join(u", "_s);
    }
    default:
      return {};
  }
}

void ClassCountModel::set_classes(const std::vector<data::ClassCount>& classes) {
  most_ = 0;
  for (const data::ClassCount& one : classes) most_ = std::max(most_, sum(one));
  set_rows(classes);
}

}  // namespace omniq::ui
