// Ctrl+K: every action of the menus, found by typing.
#pragma once

#include <QDialog>
#include <QPointer>

class QAction;
class QLineEdit;
class QListWidget;

namespace omniq::ui {

class CommandPalette : public QDialog {
  Q_OBJECT
 public:
  CommandPalette(const QList<QAction*>& actions, QWidget* parent);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void filter(const QString& text);
  void run_current();

  QList<QPointer<QAction>> actions_;
  QLineEdit* search_;
  QListWidget* list_;
};

}  // namespace omniq::ui
