#include "ui/widgets/dataset_delegates.h"

#include <QApplication>
#include <QPainter>
#include <QPainterPath>

#include "ui/base/theme.h"
#include "ui/models/items/class_count_model.h"
#include "ui/models/items/clip_gallery.h"

namespace omniq::ui {

namespace {
constexpr int kMargin = 6;
}

void PartsDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
  QStyledItemDelegate::paint(painter, option, index);
  const auto parts = index.data(ClassCountModel::kPartsRole).value<QList<qint64>>();
  const auto most = std::max<qint64>(1, index.data(ClassCountModel::kMostRole).toLongLong());
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const QRectF track = QRectF(option.rect).adjusted(8, 0, -8, 0);
  QRectF bar(track.left(), track.center().y() - 4, 0, 8);
  for (qsizetype part = 0; part < parts.size(); ++part) {
    bar.setWidth(track.width() * static_cast<double>(parts[part]) / static_cast<double>(most));
    painter->fillRect(bar, part_color(static_cast<data::Part>(part)));
    bar.moveLeft(bar.right());
  }
  painter->restore();
}

QSize ClipDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const {
  return ClipGallery::picture_size() +
         QSize(2 * kMargin, 2 * kMargin + option.fontMetrics.height() + 4);
}

void ClipDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const {
  const Theme& theme = Theme::current();
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setRenderHint(QPainter::SmoothPixmapTransform);
  if (option.state & (QStyle::State_Selected | QStyle::State_MouseOver)) {
    painter->setBrush(theme.hover);
    painter->setPen(option.state & QStyle::State_Selected ? QPen(theme.accent) : QPen(Qt::NoPen));
    painter->drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
  }
  const QRectF frame(option.rect.topLeft() + QPoint(kMargin, kMargin),
                     QSizeF(ClipGallery::picture_size()));
  QPainterPath rounded;
  rounded.addRoundedRect(frame, 4, 4);
  painter->fillPath(rounded, theme.grid);
  const auto picture = index.data(Qt::DecorationRole).value<QPixmap>();
  if (!picture.isNull()) {
    QRectF target(QPointF(), QSizeF(picture.size()).scaled(frame.size(), Qt::KeepAspectRatio));
    target.moveCenter(frame.center());
    painter->setClipPath(rounded);
    painter->drawPixmap(target, picture, QRectF(picture.rect()));
    painter->setClipping(false);
  } else if (index.data(ClipGallery::kUnreadableRole).toBool()) {
    painter->setPen(theme.bad);
    painter->drawText(frame, Qt::AlignCenter, tr("unreadable"));
  }
  const auto part = static_cast<data::Part>(index.data(ClipGallery::kPartRole).toInt());
  const QRectF line(frame.left(), frame.bottom() + 3, frame.width(), option.fontMetrics.height());
  painter->setPen(Qt::NoPen);
  painter->setBrush(part_color(part));
  painter->drawEllipse(QPointF(line.left() + 4, line.center().y()), 3.5, 3.5);
  painter->setPen(theme.text);
  const QRectF words = line.adjusted(12, 0, 0, 0);
  painter->drawText(words, Qt::AlignLeft | Qt::AlignVCenter,
                    option.fontMetrics.elidedText(index.data().toString(), Qt::ElideMiddle,
                                                  static_cast<int>(words.width())));
  painter->restore();
}

}  // namespace omniq::ui
