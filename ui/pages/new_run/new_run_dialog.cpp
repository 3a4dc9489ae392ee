#include "ui/pages/new_run/new_run_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QTabWidget>

#include "core/base/files.h"
#include "core/config/load.h"
#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/pages/new_run/cost_line.h"
#include "ui/pages/new_run/setting_field.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

NewRunDialog::NewRunDialog(const QString& workspace, const QString& clone, JobThread<PaceJob>& pace,
                           QWidget* parent)
    : QDialog(parent), workspace_(workspace) {
  setObjectName(u"new_run"_s);
  setWindowTitle(tr("New run"));
  resize(920, 680);
  from_ = new QComboBox;
  from_->setAccessibleName(tr("Start from"));
  from_->setMinimumWidth(280);
  auto* open = new QPushButton(tr("Open YAML…"));
  advanced_ = new QCheckBox(tr("All settings"));

  problem_ = new MessageCard;
  yaml_ = fixed_text(tr("Configuration as YAML"));
  tabs_ = new QTabWidget;
  tabs_->setDocumentMode(true);
  tabs_->addTab(make_form(), tr("Form"));
  tabs_->addTab(yaml_, tr("Complete configuration (YAML)"));
  tabs_->setTabToolTip(1,
                       tr("Every setting with its value, as the run will keep it; what is written "
                          "here changes the form"));
  cost_ = new CostLine(workspace, pace);

  summary_ = muted_label();
  auto* cancel = new QPushButton(tr("Cancel"));
  start_ = primary_button(tr("Start training"));
  start_->setDefault(true);
  QHBoxLayout* head = in_row({new QLabel(tr("Start from")), from_, open, rest(), advanced_});
  QHBoxLayout* foot = in_row({{summary_, 1}, cancel, start_});
  lay_out(this, in_column({head, problem_, {tabs_, 1}, cost_, foot}, 10), {18, 16, 18, 14});

  connect(from_, &QComboBox::activated, this, &NewRunDialog::load_starting_point);
  connect(open, &QPushButton::clicked, this, &NewRunDialog::open_file);
  connect(advanced_, &QCheckBox::toggled, this, &NewRunDialog::show_levels);
  connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
  connect(start_, &QPushButton::clicked, this, [this] {
    Q_EMIT start_requested(form_.experiment());
    accept();
  });
  // The form and the YAML are two views of the same: each is written when it comes into view.
  connect(tabs_, &QTabWidget::currentChanged, this, &NewRunDialog::write_yaml);
  connect(yaml_, &QPlainTextEdit::textChanged, this,
          [this] { form_.set_yaml(yaml_->toPlainText()); });
  connect(&form_, &ExperimentForm::checked, this, &NewRunDialog::show_checked);
  fill_starting_points(clone);
  load_starting_point();
  show_levels();
}

QWidget* NewRunDialog::make_form() {
  QVBoxLayout* column = in_column({}, 2);
  QString group;
  for (const config::Setting& setting : config::settings()) {
    const QString name = to_qt(setting.group);
    if (groups_.isEmpty() || name != group) {
      group = name;
      QLabel* title = heading_label(tr(setting.group.c_str()));
      QFont large = title->font();
      large.setPointSizeF(large.pointSizeF() * 1.1);
      title->setFont(large);
      title->setContentsMargins(0, groups_.isEmpty() ? 0 : 14, 0, 2);
      column->addWidget(title);
      groups_.append(Group{title, {}});
    }
    auto* field = new SettingField(setting, form_);
    groups_.last().fields.append(field);
    column->addWidget(field);
  }
  column->addStretch();
  QScrollArea* scroll = in_scroll_area(in_widget(column, {2, 8, 12, 8}));
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  return scroll;
}

void NewRunDialog::fill_starting_points(const QString& clone) {
  if (!clone.isEmpty())
    from_->addItem(tr("the run %1").arg(QFileInfo(clone).fileName()), clone + u"/config.yaml"_s);
  for (const StartingPoint& point : shipped_configurations())
    from_->addItem(point.name, point.file);
  from_->addItem(tr("the defaults"), QString());
  const int demo = from_->findText(u"demo-mamba"_s);
  from_->setCurrentIndex(clone.isEmpty() && demo >= 0 ? demo : 0);
}

void NewRunDialog::set_given(const QHash<QString, QString>& values) {
  given_ = values;
  load_starting_point();
}

void NewRunDialog::load_starting_point() {
  problem_->hide();
  const QString file = from_->currentData().toString();
  config::Experiment experiment;
  if (!file.isEmpty()) {
    const auto text = read_file(to_path(file));
    if (!text) {
      problem_->show_error(tr("This starting point cannot be read"), text.error());
      return;
    }
    config::Parsed parsed = config::parse(*text, to_std(file), {});
    // What is missing for a start is said beside the fields; what cannot be understood, here.
    for (const config::Finding& finding : parsed.findings) {
      if (!config::find_setting(finding.key)) {
        problem_->show_error(tr("Not everything in this file was understood"),
                             to_qt(finding.message + " " + finding.hint));
      }
    }
    experiment = std::move(parsed.experiment);
  }
  experiment.train.save_dir = to_std(workspace_);
  experiment.run.dir.clear();
  preferences().apply_to(experiment);
  form_.start_from(experiment);
  if (!given_.isEmpty()) form_.set_texts(given_);
  write_yaml();
}

void NewRunDialog::write_yaml() {
  if (tabs_->currentIndex() != 1) return;
  const QSignalBlocker quiet(yaml_);
  yaml_->setPlainText(form_.yaml());
}

void NewRunDialog::open_file() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Open configuration"), {}, tr("Configurations (*.yaml *.yml);;All files (*)"));
  if (file.isEmpty()) return;
  from_->insertItem(0, QFileInfo(file).fileName(), file);
  from_->setCurrentIndex(0);
  load_starting_point();
}

void NewRunDialog::show_levels() {
  for (const Group& group : std::as_const(groups_)) {
    bool any = false;
    for (SettingField* field : group.fields) {
      const config::Setting& setting = field->setting();
      // Where runs are made is the workspace's business, and a name is asked for of everybody.
      const bool shown = setting.key == "run.name" || setting.level == config::Level::basic ||
                         (advanced_->isChecked() && setting.key != "run.dir");
      field->setVisible(shown || !form_.error(to_qt(setting.key)).isEmpty());
      any |= !field->isHidden();
    }
    group.title->setVisible(any);
  }
}

void NewRunDialog::show_checked() {
  start_->setEnabled(form_.valid());
  cost_->set_experiment(form_.experiment(), form_.valid());
  int errors = 0;
  for (const Group& group : std::as_const(groups_)) {
    for (SettingField* field : group.fields) {
      const bool wrong = !form_.error(to_qt(field->setting().key)).isEmpty();
      errors += wrong;
      if (wrong && field->isHidden()) {  // an error in a hidden field would be a riddle
        field->show();
        group.title->show();
      }
    }
  }
  const QString general = form_.general_error();
  if (!general.isEmpty()) {
    problem_->show_error(tr("This is not a configuration yet"), general, {}, false);
  } else if (tabs_->currentIndex() == 1) {
    problem_->hide();
  }
  const int changes = form_.changes();
  summary_->setText(errors > 0    ? tr("%n setting(s) to be mended", nullptr, errors)
                    : changes > 0 ? tr("%n change(s) against the starting point", nullptr, changes)
                                  : tr("As the starting point"));
}

}  // namespace omniq::ui
