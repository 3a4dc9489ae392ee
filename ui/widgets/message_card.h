// A message that stays where it belongs until it is dealt with: what happened, and what to do.
#pragma once

#include <QFrame>

#include "core/base/result.h"

class QLabel;
class QPushButton;

namespace omniq::ui {

class MessageCard : public QFrame {
  Q_OBJECT
 public:
  explicit MessageCard(QWidget* parent = nullptr);

  /// `button` names what `button_clicked` does; empty: there is none. A card without `closable`
  /// stays while its cause does.
  void show_error(const QString& title, const QString& text, const QString& button = {},
                  bool closable = true);
  void show_error(const QString& title, const Error& error);
  /// Nothing is wrong, but something can be done.
  void show_notice(const QString& title, const QString& button);

  QString text() const;

 Q_SIGNALS:
  void button_clicked();

 private:
  void show_all(const QString& title, const QString& text, const QString& button, bool closable);

  QLabel* title_;
  QLabel* text_;
  QPushButton* button_;
  QWidget* close_;
};

}  // namespace omniq::ui
