#include "ui/widgets/confusion_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <numeric>

#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

ConfusionView::ConfusionView(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Confusion matrix"));
}

void ConfusionView::set_matrix(const std::vector<std::string>& classes,
                               const std::vector<std::vector<std::int64_t>>& counts) {
  classes_.clear();
  for (const std::string& name : classes) classes_.append(to_qt(name));
  counts_ = counts;
  sums_.clear();
  for (const auto& row : counts) sums_.append(std::accumulate(row.begin(), row.end(), qint64{0}));
  label_ = prediction_ = -1;
  update();
}

ConfusionView::Places ConfusionView::places() const {
  Places p;
  const auto n = static_cast<double>(std::max<qsizetype>(classes_.size(), 1));
  const QFontMetricsF metrics(font());
  double widest = 0;
  for (const QString& name : classes_) widest = std::max(widest, metrics.horizontalAdvance(name));
  widest = std::min(widest, width() * 0.3) + 10;
  const double head = metrics.height() + 6;
  // Names stand beside the rows where a cell is as high as a line of text.
  p.names = (height() - 2 * head) / n >= metrics.height() * 0.9;
  const double left = p.names ? widest : 12;
  p.cell = std::min({(width() - left - 8) / n, (height() - 2 * head) / n, 64.0});
  p.matrix = QRectF(left, head, p.cell * n, p.cell * n);
  return p;
}

QRectF ConfusionView::cell_rect(int label, int prediction) const {
  const Places p = places();
  return {p.matrix.left() + prediction * p.cell, p.matrix.top() + label * p.cell, p.cell, p.cell};
}

void ConfusionView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::current();
  if (classes_.isEmpty()) return;
  const Places p = places();
  const QFontMetricsF metrics(font());
  const double gap = p.cell > 12 ? 1 : 0;
  painter.setPen(theme.muted);
  painter.drawText(
      QRectF(p.matrix.left(), 0, std::max(p.matrix.width(), 120.0), p.matrix.top() - 3),
      Qt::AlignLeft | Qt::AlignBottom, tr("Predicted →"));
  const QString bottom = tr("Rows: labels. Choose a cell to see its clips.");
  painter.drawText(QRectF(2, p.matrix.bottom() + 4, width() - 4.0, metrics.height() + 2),
                   Qt::AlignLeft | Qt::AlignTop,
                   metrics.elidedText(bottom, Qt::ElideRight, width() - 8));
  const auto n = static_cast<int>(counts_.size());
  for (int r = 0; r < n; ++r) {
    if (p.names) {
      painter.setPen(r == label_ ? theme.text : theme.muted);
      const QRectF where(0, p.matrix.top() + r * p.cell, p.matrix.left() - 8, p.cell);
      painter.drawText(where, Qt::AlignRight | Qt::AlignVCenter,
                       metrics.elidedText(classes_[r], Qt::ElideRight, where.width()));
    }
    for (int c = 0; c < n; ++c) {
      const QRectF cell = cell_rect(r, c).adjusted(0, 0, -gap, -gap);
      const qint64 count = counts_[r][c];
      const double part =
          sums_[r] > 0 ? static_cast<double>(count) / static_cast<double>(sums_[r]) : 0;
      QColor color = r == c ? theme.accent : theme.bad;
      color.setAlphaF(static_cast<float>(count > 0 ? 0.12 + 0.88 * part : 0));
      painter.fillRect(cell, theme.grid);
      painter.fillRect(cell, color);
      if (count > 0 && p.cell >= metrics.horizontalAdvance(QString::number(count)) + 4) {
        painter.setPen(part > 0.5 ? theme.on_accent : theme.text);
        painter.drawText(cell, Qt::AlignCenter, QString::number(count));
      }
    }
  }
  if (label_ >= 0) {
    painter.setPen(QPen(theme.text, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(cell_rect(label_, prediction_).adjusted(0, 0, -gap, -gap));
  }
}

bool ConfusionView::cell_at(QPointF point, int& label, int& prediction) const {
  const Places p = places();
  if (classes_.isEmpty() || !p.matrix.contains(point)) return false;
  const auto n = static_cast<int>(classes_.size());
  label = std::min(static_cast<int>((point.y() - p.matrix.top()) / p.cell), n - 1);
  prediction = std::min(static_cast<int>((point.x() - p.matrix.left()) / p.cell), n - 1);
  return true;
}

void ConfusionView::choose(int label, int prediction) {
  label_ = label;
  prediction_ = prediction;
  update();
  Q_EMIT cell_chosen(label, prediction);
}

void ConfusionView::mousePressEvent(QMouseEvent* event) {
  int label = 0, prediction = 0;
  if (cell_at(event->position(), label, prediction)) choose(label, prediction);
}

void ConfusionView::mouseMoveEvent(QMouseEvent* event) {
  int label = 0, prediction = 0;
  if (!cell_at(event->position(), label, prediction)) return QToolTip::hideText();
  const QString text = sums_[label] > 0 ? tr("%1 taken for %2: %3 of %4 clips")
                                              .arg(classes_[label], classes_[prediction])
                                              .arg(counts_[label][prediction])
                                              .arg(sums_[label])
                                        : tr("%1: no clip").arg(classes_[label]);
  QToolTip::showText(event->globalPosition().toPoint(), text, this);
}

void ConfusionView::keyPressEvent(QKeyEvent* event) {
  const auto last = static_cast<int>(classes_.size()) - 1;
  const int key = event->key();
  const int dr = (key == Qt::Key_Down) - (key == Qt::Key_Up);
  const int dc = (key == Qt::Key_Right) - (key == Qt::Key_Left);
  if (dr == 0 && dc == 0) return QWidget::keyPressEvent(event);
  if (last < 0) return;
  choose(std::clamp(label_ + dr, 0, last), std::clamp(prediction_ + dc, 0, last));
}

}  // namespace omniq::ui
