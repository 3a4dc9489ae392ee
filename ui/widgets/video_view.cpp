#include "ui/widgets/video_view.h"

#include <QDragEnterEvent>
#include <QDropEvent>
#include <QPainter>
#include <QPainterPath>

#include "ui/base/icons.h"
#include "ui/base/theme.h"
#include "ui/widgets/local_file.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

VideoView::VideoView(QWidget* parent) : QWidget(parent) {
  setAcceptDrops(true);
  setMinimumSize(280, 200);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setAccessibleName(tr("Video"));
}

void VideoView::set_picture(const QImage& picture) {
  picture_ = picture;
  update();
}

void VideoView::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  const QRectF area = QRectF(rect()).adjusted(1, 1, -1, -1);
  if (!picture_.isNull()) {
    QPainterPath frame;
    frame.addRoundedRect(area, 8, 8);
    painter.fillPath(frame, theme.dark ? QColor(0x0c0e11) : QColor(0x1c2128));
    QSizeF size = QSizeF(picture_.size()).scaled(area.size(), Qt::KeepAspectRatio);
    QRectF target(QPointF(0, 0), size);
    target.moveCenter(area.center());
    painter.setClipPath(frame);
    painter.drawImage(target, picture_);
    painter.setClipping(false);
  } else {
    painter.setBrush(theme.surface);
    painter.setPen(QPen(theme.border, 1.5, Qt::DashLine));
    painter.drawRoundedRect(area, 8, 8);
    const QPointF centre = area.center();
    icon(u"demo"_s, true)
        .paint(&painter,
               QRect(static_cast<int>(centre.x()) - 24, static_cast<int>(centre.y()) - 64, 48, 48));
    QFont large = font();
    large.setPointSizeF(large.pointSizeF() * 1.25);
    large.setWeight(QFont::DemiBold);
    painter.setFont(large);
    painter.setPen(theme.text);
    painter.drawText(area.adjusted(0, 12, 0, 12), Qt::AlignCenter, tr("Drop a video here"));
    painter.setFont(font());
    painter.setPen(theme.muted);
    painter.drawText(area.adjusted(20, 40, -20, 40), Qt::AlignCenter,
                     tr("or click to choose one: it plays, and the model names what happens"));
  }
  if (dragged_over_) {
    QColor wash = theme.accent;
    wash.setAlphaF(0.18F);
    painter.setBrush(wash);
    painter.setPen(QPen(theme.accent, 2));
    painter.drawRoundedRect(area, 8, 8);
  }
}

void VideoView::dragEnterEvent(QDragEnterEvent* event) {
  if (local_file(event->mimeData()).isEmpty()) return;
  dragged_over_ = true;
  update();
  event->acceptProposedAction();
}

void VideoView::dragLeaveEvent(QDragLeaveEvent*) {
  dragged_over_ = false;
  update();
}

void VideoView::dropEvent(QDropEvent* event) {
  dragged_over_ = false;
  update();
  const QString file = local_file(event->mimeData());
  if (file.isEmpty()) return;
  event->acceptProposedAction();
  Q_EMIT file_dropped(file);
}

void VideoView::mouseReleaseEvent(QMouseEvent*) { Q_EMIT clicked(); }

}  // namespace omniq::ui
