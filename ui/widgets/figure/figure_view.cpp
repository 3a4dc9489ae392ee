#include "ui/widgets/figure/figure_view.h"

#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

namespace omniq::ui {

FigureView::FigureView(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setAccessibleName(tr("Figure"));
}

void FigureView::set_figure(std::shared_ptr<const Figure> figure) {
  figure_ = std::move(figure);
  update();
}

void FigureView::paintEvent(QPaintEvent*) {
  if (!figure_) return;
  QPainter painter(this);
  painter.setFont(font());
  figure_->paint(painter, rect(), Theme::current());
}

void FigureView::mouseMoveEvent(QMouseEvent* event) {
  const int mark = figure_ ? figure_->mark_at(event->position(), rect(), font()) : -1;
  setCursor(mark < 0 ? Qt::ArrowCursor : Qt::PointingHandCursor);
  if (mark < 0 || !tool_tip) return QToolTip::hideText();
  QToolTip::showText(event->globalPosition().toPoint(), tool_tip(mark), this);
}

void FigureView::mousePressEvent(QMouseEvent* event) {
  const int mark = figure_ ? figure_->mark_at(event->position(), rect(), font()) : -1;
  if (mark >= 0 && event->button() == Qt::LeftButton) Q_EMIT mark_chosen(mark);
}

}  // namespace omniq::ui
