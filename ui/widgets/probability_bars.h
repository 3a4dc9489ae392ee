// Labels with bars of their probabilities, gliding from one answer to the next.
#pragma once

#include <QHash>
#include <QList>
#include <QTimer>
#include <QWidget>

namespace omniq::ui {

struct LabelProbability {
  QString label;
  double probability = 0;  // 0 to 1
  QColor color;
};

class ProbabilityBars : public QWidget {
  Q_OBJECT
 public:
  explicit ProbabilityBars(QWidget* parent = nullptr);

  /// Best first.
  void set_entries(const QList<LabelProbability>& entries);
  const QList<LabelProbability>& entries() const { return entries_; }

  QSize sizeHint() const override { return {260, 230}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  void glide();

  QList<LabelProbability> entries_;
  QHash<QString, double> shown_;  // the length that a label's bar has just now
  QTimer timer_;
};

}  // namespace omniq::ui
