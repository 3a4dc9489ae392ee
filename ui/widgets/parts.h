// What pages and panels are put together from: rows and columns, labels, cards.
#pragma once

#include <QBoxLayout>
#include <initializer_list>

class QFrame;
class QLabel;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QScrollArea;
class QSplitter;

namespace omniq::ui {

/// What stands in a row or a column, and the share of the spare room that it takes.
struct Part {
  Part(QWidget* the_widget, int share = 0, Qt::Alignment where = {})
      : widget(the_widget), stretch(share), alignment(where) {}
  Part(QLayout* the_layout, int share = 0) : layout(the_layout), stretch(share) {}
  explicit Part(int empty, int share) : pixels(empty), stretch(share) {}

  QWidget* widget = nullptr;
  QLayout* layout = nullptr;
  int pixels = 0;  // where there is neither
  int stretch = 0;
  Qt::Alignment alignment;
};
inline Part gap(int pixels) { return Part(pixels, 0); }
/// The room that is left, or the share of it that `stretch` asks for.
inline Part rest(int stretch = 0) { return Part(0, stretch); }

/// `spacing` in pixels; −1: as the style has it.
QHBoxLayout* in_row(std::initializer_list<Part> parts, int spacing = 8);
QVBoxLayout* in_column(std::initializer_list<Part> parts, int spacing = 8);
/// The layout becomes the widget's.
void lay_out(QWidget* widget, QLayout* layout, const QMargins& margins = {});
/// The layout in a widget of its own.
QWidget* in_widget(QLayout* layout, const QMargins& margins = {});
/// The same on a card.
QFrame* in_card(QLayout* layout, const QMargins& margins);
/// Scrolls what is higher than the page, on the page's own background.
QScrollArea* in_scroll_area(QWidget* inside);
/// Parts that the user divides the room among; none can be pushed away.
QSplitter* in_splitter(Qt::Orientation orientation, std::initializer_list<QWidget*> parts);

QLabel* muted_label(const QString& text = {});
QLabel* heading_label(const QString& text = {});
/// In bold, `factor` times as large.
void enlarge(QLabel* label, double factor);
QPushButton* primary_button(const QString& text);
/// Without a number on it.
QProgressBar* thin_bar(int width);
/// Text in letters of one width.
QPlainTextEdit* fixed_text(const QString& accessible_name);

}  // namespace omniq::ui
