// What a model is given of a clip, by the settings of a configuration: as evaluation takes it, or
// as training draws it.
#pragma once

#include <QFrame>

#include "ui/models/items/model_frames.h"

class QComboBox;
class QLabel;
class QListView;
class QPushButton;
class QSpinBox;
class QStackedWidget;

namespace omniq::ui {

class ModelFramesPanel : public QFrame {
  Q_OBJECT
 public:
  explicit ModelFramesPanel(QWidget* parent = nullptr);

  /// Empty: none.
  void set_clip(const QString& file);
  /// A YAML file of a run or of anybody; empty: the defaults.
  void set_config(const QString& file);

  ModelFrames& model() { return model_; }
  /// What stands where the frames would be.
  QString text() const;

 Q_SIGNALS:
  void play_requested(const QString& file);

 private:
  void choose_config();
  void ask();
  void show_found();

  QString clip_, config_;
  ModelFrames model_;
  QLabel *title_, *summary_, *text_;
  QComboBox *configs_, *mode_;
  QSpinBox* seed_;
  QPushButton* play_;
  QListView* frames_;
  QStackedWidget* stack_;
};

}  // namespace omniq::ui
