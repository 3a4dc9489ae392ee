#include "ui/pages/runs/config_tab.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QPlainTextEdit>
#include <QTableView>

#include "core/base/files.h"
#include "core/run/run_folder.h"
#include "ui/base/text.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/table_export.h"
#include "ui/widgets/table_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

ConfigTab::ConfigTab(const WorkspaceModel& workspace, QWidget* parent)
    : QWidget(parent), workspace_(workspace) {
  other_ = new QComboBox;
  other_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  other_->setMinimumContentsLength(36);
  other_->setAccessibleName(tr("Compare with"));
  note_ = muted_label();
  text_ = fixed_text(tr("Configuration"));
  text_->setReadOnly(true);
  table_ = row_table(differences_, tr("Differences"));
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  auto* error = new MessageCard;
  make_exportable(*table_, *error, u"differences"_s);
  QHBoxLayout* row = in_row({new QLabel(tr("Compare with")), other_, {note_, 1}});
  lay_out(this, in_column({row, error, {text_, 1}, {table_, 1}}), {0, 8, 4, 0});
  connect(other_, &QComboBox::currentIndexChanged, this, &ConfigTab::show_chosen);
}

void ConfigTab::set_run(const RunInfo& run, const QString& compare_with) {
  const QString wanted = run.path + u'\n' + compare_with;
  run_ = run;
  if (wanted == filled_for_) return;  // the same choice: a running run only moved on
  filled_for_ = wanted;
  fill_choices();
  const int index = compare_with.isEmpty() ? 0 : other_->findData(compare_with);
  other_->setCurrentIndex(std::max(index, 0));
  show_chosen();
}

void ConfigTab::fill_choices() {
  const QSignalBlocker quiet(other_);
  other_->clear();
  other_->addItem(tr("nothing: show the whole configuration"));
  for (const RunInfo& run : workspace_.runs()) {
    if (run.path != run_.path && !run.damaged) other_->addItem(run.name, run.path);
  }
}

void ConfigTab::show_chosen() {
  const QString path = other_->currentData().toString();
  text_->setVisible(path.isEmpty());
  table_->setVisible(!path.isEmpty());
  note_->clear();
  if (path.isEmpty()) {
    const auto text = read_file(to_path(run_.path) / "config.yaml");
    text_->setPlainText(to_qt(text ? *text : text.error().text()));
    return;
  }
  const auto experiment = [](const QString& folder) -> Result<config::Experiment> {
    OMNIQ_ASSIGN(const run::RunFolder opened, run::RunFolder::open(to_path(folder)));
    return opened.experiment();
  };
  const auto here = experiment(run_.path), there = experiment(path);
  if (!here || !there) {
    differences_.set({}, run_.name, other_->currentText());
    note_->setText(to_qt((here ? there : here).error().message));
    return;
  }
  const auto differences = config_differences(*here, *there);
  differences_.set(differences, run_.name, other_->currentText());
  note_->setText(differences.isEmpty()
                     ? tr("Both have the same settings.")
                     : tr("%n setting(s) differ", nullptr, static_cast<int>(differences.size())));
}

}  // namespace omniq::ui
