#include "ui/widgets/empty_state.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/base/icons.h"

namespace omniq::ui {

EmptyState::EmptyState(QWidget* parent) : QWidget(parent) {
  icon_ = new QLabel;
  title_ = new QLabel;
  QFont large = title_->font();
  large.setPointSizeF(large.pointSizeF() * 1.3);
  large.setWeight(QFont::DemiBold);
  title_->setFont(large);
  text_ = new QLabel;
  text_->setProperty("muted", true);
  text_->setWordWrap(true);
  text_->setAlignment(Qt::AlignHCenter);
  text_->setFixedWidth(440);
  buttons_ = new QHBoxLayout;
  buttons_->setSpacing(8);
  auto* column = new QVBoxLayout(this);
  column->setSpacing(8);
  column->addStretch(2);
  column->addWidget(icon_, 0, Qt::AlignHCenter);
  column->addWidget(title_, 0, Qt::AlignHCenter);
  // Not by alignment: a column asks for the height of a text as wide as itself.
  auto* line = new QHBoxLayout;
  line->addStretch();
  line->addWidget(text_);
  line->addStretch();
  column->addLayout(line);
  column->addSpacing(6);
  column->addLayout(buttons_);
  buttons_->addStretch();
  buttons_->addStretch();
  column->addStretch(3);
}

void EmptyState::set_text(const QString& icon_name, const QString& title, const QString& text) {
  icon_name_ = icon_name;
  icon_->setPixmap(icon(icon_name_, true).pixmap(40));
  title_->setText(title);
  text_->setText(text);
}

QPushButton* EmptyState::add_button(const QString& text, bool primary) {
  auto* button = new QPushButton(text);
  button->setProperty("primary", primary);
  buttons_->insertWidget(buttons_->count() - 1, button);
  return button;
}

void EmptyState::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange && !icon_name_.isEmpty())
    icon_->setPixmap(icon(icon_name_, true).pixmap(40));
  QWidget::changeEvent(event);
}

}  // namespace omniq::ui
