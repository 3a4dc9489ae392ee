// The texts of the licences that this program comes under.
#pragma once

#include <QDialog>

namespace omniq::ui {

class LicenceDialog : public QDialog {
  Q_OBJECT
 public:
  explicit LicenceDialog(QWidget* parent = nullptr);
};

}  // namespace omniq::ui
