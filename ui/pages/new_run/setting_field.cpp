#include "ui/pages/new_run/setting_field.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>

#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;
using config::Kind;

namespace {
constexpr int kLabelWidth = 170, kEditorWidth = 250;
}

SettingField::SettingField(const config::Setting& setting, ExperimentForm& form, QWidget* parent)
    : QWidget(parent), setting_(setting), key_(to_qt(setting.key)), form_(form) {
  const QString label = setting_label(setting);
  name_ = new QLabel;
  name_->setFixedWidth(kLabelWidth);
  help_ = muted_label();
  help_->setWordWrap(true);
  error_ = new QLabel;
  error_->setProperty("error", true);
  error_->setWordWrap(true);
  reset_ = new QToolButton;
  reset_->setText(u"↺"_s);
  QSizePolicy keep = reset_->sizePolicy();
  keep.setRetainSizeWhenHidden(true);
  reset_->setSizePolicy(keep);
  editor_ = make_editor();
  editor_->setAccessibleName(label);
  name_->setBuddy(editor_);

  QString help = to_qt(setting.help);
  if (const QString allowed = to_qt(setting.allowed()); setting.low && !allowed.isEmpty())
    help.replace(help.size() - 1, 1, u", %1."_s.arg(allowed));
  if (!setting.applies_to.empty()) help += u' ' + tr("Used by: %1.").arg(to_qt(setting.applies_to));
  help_->setText(help);

  QHBoxLayout* entry = in_row({editor_}, 6);
  if (setting.kind == Kind::path) {
    auto* browse = new QPushButton(u"…"_s);
    browse->setFixedWidth(34);
    browse->setAccessibleName(tr("Choose %1").arg(label));
    connect(browse, &QPushButton::clicked, this, &SettingField::choose_path);
    entry->addWidget(browse);
    browse_ = browse;
  }
  entry->addWidget(reset_);
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 4, 0, 4);
  grid->setHorizontalSpacing(10);
  grid->setVerticalSpacing(2);
  grid->addWidget(name_, 0, 0, Qt::AlignTop);
  grid->addLayout(entry, 0, 1, Qt::AlignTop | Qt::AlignLeft);
  grid->addWidget(help_, 0, 2);
  grid->addWidget(error_, 1, 1, 1, 2);
  grid->setColumnStretch(2, 1);
  name_->setMinimumHeight(editor_->sizeHint().height());

  connect(reset_, &QToolButton::clicked, this, [this] {
    form_.reset(key_);
    read_value();
  });
  connect(&form_, &ExperimentForm::values_changed, this, &SettingField::read_value);
  connect(&form_, &ExperimentForm::checked, this, &SettingField::show_state);
  read_value();
  show_state();
}

QWidget* SettingField::make_editor() {
  if (setting_.kind == Kind::boolean) {
    auto* box = new QCheckBox;
    connect(box, &QCheckBox::toggled, this,
            [this](bool on) { form_.set_text(key_, on ? u"true"_s : u"false"_s); });
    box->setFixedWidth(kEditorWidth);
    return box;
  }
  if (setting_.kind == Kind::choice) {
    auto* box = new QComboBox;
    for (const std::string& choice : setting_.choices) box->addItem(to_qt(choice));
    box->setFixedWidth(kEditorWidth);
    box->setFocusPolicy(Qt::StrongFocus);
    connect(box, &QComboBox::currentTextChanged, this,
            [this](const QString& text) { form_.set_text(key_, text); });
    return box;
  }
  auto* line = new QLineEdit;
  line->setFixedWidth(setting_.kind == Kind::path ? kEditorWidth - 40 : kEditorWidth);
  if (!setting_.unit.empty()) {
    // The unit stands in the field, at its end.
    QLabel* unit = muted_label(to_qt(setting_.unit));
    lay_out(line, in_row({rest(), unit}), {0, 0, 10, 0});
    unit->setAttribute(Qt::WA_TransparentForMouseEvents);
  }
  connect(line, &QLineEdit::textEdited, this,
          [this](const QString& text) { form_.set_text(key_, text); });
  return line;
}

void SettingField::choose_path() {
  const bool folder = key_ == "data.root"_L1 || key_ == "train.save_dir"_L1 || key_ == "run.dir"_L1;
  const QString now = form_.text(key_);
  const QString title = setting_label(setting_);
  const QString chosen = folder ? QFileDialog::getExistingDirectory(this, title, now)
                                : QFileDialog::getOpenFileName(this, title, now);
  if (chosen.isEmpty()) return;
  form_.set_text(key_, chosen);
  read_value();
}

void SettingField::read_value() {
  const QString text = form_.text(key_);
  if (auto* box = qobject_cast<QCheckBox*>(editor_)) box->setChecked(text == "true"_L1);
  if (auto* box = qobject_cast<QComboBox*>(editor_)) box->setCurrentText(text);
  if (auto* line = qobject_cast<QLineEdit*>(editor_); line && line->text() != text)
    line->setText(text);
  show_state();
}

void SettingField::show_state() {
  const QString error = form_.error(key_);
  error_->setText(error);
  error_->setVisible(!error.isEmpty());
  if (editor_->property("invalid").toBool() != !error.isEmpty()) {
    editor_->setProperty("invalid", !error.isEmpty());
    editor_->style()->unpolish(editor_);  // the style asks for properties only then
    editor_->style()->polish(editor_);
  }
  // What is wrong can always be mended.
  const bool used = setting_.applies(form_.experiment()) || !error.isEmpty();
  const QString tip =
      used ? key_
           : tr("%1 changes nothing here. Used by: %2.").arg(key_, to_qt(setting_.applies_to));
  for (QWidget* part : std::initializer_list<QWidget*>{name_, editor_, help_, browse_}) {
    if (!part) continue;
    part->setEnabled(used);
    part->setToolTip(tip);
  }
  const bool changed = form_.changed(key_);
  const QString label = setting_label(setting_).toHtmlEscaped();
  name_->setText(changed ? u"<b>%1</b> <span style=\"color:%2\">●</span>"_s.arg(
                               label, Theme::current().accent.name())
                         : label);
  reset_->setVisible(changed);
  reset_->setToolTip(tr("Back to the starting point's value"));
  reset_->setAccessibleName(tr("Reset %1").arg(setting_label(setting_)));
}

}  // namespace omniq::ui
