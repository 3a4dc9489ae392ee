#include "ui/widgets/chart/chart_view.h"

#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/widgets/chart/chart_export.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr double kLeastDrag = 5;  // pixels: less is a click

Range zoomed(Range range, double factor, double at) {
  return {at - (at - range.low) * factor, at + (range.high - at) * factor};
}
Range zoomed_log(Range range, double factor, double at) {
  const Range z = zoomed({std::log(range.low), std::log(range.high)}, factor, std::log(at));
  return {std::exp(z.low), std::exp(z.high)};
}

}  // namespace

ChartView::ChartView(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void ChartView::set_scene(ChartScene scene) {
  if (scene.y_kind != scene_.y_kind) y_.reset();
  if (scene.x_title != scene_.x_title) x_.reset();
  scene_ = std::move(scene);
  setAccessibleName(scene_.title);
  redraw();
}

ChartFrame ChartView::frame() const {
  const Range x = x_.value_or(scene_.x_extent());
  return layout_chart(scene_, rect(), x, y_.value_or(scene_.y_extent(x)), font(), false);
}

void ChartView::fit() {
  x_.reset();
  y_.reset();
  redraw();
}

void ChartView::set_x_range(Range x) {
  x_ = x;
  redraw();
}

void ChartView::set_cursor_x(double x) {
  cursor_ = x;
  update();
}

void ChartView::redraw() {
  picture_ = {};
  update();
}

void ChartView::user_range(Range x, std::optional<Range> y) {
  const Range all = scene_.x_extent();
  // Not smaller than a computer's numbers can tell apart, not larger than what helps.
  if (!(x.span() > std::abs(x.low) * 1e-9 + all.span() * 1e-9) || x.span() > all.span() * 20)
    return;
  x_ = x;
  if (y) y_ = y;
  redraw();
  Q_EMIT x_range_changed(x, false);
}

void ChartView::zoom(double factor, QPointF at, bool both) {
  if (scene_.empty()) return;
  const ChartFrame f = frame();
  std::optional<Range> y;
  if (both)
    y = scene_.y_kind == AxisKind::logarithm ? zoomed_log(f.y, factor, f.from_y(at.y()))
                                             : zoomed(f.y, factor, f.from_y(at.y()));
  user_range(zoomed(f.x, factor, f.from_x(at.x())), y);
}

void ChartView::pan(QPointF pixels) {
  if (scene_.empty()) return;
  const ChartFrame f = frame();
  std::optional<Range> y;
  if (y_) y = {f.from_y(f.plot.bottom() - pixels.y()), f.from_y(f.plot.top() - pixels.y())};
  user_range({f.from_x(f.plot.left() - pixels.x()), f.from_x(f.plot.right() - pixels.x())}, y);
}

void ChartView::paintEvent(QPaintEvent*) {
  const qreal ratio = devicePixelRatioF();
  const ChartFrame f = frame();
  if (picture_.isNull()) {
    picture_ = QPixmap((QSizeF(size()) * ratio).toSize());
    picture_.setDevicePixelRatio(ratio);
    picture_.fill(Qt::transparent);
    QPainter painter(&picture_);
    painter.setFont(font());
    paint_chart(painter, scene_, f, rect(), Theme::current(), false);
  }
  QPainter painter(this);
  painter.drawPixmap(0, 0, picture_);
  if (drag_ == Drag::zoom && (pointer_ - press_).manhattanLength() > kLeastDrag) {
    QColor fill = Theme::current().accent;
    painter.setPen(QPen(fill, 1));
    fill.setAlphaF(0.12F);
    painter.setBrush(fill);
    QRectF box = QRectF(press_, pointer_).normalized();
    if (box.height() < 3 * kLeastDrag) box.setTop(f.plot.top()), box.setBottom(f.plot.bottom());
    painter.drawRect(box.intersected(f.plot));
  } else if (!std::isnan(cursor_) && !scene_.empty()) {
    paint_crosshair(painter, f);
  }
  if (hasFocus()) {
    painter.setPen(QPen(Theme::current().accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1.5, 1.5, -1.5, -1.5), 6, 6);
  }
}

void ChartView::paint_crosshair(QPainter& painter, const ChartFrame& f) const {
  if (cursor_ < f.x.low || cursor_ > f.x.high) return;
  const Theme& theme = Theme::current();
  const QFont fine = fine_font(font());
  painter.setFont(fine);
  const QFontMetricsF metrics(fine);
  painter.setPen(QPen(theme.muted, 1, Qt::DashLine));
  const double x = std::round(f.to_x(cursor_));
  painter.drawLine(QPointF(x, f.plot.top()), QPointF(x, f.plot.bottom()));

  struct Line {
    QColor color;
    QString name, value;
  };
  QList<Line> lines;
  double names = 0, values = 0;
  painter.setRenderHint(QPainter::Antialiasing);
  constexpr qsizetype kMost = 12;
  for (const Curve& curve : scene_.curves) {
    const CurveData& data = curve.shown();
    if (data.size() == 0) continue;
    const std::size_t i = data.nearest(cursor_);
    const double y = data.y()[i];
    if (std::isnan(y)) continue;
    // A run that ended long before has no value here.
    const double away = std::abs(f.to_x(data.x()[i]) - x);
    if (away > 24 && (cursor_ > data.x().back() || cursor_ < data.x().front())) continue;
    const QPointF point(f.to_x(data.x()[i]), f.to_y(y));
    if (f.plot.contains(point)) {
      painter.setPen(QPen(theme.surface, 1.5));
      painter.setBrush(curve.color);
      painter.drawEllipse(point, 4, 4);
    }
    if (lines.size() == kMost) continue;
    lines.append({curve.color, metrics.elidedText(curve.name, Qt::ElideMiddle, 190),
                  axis_value(y, f.y, scene_.y_kind) + scene_.unit});
    names = std::max(names, metrics.horizontalAdvance(lines.back().name));
    values = std::max(values, metrics.horizontalAdvance(lines.back().value));
  }
  const QString head = scene_.x_title + u" "_s + axis_value(cursor_, f.x, scene_.x_kind);
  const double row = metrics.height() + 1;
  QSizeF box(std::max(18 + names + 12 + values, metrics.horizontalAdvance(head)) + 16,
             row * static_cast<double>(lines.size() + 1) + 10);
  QPointF at(x + 12, f.plot.top() + 4);
  if (at.x() + box.width() > width()) at.setX(x - 12 - box.width());
  at.setX(std::max(at.x(), 2.0));
  painter.setPen(QPen(theme.border, 1));
  QColor back = theme.raised;
  back.setAlphaF(0.94F);
  painter.setBrush(back);
  painter.drawRoundedRect(QRectF(at, box), 5, 5);
  double y = at.y() + 5;
  painter.setPen(theme.muted);
  painter.drawText(QPointF(at.x() + 8, y + metrics.ascent()), head);
  for (const Line& line : lines) {
    y += row;
    painter.setPen(Qt::NoPen);
    painter.setBrush(line.color);
    painter.drawEllipse(QPointF(at.x() + 13, y + row / 2), 3.5, 3.5);
    painter.setPen(theme.text);
    painter.drawText(QPointF(at.x() + 23, y + metrics.ascent()), line.name);
    painter.drawText(QRectF(at.x(), y, box.width() - 8, row), Qt::AlignRight | Qt::AlignTop,
                     line.value);
  }
}

void ChartView::wheelEvent(QWheelEvent* event) {
  const double turns = event->angleDelta().y() / 120.0;
  if (turns == 0) return;
  zoom(std::pow(0.8, turns), event->position(), event->modifiers() & Qt::ControlModifier);
  event->accept();
}

void ChartView::mousePressEvent(QMouseEvent* event) {
  press_ = pointer_ = event->position();
  const bool shift = event->modifiers() & Qt::ShiftModifier;
  if (event->button() == Qt::MiddleButton || (event->button() == Qt::LeftButton && shift)) {
    drag_ = Drag::pan;
    setCursor(Qt::ClosedHandCursor);
  } else if (event->button() == Qt::LeftButton) {
    drag_ = Drag::zoom;
  }
}

void ChartView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF before = std::exchange(pointer_, event->position());
  if (drag_ == Drag::pan) pan(pointer_ - before);
  const ChartFrame f = frame();
  const bool inside = pointer_.x() >= f.plot.left() && pointer_.x() <= f.plot.right();
  cursor_ = inside && drag_ == Drag::none ? f.from_x(pointer_.x()) : std::nan("");
  Q_EMIT cursor_moved(cursor_);
  update();
}

void ChartView::mouseReleaseEvent(QMouseEvent* event) {
  const Drag drag = std::exchange(drag_, Drag::none);
  unsetCursor();
  update();
  const QRectF box = QRectF(press_, event->position()).normalized();
  if (drag != Drag::zoom || scene_.empty() || box.width() < kLeastDrag) return;
  const ChartFrame f = frame();
  const Range x{f.from_x(std::max(box.left(), f.plot.left())),
                f.from_x(std::min(box.right(), f.plot.right()))};
  std::optional<Range> y;
  if (box.height() >= 3 * kLeastDrag)
    y = {f.from_y(std::min(box.bottom(), f.plot.bottom())),
         f.from_y(std::max(box.top(), f.plot.top()))};
  user_range(x, y);
}

void ChartView::mouseDoubleClickEvent(QMouseEvent*) {
  drag_ = Drag::none;
  show_everything();
}

void ChartView::show_everything() {
  fit();
  Q_EMIT x_range_changed({}, true);
}

void ChartView::keyPressEvent(QKeyEvent* event) {
  const QPointF centre = frame().plot.center();
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoom(0.8, centre, false);
    case Qt::Key_Minus:
      return zoom(1.25, centre, false);
    case Qt::Key_Left:
      return pan({40, 0});
    case Qt::Key_Right:
      return pan({-40, 0});
    case Qt::Key_Home:
    case Qt::Key_0:
      return show_everything();
    default:
      QWidget::keyPressEvent(event);
  }
}

void ChartView::leaveEvent(QEvent*) {
  cursor_ = std::nan("");
  Q_EMIT cursor_moved(cursor_);
  update();
}

void ChartView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::FontChange || event->type() == QEvent::PaletteChange) redraw();
  QWidget::changeEvent(event);
}

void ChartView::resizeEvent(QResizeEvent*) { redraw(); }

void ChartView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  menu.addAction(tr("Show everything"), this, &ChartView::show_everything);
  menu.addAction(tr("Save chart as…"), this, &ChartView::save_as);
  menu.exec(event->globalPos());
}

Status ChartView::save(const QString& file) const {
  const ChartFrame f = frame();
  return export_chart(scene_, f.x, f.y, file);
}

void ChartView::save_as() {
  const QString file = QFileDialog::getSaveFileName(
      this, tr("Save chart"), scene_.title + u".png"_s,
      tr("Picture (*.png);;Vector graphics (*.svg);;Page (*.pdf);;Table of all points (*.csv)"));
  if (file.isEmpty()) return;
  if (auto saved = save(file); !saved) Q_EMIT save_failed(saved.error());
}

}  // namespace omniq::ui
