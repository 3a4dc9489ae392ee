// Which dataset: its folder, and the lists that divide its clips.
#pragma once

#include <QWidget>
#include <optional>

#include "core/data/survey.h"

class QComboBox;
class QLineEdit;

namespace omniq::ui {

class DatasetPicker : public QWidget {
  Q_OBJECT
 public:
  explicit DatasetPicker(QWidget* parent = nullptr);

  QString folder() const;
  void set_folder(const QString& folder);
  /// What was found there, and what of it is used.
  void show_layout(const data::Layout& layout, const data::ListFiles& used);
  void browse();

 Q_SIGNALS:
  /// `lists` none: the nearest that are found.
  void chosen(const QString& folder, const std::optional<omniq::data::ListFiles>& lists);

 private:
  QWidget* make_files();
  void choose_lists(int index);
  void use_files();

  struct FileField {
    QLineEdit* edit;
    std::filesystem::path data::ListFiles::*member;
  };

  QLineEdit* folder_;
  QComboBox* lists_;
  QWidget* files_;
  QList<FileField> fields_;
  std::vector<data::ListFiles> choices_;  // of lists_, as far as it goes
};

}  // namespace omniq::ui
