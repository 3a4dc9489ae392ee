// What a model says of a video: the verdict, the best five as bars, and what the answer cost.
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace omniq::ui {

class ProbabilityBars;

class AnswerCard : public QFrame {
  Q_OBJECT
 public:
  explicit AnswerCard(QWidget* parent = nullptr);

  void clear();
  void set_verdict(const QString& label);
  void set_figures(const QString& text);
  /// Whether there is a result to copy and save.
  void set_result(bool there);
  ProbabilityBars* bars() const { return bars_; }

 Q_SIGNALS:
  void copy_requested();
  void save_requested();

 private:
  QLabel *verdict_, *figures_;
  QPushButton *copy_, *save_;
  ProbabilityBars* bars_;
};

}  // namespace omniq::ui
