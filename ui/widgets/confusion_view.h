// A confusion matrix: rows are labels, columns what was predicted. A click chooses a cell.
#pragma once

#include <QList>
#include <QStringList>
#include <QWidget>
#include <cstdint>
#include <string>
#include <vector>

namespace omniq::ui {

class ConfusionView : public QWidget {
  Q_OBJECT
 public:
  explicit ConfusionView(QWidget* parent = nullptr);

  void set_matrix(const std::vector<std::string>& classes,
                  const std::vector<std::vector<std::int64_t>>& counts);
  void choose(int label, int prediction);
  QRectF cell_rect(int label, int prediction) const;

  QSize sizeHint() const override { return {360, 320}; }
  QSize minimumSizeHint() const override { return {200, 180}; }

 Q_SIGNALS:
  void cell_chosen(int label, int prediction);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  struct Places {
    QRectF matrix;
    double cell = 0;
    bool names = false;  // there is room for the classes' names
  };
  Places places() const;
  bool cell_at(QPointF point, int& label, int& prediction) const;

  QStringList classes_;
  std::vector<std::vector<std::int64_t>> counts_;
  QList<qint64> sums_;  // of a label's row
  int label_ = -1, prediction_ = -1;
};

}  // namespace omniq::ui
