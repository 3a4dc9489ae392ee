// One setting of the form: its name, a widget for its kind, its unit and help, and what is wrong.
#pragma once

#include <QWidget>

#include "ui/models/session/experiment_form.h"

class QLabel;
class QPushButton;
class QToolButton;

namespace omniq::ui {

class SettingField : public QWidget {
  Q_OBJECT
 public:
  SettingField(const config::Setting& setting, ExperimentForm& form, QWidget* parent = nullptr);

  const config::Setting& setting() const { return setting_; }

 private:
  QWidget* make_editor();
  void choose_path();
  void read_value();  // from the form
  void show_state();  // error and mark

  const config::Setting& setting_;
  const QString key_;
  ExperimentForm& form_;
  QWidget* editor_;
  QLabel *name_, *help_, *error_;
  QToolButton* reset_;
  QPushButton* browse_ = nullptr;  // of a path
};

}  // namespace omniq::ui
