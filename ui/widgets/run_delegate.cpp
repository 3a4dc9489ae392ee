#include "ui/widgets/run_delegate.h"

#include <QApplication>
#include <QPainter>

#include "ui/base/theme.h"
#include "ui/models/items/workspace_model.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

void RunDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                        const QModelIndex& index) const {
  const int column = index.column();
  QStyleOptionViewItem o = option;
  initStyleOption(&o, index);
  const QWidget* widget = o.widget;
  QStyle* style = widget ? widget->style() : QApplication::style();
  const QString state = index.data(WorkspaceModel::kStateRole).toString();
  const QString text = o.text;
  o.state &= ~QStyle::State_HasFocus;  // the row is marked, not the cell
  o.text.clear();
  style->drawControl(QStyle::CE_ItemViewItem, &o, painter, widget);
  if (column != WorkspaceModel::kName && column != WorkspaceModel::kState) {
    painter->setPen(Theme::current().text);
    const QRect where = o.rect.adjusted(8, 0, -8, 0);
    painter->drawText(where, static_cast<int>(o.displayAlignment),
                      o.fontMetrics.elidedText(text, Qt::ElideRight, where.width()));
    if (column == WorkspaceModel::kEpoch && state == "running"_L1) {
      const double part = index.data(WorkspaceModel::kProgressRole).toDouble();
      const QRectF track(o.rect.left() + 8, o.rect.bottom() - 3, o.rect.width() - 16, 2);
      painter->fillRect(track, Theme::current().grid);
      painter->fillRect(QRectF(track.topLeft(), QSizeF(track.width() * part, 2)),
                        Theme::current().accent);
    }
    return;
  }
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setPen(Qt::NoPen);
  const QRectF rect = o.rect;
  if (column == WorkspaceModel::kName) {
    const QColor color = colors_.shown(index.data(WorkspaceModel::kPathRole).toString());
    if (color.isValid()) {
      painter->setBrush(color);
      painter->drawEllipse(QPointF(rect.left() + 13, rect.center().y() + 0.5), 4, 4);
    }
    painter->setPen(Theme::current().text);
    const QRectF where = rect.adjusted(25, 0, -6, 0);
    painter->drawText(
        where, Qt::AlignLeft | Qt::AlignVCenter,
        o.fontMetrics.elidedText(text, Qt::ElideMiddle, static_cast<int>(where.width())));
  } else {
    const QColor color = state_color(state);
    QColor fill = color;
    fill.setAlphaF(0.14F);
    const double wide = o.fontMetrics.horizontalAdvance(text) + 16;
    const double high = o.fontMetrics.height() + 3;
    const QRectF badge(rect.left() + 6, rect.center().y() - high / 2 + 0.5,
                       std::min(wide, rect.width() - 8), high);
    painter->setBrush(fill);
    painter->drawRoundedRect(badge, high / 2, high / 2);
    painter->setPen(color);
    painter->drawText(badge, Qt::AlignCenter, text);
  }
  painter->restore();
}

}  // namespace omniq::ui
