#include "ui/pages/settings/settings_page.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QThread>
#include <QUndoCommand>
#include <QUndoStack>
#include <QtConcurrent>

#include "core/base/version.h"
#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/pages/settings/licence_dialog.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr int kEditorWidth = 260, kBesideWidth = 34, kLabelWidth = 190;

class ResetCommand : public QUndoCommand {
 public:
  ResetCommand() : QUndoCommand(SettingsPage::tr("reset of the settings")) {}
  void redo() override { before_ = preferences().reset(); }
  void undo() override { preferences().restore(before_); }

 private:
  QVariantMap before_;
};

QFrame* make_card(const QString& title, QVBoxLayout*& rows) {
  rows = in_column({heading_label(title)}, 10);
  return in_card(rows, {18, 14, 18, 16});
}

// A row: what it is, its editor (and what belongs to that), and behind it what it does.
QLabel* add_row(QVBoxLayout* rows, const QString& name, QWidget* editor, const QString& help,
                QWidget* beside = nullptr) {
  editor->setAccessibleName(name);
  editor->setFixedWidth(beside ? kEditorWidth - kBesideWidth - 6 : kEditorWidth);
  auto* label = new QLabel(name);
  label->setFixedWidth(kLabelWidth);
  label->setBuddy(editor);
  QLabel* text = muted_label(help);
  text->setWordWrap(true);
  QHBoxLayout* row = in_row({label, gap(8), editor}, 6);
  if (beside) {
    beside->setFixedWidth(kBesideWidth);
    row->addWidget(beside);
  }
  row->addSpacing(8);
  row->addWidget(text, 1);
  rows->addLayout(row);
  return text;
}

}  // namespace

SettingsPage::SettingsPage(QUndoStack& undo, QWidget* parent) : QWidget(parent), undo_(undo) {
  QVBoxLayout* groups = in_column(
      {make_window_group(), make_engine_group(), make_training_group(), make_about_group(), rest()},
      12);
  QScrollArea* scroll = in_scroll_area(in_widget(groups, {16, 12, 16, 12}));
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  lay_out(this, in_column({scroll}));
  connect(&preferences(), &Preferences::changed, this, &SettingsPage::read);
  read();
}

QWidget* SettingsPage::make_window_group() {
  QVBoxLayout* rows = nullptr;
  QFrame* card = make_card(tr("Window"), rows);
  theme_ = new QComboBox;
  theme_->addItems({tr("As the system"), tr("Light"), tr("Dark")});
  add_row(rows, tr("Theme"), theme_, {});
  smoothing_ = new QSlider(Qt::Horizontal);
  smoothing_->setRange(0, 99);
  smoothing_help_ = add_row(rows, tr("Smoothing of curves"), smoothing_, {});
  workspace_ = new QLineEdit;
  auto* choose = new QPushButton(u"…"_s);
  choose->setAccessibleName(tr("Choose the workspace"));
  add_row(rows, tr("Workspace"), workspace_,
          tr("The folder of runs that is opened when the program is started without one."), choose);
  connect(theme_, &QComboBox::activated, this,
          [](int mode) { preferences().set_theme(static_cast<ThemeMode>(mode)); });
  connect(smoothing_, &QSlider::valueChanged, this,
          [](int percent) { preferences().set_smoothing(percent); });
  connect(workspace_, &QLineEdit::editingFinished, this,
          [this] { preferences().set_workspace(workspace_->text().trimmed()); });
  connect(choose, &QPushButton::clicked, this, &SettingsPage::choose_workspace);
  return card;
}

QWidget* SettingsPage::make_engine_group() {
  QVBoxLayout* rows = nullptr;
  QFrame* card = make_card(tr("Engine"), rows);
  device_ = new QComboBox;
  device_->addItem(tr("Automatic"), u"auto"_s);
  device_->addItem(tr("Processor"), u"cpu"_s);
  device_->addItem(tr("NVIDIA GPU"), u"cuda"_s);
  add_row(rows, tr("Device"), device_,
          tr("For new runs that leave it open, and for models on the Demo page. Automatic takes "
             "the GPU where there is one."));
  threads_ = new QSpinBox;
  threads_->setRange(0, std::max(1, QThread::idealThreadCount()));
  threads_->setSpecialValueText(tr("all cores"));
  add_row(rows, tr("Threads"), threads_,
          tr("Of the processor, for the same. The count decides the last digits of a run."));
  connect(device_, &QComboBox::activated, this,
          [this] { preferences().set_device(device_->currentData().toString()); });
  connect(threads_, &QSpinBox::valueChanged, this,
          [](int threads) { preferences().set_threads(threads); });
  return card;
}

QWidget* SettingsPage::make_training_group() {
  QVBoxLayout* rows = nullptr;
  QFrame* card = make_card(tr("Training"), rows);
  notify_ = new QCheckBox(tr("Tell me when a run ends"));
  add_row(rows, tr("Notifications"), notify_, tr("A message of the desktop."));
  closing_ = new QComboBox;
  closing_->addItems({tr("Ask"), tr("Go on in the background"), tr("Stop and save")});
  add_row(rows, tr("When the window closes"), closing_,
          tr("What becomes of a run that is being trained in it."));
  connect(notify_, &QCheckBox::toggled, this, [](bool on) { preferences().set_notify(on); });
  connect(closing_, &QComboBox::activated, this,
          [](int choice) { preferences().set_closing(static_cast<Preferences::Closing>(choice)); });
  return card;
}

QWidget* SettingsPage::make_about_group() {
  QVBoxLayout* rows = nullptr;
  QFrame* card = make_card(tr("About OmniQ Studio"), rows);
  facts_ = new QLabel(tr("Asking the engine …"));
  facts_->setTextFormat(Qt::RichText);
  facts_->setWordWrap(true);
  facts_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  facts_->setAccessibleName(tr("Versions and devices"));
  rows->addWidget(facts_);
  auto* copy = new QPushButton(tr("Copy"));
  copy->setToolTip(tr("Versions and devices, for a report"));
  auto* licences = new QPushButton(tr("Licences…"));
  auto* defaults = new QPushButton(tr("Reset all settings"));
  defaults->setToolTip(tr("Edit > Undo takes it back"));
  rows->addSpacing(4);
  rows->addLayout(in_row({copy, licences, rest(), defaults}));
  connect(copy, &QPushButton::clicked, this,
          [this] { QApplication::clipboard()->setText(facts()); });
  connect(licences, &QPushButton::clicked, this, &SettingsPage::show_licences);
  connect(defaults, &QPushButton::clicked, this, &SettingsPage::reset);
  return card;
}

void SettingsPage::read() {
  const Preferences& p = preferences();
  const QSignalBlocker quiet[] = {QSignalBlocker(theme_), QSignalBlocker(smoothing_),
                                  QSignalBlocker(threads_), QSignalBlocker(notify_)};
  theme_->setCurrentIndex(static_cast<int>(p.theme()));
  smoothing_->setValue(p.smoothing());
  smoothing_help_->setText(
      tr("%1 %, exponential, of training curves; the raw curve stays faint.").arg(p.smoothing()));
  if (!workspace_->hasFocus()) workspace_->setText(p.workspace());
  device_->setCurrentIndex(device_->findData(p.device()));
  threads_->setValue(p.threads());
  notify_->setChecked(p.notify());
  closing_->setCurrentIndex(static_cast<int>(p.closing()));
}

void SettingsPage::reset() {
  workspace_->clearFocus();
  undo_.push(new ResetCommand);
}

void SettingsPage::choose_workspace() {
  const QString folder =
      QFileDialog::getExistingDirectory(this, tr("Folder of runs"), workspace_->text());
  if (!folder.isEmpty()) preferences().set_workspace(folder);
}

void SettingsPage::showEvent(QShowEvent*) {
  read();
  if (!std::exchange(asked_, true)) ask_engine();
}

void SettingsPage::ask_engine() {
  const auto describe = [] { return engine().transform(&Engine::describe_machine); };
  QtConcurrent::run(describe).then(
      this, [this](const Result<MachineFacts>& facts) { show_facts(facts); });
}

void SettingsPage::show_facts(const Result<MachineFacts>& engine) {
  QList<std::pair<QString, QString>> rows = {
      {tr("OmniQ Studio"), u"%1 (%2)"_s.arg(to_qt(kVersion), to_qt(kCommit))},
      {u"Qt"_s, QString::fromLatin1(qVersion())}};
  if (engine) {
    const MachineFacts& facts = *engine;
    rows += {{u"libtorch"_s, to_qt(facts.torch)},
             {u"CUDA"_s, facts.driver.empty()
                             ? to_qt(facts.cuda)
                             : tr("%1, driver %2").arg(to_qt(facts.cuda), to_qt(facts.driver))},
             {tr("Video"), to_qt(facts.video)},
             {tr("Processor"), to_qt(facts.processor)}};
    for (const std::string& gpu : facts.gpus) rows.append({tr("GPU"), to_qt(gpu)});
    if (facts.gpus.empty()) rows.append({tr("GPU"), tr("none that libtorch can use")});
  } else {
    rows.append({tr("Engine"), to_qt(engine.error().text())});
  }
  QString text = u"<table cellspacing=\"0\">"_s;
  for (const auto& [name, value] : std::as_const(rows)) {
    text +=
        u"<tr><td style=\"padding: 2px 24px 2px 0\">%1</td><td style=\"padding: 2px 0\">%2</td></tr>"_s
            .arg(name.toHtmlEscaped(), value.toHtmlEscaped());
  }
  facts_->setText(text + u"</table>"_s);
  QStringList lines;
  for (const auto& [name, value] : std::as_const(rows)) lines.append(name + u": "_s + value);
  facts_->setProperty("plain", lines.join(u'\n'));
}

QString SettingsPage::facts() const { return facts_->property("plain").toString(); }

void SettingsPage::show_licences() {
  auto* dialog = new LicenceDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->open();
}

}  // namespace omniq::ui
