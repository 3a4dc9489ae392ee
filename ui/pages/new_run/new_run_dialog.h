// Configures a run: a form made from the description of all settings, and the same as YAML.
#pragma once

#include <QDialog>

#include "ui/base/worker_thread.h"
#include "ui/jobs/pace_job.h"
#include "ui/models/session/experiment_form.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QTabWidget;

namespace omniq::ui {

class CostLine;
class MessageCard;
class SettingField;

class NewRunDialog : public QDialog {
  Q_OBJECT
 public:
  /// New runs are made in `workspace`. `clone`: a run folder to start from; empty: the first
  /// configuration that comes with the program.
  NewRunDialog(const QString& workspace, const QString& clone, JobThread<PaceJob>& pace,
               QWidget* parent = nullptr);

  /// Values, by the settings' keys, that every starting point gets: the dataset of another page.
  void set_given(const QHash<QString, QString>& values);

  ExperimentForm& form() { return form_; }
  QPushButton* start_button() const { return start_; }
  CostLine* cost() const { return cost_; }

 Q_SIGNALS:
  void start_requested(const omniq::config::Experiment& experiment);

 private:
  QWidget* make_form();
  void fill_starting_points(const QString& clone);
  void load_starting_point();
  void write_yaml();
  void open_file();
  void show_levels();
  void show_checked();

  QString workspace_;
  QHash<QString, QString> given_;
  ExperimentForm form_;
  QComboBox* from_;
  MessageCard* problem_;
  QTabWidget* tabs_;
  QCheckBox* advanced_;
  QPlainTextEdit* yaml_;
  CostLine* cost_;
  QLabel* summary_;
  QPushButton* start_;
  struct Group {
    QLabel* title;
    QList<SettingField*> fields;
  };
  QList<Group> groups_;
};

}  // namespace omniq::ui
