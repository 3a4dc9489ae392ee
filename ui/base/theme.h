// Colours and type of the window: one light and one dark set, of which everything is painted.
#pragma once

#include <QColor>
#include <QList>
#include <functional>

class QApplication;
class QPalette;
class QWidget;

namespace omniq::ui {

enum class ThemeMode { system, light, dark };

struct Theme {
  bool dark = false;
  QColor window, surface, raised, border, grid, text, muted, accent, on_accent, hover;
  QColor good, warning, bad;
  QList<QColor> series;  // runs in charts, told apart by colour-blind readers too

  /// The theme that is applied.
  static const Theme& current();
  static const Theme& get(bool dark);
};

/// Whether the desktop asks for dark windows. Ask before apply_theme.
bool system_is_dark(const QPalette& system);

/// Also what belongs to every window: style, type and plural forms.
void apply_theme(QApplication& app, ThemeMode mode);

/// Calls `act` whenever the widget gets another theme, for what does not follow by itself.
void on_theme_change(QWidget* widget, std::function<void()> act);

/// The colour that stands for a state, by its key.
QColor state_color(const QString& key);

}  // namespace omniq::ui
