#include "ui/widgets/message_card.h"

#include <QLabel>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>

#include "ui/base/icons.h"
#include "ui/base/text.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

MessageCard::MessageCard(QWidget* parent) : QFrame(parent) {
  setProperty("card", true);
  setObjectName(u"message_card"_s);
  title_ = heading_label();
  text_ = new QLabel;
  text_->setWordWrap(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  button_ = new QPushButton;
  auto* close = new QToolButton;
  close->setIcon(icon(u"close"_s));
  close->setAccessibleName(tr("Close"));
  close->setToolTip(tr("Close"));
  close_ = close;
  lay_out(this,
          in_row({{in_column({title_, text_}, 2), 1}, button_, {close_, 0, Qt::AlignTop}}, 10),
          {14, 8, 8, 8});
  connect(button_, &QPushButton::clicked, this, &MessageCard::button_clicked);
  connect(close, &QToolButton::clicked, this, &QWidget::hide);
  hide();
}

void MessageCard::show_error(const QString& title, const QString& text, const QString& button,
                             bool closable) {
  title_->setProperty("error", true);
  show_all(title, text, button, closable);
}

void MessageCard::show_notice(const QString& title, const QString& button) {
  title_->setProperty("error", false);
  show_all(title, {}, button, true);
}

void MessageCard::show_all(const QString& title, const QString& text, const QString& button,
                           bool closable) {
  title_->style()->polish(title_);
  title_->setText(title);
  text_->setText(text);
  text_->setVisible(!text.isEmpty());
  button_->setText(button);
  button_->setVisible(!button.isEmpty());
  close_->setVisible(closable);
  setAccessibleName(title + u". "_s + text);
  show();
}

void MessageCard::show_error(const QString& title, const Error& error) {
  show_error(title, to_qt(error.text()));
}

QString MessageCard::text() const { return text_->text(); }

}  // namespace omniq::ui
