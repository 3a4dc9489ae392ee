// Looks over a dataset: its classes and their clips, how they are divided, and what is wrong.
#pragma once

#include <QHash>
#include <QSortFilterProxyModel>
#include <QWidget>

#include "ui/base/worker_thread.h"
#include "ui/jobs/survey_job.h"
#include "ui/models/items/class_count_model.h"
#include "ui/models/items/clip_gallery.h"

class QAction;
class QLabel;
class QListView;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace omniq::ui {

class DatasetPicker;
class EmptyState;
class MessageCard;
class ModelFramesPanel;
class ProblemPanel;

class DataPage : public QWidget {
  Q_OBJECT
 public:
  explicit DataPage(QWidget* parent = nullptr);

  /// `lists`: what divides the clips; none: the nearest that are found.
  void open(const QString& folder, const std::optional<data::ListFiles>& lists = {});
  /// Lists without what is wrong, into a folder of their own; they are then the ones that are used.
  void write_lists(const QString& folder);
  /// Makes the demo videos in `folder` and opens them.
  void make_demo(const QString& folder);

  QAction* open_action() const { return open_; }
  /// Of what is open: check, write lists, use in a new run.
  QList<QAction*> actions_of_dataset() const { return {check_, write_, use_}; }
  QTableView* classes() const { return classes_; }
  QListView* clips() const { return clips_; }
  ModelFramesPanel* frames() const { return frames_; }
  ProblemPanel* problems() const { return problems_; }
  DatasetPicker* picker() const { return picker_; }

 Q_SIGNALS:
  void clip_opened(const QString& file);
  /// Settings by their keys.
  void new_run_requested(const QHash<QString, QString>& values);

 protected:
  void showEvent(QShowEvent*) override;
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;

 private:
  void make_classes();
  void make_clips();
  QWidget* make_empty();
  void connect_job();
  void show_look(const std::shared_ptr<const DatasetLook>& look);
  void check();
  void show_figures();
  void show_class();
  void show_busy(const QString& text, qint64 done = 0, qint64 total = 0);
  void ask_where_to_write();
  void ask_where_to_make_demo();
  void request_run();

  QAction *open_, *check_, *write_, *use_;
  DatasetPicker* picker_;
  MessageCard* problem_;
  QLabel *figures_, *busy_, *which_;
  QProgressBar* bar_;
  QPushButton *use_button_, *stop_;
  QStackedWidget* stack_;
  QWidget* content_;
  EmptyState* empty_;
  QTableView* classes_;
  QListView* clips_;
  ModelFramesPanel* frames_;
  ProblemPanel* problems_;
  ClassCountModel counts_;
  QSortFilterProxyModel sorted_;
  ClipGallery gallery_;

  QString folder_;
  std::shared_ptr<const DatasetLook> look_;
  double seconds_ = -1;  // of video, once they were decoded
  bool shown_ = false;
  JobThread<SurveyJob> job_;
};

}  // namespace omniq::ui
