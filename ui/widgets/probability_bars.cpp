#include "ui/widgets/probability_bars.h"

#include <QPainter>
#include <cmath>

#include "ui/base/format.h"
#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

ProbabilityBars::ProbabilityBars(QWidget* parent) : QWidget(parent) {
  timer_.setInterval(16);
  connect(&timer_, &QTimer::timeout, this, &ProbabilityBars::glide);
  setMinimumHeight(5 * 44);
}

void ProbabilityBars::set_entries(const QList<LabelProbability>& entries) {
  entries_ = entries;
  QStringList words;
  for (const LabelProbability& entry : entries)
    words.append(entry.label + u' ' + percent_text(100 * entry.probability));
  setAccessibleName(tr("Top-5"));
  setAccessibleDescription(words.join(u", "_s));
  timer_.start();
  update();
}

void ProbabilityBars::glide() {
  bool moving = false;
  for (const LabelProbability& entry : std::as_const(entries_)) {
    double& length = shown_[entry.label];
    const double rest = entry.probability - length;
    length = std::abs(rest) < 0.003 ? entry.probability : length + 0.25 * rest;
    moving |= length != entry.probability;
  }
  if (!moving) timer_.stop();
  update();
}

void ProbabilityBars::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Theme& theme = Theme::current();
  constexpr double kRow = 44;
  double y = 0;
  for (qsizetype i = 0; i < entries_.size(); ++i, y += kRow) {
    const LabelProbability& entry = entries_[i];
    QFont words = font();
    if (i == 0) words.setWeight(QFont::DemiBold);
    painter.setFont(words);
    painter.setPen(theme.text);
    const QRectF line(0, y, width(), kRow - 18);
    const QString percent = percent_text(100 * entry.probability);
    const double room = width() - painter.fontMetrics().horizontalAdvance(percent) - 12;
    painter.drawText(
        line, Qt::AlignLeft | Qt::AlignBottom,
        painter.fontMetrics().elidedText(entry.label, Qt::ElideRight, static_cast<int>(room)));
    painter.drawText(line, Qt::AlignRight | Qt::AlignBottom, percent);
    const QRectF track(0, y + kRow - 14, width(), 6);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.dark ? theme.grid : theme.border);
    painter.drawRoundedRect(track, 3, 3);
    const double length = shown_.value(entry.label) * track.width();
    if (length < 1) continue;
    painter.setBrush(entry.color.isValid() ? entry.color : theme.accent);
    painter.drawRoundedRect(QRectF(track.topLeft(), QSizeF(std::max(length, 6.0), 6)), 3, 3);
  }
}

}  // namespace omniq::ui
