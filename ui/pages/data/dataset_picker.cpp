#include "ui/pages/data/dataset_picker.h"

#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

#include "ui/base/text.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString path_text(const std::filesystem::path& path) { return to_qt(path.string()); }

bool same(const data::ListFiles& a, const data::ListFiles& b) {
  return a.trainlist == b.trainlist && a.testlist == b.testlist && a.classind == b.classind;
}

}  // namespace

DatasetPicker::DatasetPicker(QWidget* parent) : QWidget(parent) {
  folder_ = new QLineEdit;
  folder_->setAccessibleName(tr("Dataset folder"));
  folder_->setPlaceholderText(tr("Folder that holds a folder of clips for each class"));
  folder_->setAcceptDrops(false);  // the page takes a folder that is dropped anywhere
  auto* browse_button = new QPushButton(tr("Open folder…"));
  lists_ = new QComboBox;
  lists_->setAccessibleName(tr("Lists"));
  lists_->setToolTip(tr("What says which clips are trained on and which are for testing"));
  lists_->setMinimumWidth(210);
  QHBoxLayout* row = in_row({{folder_, 1}, browse_button, gap(8), new QLabel(tr("Lists")), lists_});
  lay_out(this, in_column({row, make_files()}));
  connect(folder_, &QLineEdit::returnPressed, this, [this] {
    if (!folder().isEmpty()) Q_EMIT chosen(folder(), std::nullopt);
  });
  connect(browse_button, &QPushButton::clicked, this, &DatasetPicker::browse);
  connect(lists_, &QComboBox::activated, this, &DatasetPicker::choose_lists);
  show_layout({}, {});
}

QWidget* DatasetPicker::make_files() {
  QHBoxLayout* row = in_row({});
  files_ = in_widget(row);
  const std::pair<QString, std::filesystem::path data::ListFiles::*> names[] = {
      {tr("Training list"), &data::ListFiles::trainlist},
      {tr("Test list"), &data::ListFiles::testlist},
      {tr("Class index"), &data::ListFiles::classind}};
  for (const auto& [name, member] : names) {
    auto* edit = new QLineEdit;
    edit->setPlaceholderText(name);
    edit->setAccessibleName(name);
    auto* open = new QPushButton(u"…"_s);
    open->setFixedWidth(34);
    open->setAccessibleName(tr("Choose %1").arg(name));
    row->addWidget(edit, 1);
    row->addWidget(open);
    fields_.append({edit, member});
    connect(edit, &QLineEdit::returnPressed, this, &DatasetPicker::use_files);
    connect(open, &QPushButton::clicked, this, [this, edit, name = name] {
      const QString file =
          QFileDialog::getOpenFileName(this, name, edit->text().isEmpty() ? folder() : edit->text(),
                                       tr("Lists (*.txt);;All files (*)"));
      if (!file.isEmpty()) edit->setText(file);
    });
  }
  auto* use = new QPushButton(tr("Use these"));
  row->addWidget(use);
  connect(use, &QPushButton::clicked, this, &DatasetPicker::use_files);
  files_->hide();
  return files_;
}

QString DatasetPicker::folder() const {
  QString text = folder_->text().trimmed();
  if (text.startsWith(u"~/"_s)) text.replace(0, 1, QDir::homePath());
  return text;
}

void DatasetPicker::set_folder(const QString& folder) { folder_->setText(folder); }

void DatasetPicker::browse() {
  const QString chosen_folder =
      QFileDialog::getExistingDirectory(this, tr("Open a dataset"), folder());
  if (chosen_folder.isEmpty()) return;
  set_folder(chosen_folder);
  Q_EMIT chosen(chosen_folder, std::nullopt);
}

void DatasetPicker::show_layout(const data::Layout& layout, const data::ListFiles& used) {
  choices_ = layout.lists;
  data::ListFiles none;
  none.name = to_std(tr("none: the class folders"));
  choices_.push_back(none);
  auto now = std::find_if(choices_.begin(), choices_.end(),
                          [&](const data::ListFiles& lists) { return same(lists, used); });
  if (now == choices_.end()) {
    data::ListFiles other = used;
    if (other.name.empty()) other.name = other.trainlist.filename().string();
    now = choices_.insert(choices_.begin(), other);
  }
  const auto row = static_cast<int>(now - choices_.begin());
  lists_->clear();
  for (const data::ListFiles& lists : choices_) lists_->addItem(to_qt(lists.name));
  lists_->addItem(tr("other files…"));
  lists_->setCurrentIndex(row);
  for (const FileField& field : fields_) field.edit->setText(path_text(used.*field.member));
}

void DatasetPicker::choose_lists(int index) {
  const bool other = index == static_cast<int>(choices_.size());
  files_->setVisible(other);
  if (other) {
    fields_.front().edit->setFocus();
  } else if (!folder().isEmpty()) {
    Q_EMIT chosen(folder(), choices_[static_cast<std::size_t>(index)]);
  }
}

void DatasetPicker::use_files() {
  data::ListFiles lists;
  for (const FileField& field : fields_)
    lists.*field.member = to_path(field.edit->text().trimmed());
  if (!folder().isEmpty()) Q_EMIT chosen(folder(), lists);
}

}  // namespace omniq::ui
