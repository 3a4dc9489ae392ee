#include "ui/widgets/empty_state.h"

#include <QEvent>
#include <QLabel>
#include <QPushButton>

#include "ui/base/icons.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {

EmptyState::EmptyState(QWidget* parent) : QWidget(parent) {
  icon_ = new QLabel;
  title_ = new QLabel;
  enlarge(title_, 1.3);
  text_ = muted_label();
  text_->setWordWrap(true);
  text_->setAlignment(Qt::AlignHCenter);
  text_->setFixedWidth(440);
  buttons_ = in_row({rest(), rest()});
  // Not by alignment: a column asks for the height of a text as wide as itself.
  QHBoxLayout* line = in_row({rest(), text_, rest()});
  setLayout(in_column({rest(2),
                       {icon_, 0, Qt::AlignHCenter},
                       {title_, 0, Qt::AlignHCenter},
                       line,
                       gap(6),
                       buttons_,
                       rest(3)}));
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
