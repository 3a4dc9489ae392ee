// What the user prefers, what this program is, and what it runs on.
#pragma once

#include <QWidget>

#include "core/base/result.h"
#include "ui/base/preferences.h"
#include "ui/engine/machine.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QSlider;
class QSpinBox;
class QUndoStack;

namespace omniq::ui {

class SettingsPage : public QWidget {
  Q_OBJECT
 public:
  /// `undo`: where a reset can be taken back.
  explicit SettingsPage(QUndoStack& undo, QWidget* parent = nullptr);

  QComboBox* theme() const { return theme_; }
  QComboBox* device() const { return device_; }
  QSpinBox* threads() const { return threads_; }
  QLineEdit* workspace() const { return workspace_; }
  QSlider* smoothing() const { return smoothing_; }
  QCheckBox* notify() const { return notify_; }
  QComboBox* closing() const { return closing_; }
  /// The facts as text, one a line; empty until they are known.
  QString facts() const;

 protected:
  void showEvent(QShowEvent*) override;

 private:
  QWidget* make_window_group();
  QWidget* make_engine_group();
  QWidget* make_training_group();
  QWidget* make_about_group();
  void read();
  void reset();
  void ask_engine();
  void show_facts(const Result<MachineFacts>& engine);
  void choose_workspace();
  void show_licences();

  QUndoStack& undo_;
  QComboBox *theme_, *device_, *closing_;
  QSpinBox* threads_;
  QLineEdit* workspace_;
  QSlider* smoothing_;
  QLabel *smoothing_help_, *facts_;
  QCheckBox* notify_;
  bool asked_ = false;
};

}  // namespace omniq::ui
