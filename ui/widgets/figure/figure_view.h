// Shows a figure; says which variant is under the pointer and which was chosen.
#pragma once

#include <QWidget>
#include <functional>
#include <memory>

#include "ui/widgets/figure/figure.h"

namespace omniq::ui {

class FigureView : public QWidget {
  Q_OBJECT
 public:
  explicit FigureView(QWidget* parent = nullptr);

  void set_figure(std::shared_ptr<const Figure> figure);
  const Figure* figure() const { return figure_.get(); }
  /// What is said about a variant under the pointer.
  std::function<QString(int mark)> tool_tip;

  QSize minimumSizeHint() const override { return {320, 200}; }

 Q_SIGNALS:
  void mark_chosen(int mark);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;

 private:
  std::shared_ptr<const Figure> figure_;
};

}  // namespace omniq::ui
