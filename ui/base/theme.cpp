#include "ui/base/theme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QPalette>
#include <QStyleFactory>
#include <QStyleHints>

#include "ui/base/plurals.h"

// Must stand outside of any namespace; a static library's resources are not loaded by themselves.
static void load_resources() { Q_INIT_RESOURCE(resources); }

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

struct ThemeColor {
  QLatin1StringView name;  // in kStyle, behind an @
  QColor Theme::*color;
  QRgb light, dark;
};
constexpr ThemeColor kColors[] = {{"window"_L1, &Theme::window, 0xf5f6f8, 0x15181d},
                                  {"surface"_L1, &Theme::surface, 0xffffff, 0x1c2027},
                                  {"raised"_L1, &Theme::raised, 0xffffff, 0x242932},
                                  {"border"_L1, &Theme::border, 0xdde1e7, 0x333a45},
                                  {"grid"_L1, &Theme::grid, 0xe9ecf0, 0x2a303a},
                                  {"text"_L1, &Theme::text, 0x1c2128, 0xe4e7ec},
                                  {"muted"_L1, &Theme::muted, 0x636c7a, 0x98a1af},
                                  {"accent"_L1, &Theme::accent, 0x2f6fdb, 0x6ea0ff},
                                  {"on_accent"_L1, &Theme::on_accent, 0xffffff, 0x0e1726},
                                  {"hover"_L1, &Theme::hover, 0xeaeef4, 0x272d37},
                                  {"good"_L1, &Theme::good, 0x1f8a4c, 0x54c987},
                                  {"warning"_L1, &Theme::warning, 0xb26a00, 0xe5a54b},
                                  {"bad"_L1, &Theme::bad, 0xc93a3a, 0xf17a7a}};
constexpr std::pair<QRgb, QRgb> kSeries[] = {  // light, dark
    {0x2f6fdb, 0x6ea0ff}, {0xe07b1a, 0xf5a14d}, {0x1a9e8f, 0x43cdbb}, {0xc2418c, 0xe97dbb},
    {0x7a5bd0, 0xab92f3}, {0x8a9a1e, 0xbecb57}, {0x3a9bd9, 0x72c5f5}, {0xb4502d, 0xe28a69},
    {0x4f6d7a, 0x93b1be}, {0xcf9b00, 0xf0c94a}};

Theme make_theme(bool dark) {
  Theme theme;
  theme.dark = dark;
  for (const ThemeColor& one : kColors) theme.*one.color = QColor(dark ? one.dark : one.light);
  for (const auto& [light, darker] : kSeries) theme.series.append(QColor(dark ? darker : light));
  return theme;
}

bool is_dark = false;

QPalette palette_of(const Theme& t) {
  QPalette p;
  const std::pair<QColor, QList<QPalette::ColorRole>> uses[] = {
      {t.window, {QPalette::Window}},
      {t.surface, {QPalette::Base}},
      {t.raised, {QPalette::Button, QPalette::ToolTipBase, QPalette::Light}},
      {t.hover, {QPalette::AlternateBase, QPalette::Midlight}},
      {t.border, {QPalette::Mid, QPalette::Dark}},
      {t.text, {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText}},
      {t.muted, {QPalette::PlaceholderText}},
      {t.accent, {QPalette::Highlight, QPalette::Link, QPalette::LinkVisited}},
      {t.on_accent, {QPalette::HighlightedText}},
      {t.bad, {QPalette::BrightText}}};
  for (const auto& [color, roles] : uses) {
    for (const QPalette::ColorRole role : roles) p.setColor(role, color);
  }
  p.setColor(QPalette::Shadow, t.dark ? QColor(0, 0, 0) : t.border);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    QColor faded = t.muted;
    faded.setAlphaF(0.6F);
    p.setColor(QPalette::Disabled, role, faded);
  }
  p.setColor(QPalette::Disabled, QPalette::Highlight, t.border);
  return p;
}

// What Fusion cannot be told by a palette. @names are the theme's colours.
constexpr auto kStyle =
    uR"(
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: 4px 6px; }
QMenuBar { background: @window; border-bottom: 1px solid @border; padding: 2px 4px; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: @hover; }
QMenu { background: @raised; border: 1px solid @border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: @accent; color: @on_accent; }
QMenu::item:disabled { color: @muted; }
QMenu::separator { height: 1px; background: @border; margin: 4px 6px; }
QMenu::icon { padding-left: 8px; }
QStatusBar { background: @window; border-top: 1px solid @border; color: @muted; }
QStatusBar::item { border: none; }
QStatusBar QLabel { padding-left: 8px; color: @muted; }
QPushButton, QToolButton[boxed="true"] { background: @raised; border: 1px solid @border; border-radius: 6px;
  padding: 5px 12px; }
QPushButton:hover, QToolButton[boxed="true"]:hover { background: @hover; }
QPushButton:pressed { background: @border; }
QPushButton:focus { border-color: @accent; }
QPushButton:disabled { color: @muted; background: @window; }
QPushButton[primary="true"] { background: @accent; color: @on_accent; border-color: @accent; font-weight: 600; }
QPushButton[primary="true"]:disabled { background: @border; border-color: @border; color: @muted; }
QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 4px 8px; }
QToolButton:hover { background: @hover; }
QToolButton:checked { background: @hover; border-color: @border; }
QToolButton:focus { border-color: @accent; }
QToolButton::menu-indicator { image: none; }
QToolButton[navigation="true"] { padding: 7px 12px; text-align: left; font-weight: 500; color: @muted; }
QToolButton[navigation="true"]:checked { background: @surface; color: @text; border-color: @border; }
QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox { background: @surface;
  border: 1px solid @border; border-radius: 6px; padding: 4px 8px; selection-background-color: @accent;
  selection-color: @on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QSpinBox:focus { border-color: @accent; }
QLineEdit[invalid="true"], QComboBox[invalid="true"] { border-color: @bad; }
QLineEdit:disabled, QComboBox:disabled { color: @muted; background: @window; }
QSpinBox::up-button, QSpinBox::down-button { subcontrol-origin: border; width: 20px; border: none;
  background: transparent; }
QSpinBox::up-arrow { image: url(:/icons/sort-up-@mode.svg); width: 8px; height: 8px; }
QSpinBox::down-arrow { image: url(:/icons/sort-down-@mode.svg); width: 8px; height: 8px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url(:/icons/chevron-@mode.svg); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @border; outline: none; padding: 2px; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab { padding: 6px 12px; margin-right: 4px; color: @muted; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text; border-bottom-color: @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:focus { color: @accent; }
QTabWidget::pane { border: none; border-top: 1px solid @border; }
QTableView, QListView, QTreeView { background: @surface; border: 1px solid @border; border-radius: 6px;
  outline: none; gridline-color: @grid; selection-background-color: @selection; selection-color: @text; }
QTableView::item:selected, QListView::item:selected { background: @selection; color: @text; }
QTableView[padded="true"]::item { padding: 0 5px; border: none; }
QHeaderView { background: @surface; }
QHeaderView::section { background: @surface; color: @muted; border: none; border-bottom: 1px solid @border;
  padding: 6px 8px; font-weight: 500; }
QHeaderView::section:hover { color: @text; }
QHeaderView::up-arrow { image: url(:/icons/sort-up-@mode.svg); width: 8px; height: 8px;
  subcontrol-position: right center; right: 2px; }
QHeaderView::down-arrow { image: url(:/icons/sort-down-@mode.svg); width: 8px; height: 8px;
  subcontrol-position: right center; right: 2px; }
QSplitter::handle { background: transparent; }
QScrollArea { border: none; background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle { background: @border; border-radius: 3px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QProgressBar { background: @grid; border: none; border-radius: 3px; max-height: 6px; text-align: right; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QSlider { min-height: 20px; }
QSlider::groove:horizontal { border: none; height: 4px; background: @border; border-radius: 2px; }
QSlider::sub-page:horizontal { border: none; background: @accent; border-radius: 2px; }
QSlider::handle:horizontal { background: @accent; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: @border; }
QSlider::handle:horizontal:hover { background: @text; }
QCheckBox { spacing: 7px; }
QCheckBox::indicator, QTableView::indicator { width: 14px; height: 14px; border: 1px solid @muted; border-radius: 4px; background: @surface; }
QCheckBox::indicator:checked, QTableView::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/check-@mode.svg); }
QCheckBox::indicator:focus { border-color: @accent; }
QCheckBox::indicator:disabled { border-color: @border; background: transparent; }
QCheckBox::indicator:checked:disabled { background: @border; }
QFrame[card="true"] { background: @surface; border: 1px solid @border; border-radius: 8px; }
QLabel[muted="true"] { color: @muted; }
QLabel[error="true"] { color: @bad; }
QLabel[heading="true"] { font-weight: 600; }
)";

QString style_of(const Theme& t) {
  QString style = QString::fromUtf16(kStyle);
  // Opaque: a translucent colour would be painted twice, for the row and for its cells.
  const float part = t.dark ? 0.24F : 0.13F;
  const auto mixed = [&](int a, int b) { return static_cast<int>(a * part + b * (1 - part)); };
  const QColor selection(mixed(t.accent.red(), t.surface.red()),
                         mixed(t.accent.green(), t.surface.green()),
                         mixed(t.accent.blue(), t.surface.blue()));
  style.replace(u"@mode"_s, t.dark ? u"dark"_s : u"light"_s);
  style.replace(u"@selection"_s, selection.name());
  for (const ThemeColor& one : kColors) style.replace(u"@"_s + one.name, (t.*one.color).name());
  return style;
}

}  // namespace

const Theme& Theme::get(bool dark) {
  static const Theme light_theme = make_theme(false), dark_theme = make_theme(true);
  return dark ? dark_theme : light_theme;
}

const Theme& Theme::current() { return get(is_dark); }

bool system_is_dark(const QPalette& system) {
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
  return QGuiApplication::styleHints()->colorScheme() == Qt::ColorScheme::Dark;
#else
  return system.color(QPalette::Window).lightness() <
         system.color(QPalette::WindowText).lightness();
#endif
}

void apply_theme(QApplication& app, ThemeMode mode) {
  load_resources();
  static const QPalette system = app.palette();  // the desktop's, before ours replaces it
  is_dark = mode == ThemeMode::dark || (mode == ThemeMode::system && system_is_dark(system));
  static const bool once = [&] {
    app.installTranslator(new EnglishPlurals(&app));
    app.setStyle(QStyleFactory::create(u"Fusion"_s));
    if (QFontDatabase::hasFamily(u"Inter"_s)) {
      QFont font = app.font();
      font.setFamilies({u"Inter"_s, font.family()});
      app.setFont(font);
    }
    return true;
  }();
  Q_UNUSED(once);
  app.setPalette(palette_of(Theme::current()));
  app.setStyleSheet(style_of(Theme::current()));
}

QColor state_color(const QString& key) {
  const Theme& t = Theme::current();
  if (key == "running"_L1) return t.accent;
  if (key == "finished"_L1) return t.good;
  if (key == "paused"_L1 || key == "interrupted"_L1) return t.warning;
  if (key == "failed"_L1 || key == "damaged"_L1) return t.bad;
  return t.muted;
}

}  // namespace omniq::ui
