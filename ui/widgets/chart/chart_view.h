// An interactive chart: zoom, pan, crosshair, export.
#pragma once

#include <QPixmap>
#include <QWidget>
#include <optional>

#include "core/base/result.h"
#include "ui/widgets/chart/chart_scene.h"

namespace omniq::ui {

/// Wheel: zooms x at the pointer, with Ctrl both axes. Drag: zooms into the rectangle. Middle or
/// Shift drag: pans. Double click, Home or 0: everything. Arrows and + − from the keyboard.
/// Until a y range is chosen by dragging, y follows what is in view.
class ChartView : public QWidget {
  Q_OBJECT
 public:
  explicit ChartView(QWidget* parent = nullptr);

  /// Keeps the view where the user moved it; else it grows with the curves.
  void set_scene(ChartScene scene);
  const ChartScene& scene() const { return scene_; }

  void fit();
  void set_x_range(Range x);
  Range x_range() const { return frame().x; }
  Range y_range() const { return frame().y; }
  bool fitted() const { return !x_ && !y_; }
  /// Shows the crosshair at x, as when the pointer is there; NaN hides it.
  void set_cursor_x(double x);

  /// Writes what is in view, with a legend: .png, .svg, .pdf; or all points: .csv.
  Status save(const QString& file) const;
  void save_as();
  /// fit(), also of the linked charts.
  void show_everything();

  QSize sizeHint() const override { return {360, 220}; }
  QSize minimumSizeHint() const override { return {180, 120}; }

 Q_SIGNALS:
  /// The user moved the view; charts that are linked follow. An empty range: everything.
  void x_range_changed(omniq::ui::Range x, bool everything);
  void cursor_moved(double x);
  void save_failed(const omniq::Error& error);

 protected:
  void paintEvent(QPaintEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void leaveEvent(QEvent*) override;
  void contextMenuEvent(QContextMenuEvent*) override;
  void changeEvent(QEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  ChartFrame frame() const;
  void zoom(double factor, QPointF at, bool both);
  void pan(QPointF pixels);
  void user_range(Range x, std::optional<Range> y);
  void redraw();
  void paint_crosshair(QPainter& painter, const ChartFrame& frame) const;

  ChartScene scene_;
  std::optional<Range> x_, y_;  // chosen by the user
  double cursor_ = std::numeric_limits<double>::quiet_NaN();
  QPixmap picture_;  // all but the crosshair, so that moving the pointer costs nothing

  enum class Drag { none, zoom, pan } drag_ = Drag::none;
  QPointF press_, pointer_;
};

}  // namespace omniq::ui
