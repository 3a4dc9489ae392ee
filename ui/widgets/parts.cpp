#include "ui/widgets/parts.h"

#include <QFontDatabase>
#include <QFrame>
#include <QLabel>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>

namespace omniq::ui {

namespace {

template <class Layout>
Layout* filled(std::initializer_list<Part> parts, int spacing) {
  auto* layout = new Layout;
  if (spacing >= 0) layout->setSpacing(spacing);
  for (const Part& part : parts) {
    if (part.widget) {
      layout->addWidget(part.widget, part.stretch, part.alignment);
    } else if (part.layout) {
      layout->addLayout(part.layout, part.stretch);
    } else if (part.pixels > 0) {
      layout->addSpacing(part.pixels);
    } else {
      layout->addStretch(part.stretch);
    }
  }
  return layout;
}

QLabel* label_of_kind(const char* kind, const QString& text) {
  auto* label = new QLabel(text);
  label->setProperty(kind, true);
  return label;
}

}  // namespace

QHBoxLayout* in_row(std::initializer_list<Part> parts, int spacing) {
  return filled<QHBoxLayout>(parts, spacing);
}
QVBoxLayout* in_column(std::initializer_list<Part> parts, int spacing) {
  return filled<QVBoxLayout>(parts, spacing);
}

void lay_out(QWidget* widget, QLayout* layout, const QMargins& margins) {
  layout->setContentsMargins(margins);
  widget->setLayout(layout);
}

QWidget* in_widget(QLayout* layout, const QMargins& margins) {
  auto* widget = new QWidget;
  lay_out(widget, layout, margins);
  return widget;
}

QFrame* in_card(QLayout* layout, const QMargins& margins) {
  auto* card = new QFrame;
  card->setProperty("card", true);
  lay_out(card, layout, margins);
  return card;
}

QScrollArea* in_scroll_area(QWidget* inside) {
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setWidget(inside);
  scroll->viewport()->setAutoFillBackground(false);
  inside->setAutoFillBackground(false);
  return scroll;
}

QSplitter* in_splitter(Qt::Orientation orientation, std::initializer_list<QWidget*> parts) {
  auto* splitter = new QSplitter(orientation);
  for (QWidget* part : parts) splitter->addWidget(part);
  splitter->setChildrenCollapsible(false);
  splitter->setHandleWidth(10);
  return splitter;
}

QLabel* muted_label(const QString& text) { return label_of_kind("muted", text); }
QLabel* heading_label(const QString& text) { return label_of_kind("heading", text); }

void enlarge(QLabel* label, double factor) {
  QFont large = label->font();
  large.setPointSizeF(large.pointSizeF() * factor);
  large.setWeight(QFont::DemiBold);
  label->setFont(large);
}

QPushButton* primary_button(const QString& text) {
  auto* button = new QPushButton(text);
  button->setProperty("primary", true);
  return button;
}

QProgressBar* thin_bar(int width) {
  auto* bar = new QProgressBar;
  bar->setFixedWidth(width);
  bar->setTextVisible(false);
  return bar;
}

QPlainTextEdit* fixed_text(const QString& accessible_name) {
  auto* text = new QPlainTextEdit;
  text->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  text->setAccessibleName(accessible_name);
  return text;
}

}  // namespace omniq::ui
