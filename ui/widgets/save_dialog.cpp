#include "ui/widgets/save_dialog.h"

#include <QCoreApplication>
#include <QFileDialog>

#include "ui/widgets/message_card.h"

namespace omniq::ui {

void ask_and_save(QWidget* parent, const QString& title, const QString& name, const QString& filter,
                  MessageCard& card, const std::function<Status(const QString& file)>& write) {
  const QString file = QFileDialog::getSaveFileName(parent, title, name, filter);
  if (file.isEmpty()) return;
  if (const Status saved = write(file); !saved) {
    card.show_error(QCoreApplication::translate("SaveDialog", "It was not saved"), saved.error());
  }
}

}  // namespace omniq::ui
