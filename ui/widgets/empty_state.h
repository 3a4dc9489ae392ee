// What a page says while there is nothing on it: what belongs here, and how to get it.
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace omniq::ui {

class EmptyState : public QWidget {
  Q_OBJECT
 public:
  explicit EmptyState(QWidget* parent = nullptr);

  void set_text(const QString& icon, const QString& title, const QString& text);
  QPushButton* add_button(const QString& text, bool primary);

 private:
  void show_icon();

  QString icon_name_;
  QLabel* icon_;
  QLabel* title_;
  QLabel* text_;
  QHBoxLayout* buttons_;
};

}  // namespace omniq::ui
