#include "ui/models/session/experiment_form.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>

#include "core/config/load.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString sentence(const std::string& message, const std::string& hint) {
  QString text = to_qt(message);
  if (!hint.empty()) text += u' ' + to_qt(hint);
  return text.isEmpty() ? text : text.front().toUpper() + text.mid(1);
}

// A path that must be there before training can begin.
bool must_exist(const std::string& key) { return key != "run.dir" && key != "train.save_dir"; }

bool path_exists(const config::Experiment& e, const QString& path) {
  return QFileInfo::exists(path) ||
         (!e.data.root.empty() && QFileInfo::exists(QDir(to_qt(e.data.root)).filePath(path)));
}

}  // namespace

ExperimentForm::ExperimentForm(QObject* parent) : QObject(parent) { start_from({}); }

void ExperimentForm::start_from(const config::Experiment& experiment) {
  experiment_ = experiment;
  texts_.clear();
  for (const config::Setting& setting : config::settings())
    texts_[to_qt(setting.key)] = to_qt(setting.get(experiment));
  start_ = texts_;
  check();
  Q_EMIT values_changed();
}

QString ExperimentForm::text(const QString& key) const { return texts_.value(key); }

void ExperimentForm::set_text(const QString& key, const QString& text) {
  if (texts_.value(key) == text) return;
  texts_[key] = text;
  check();
}

void ExperimentForm::set_texts(const QHash<QString, QString>& texts) {
  texts_.insert(texts);
  check();
  Q_EMIT values_changed();
}

int ExperimentForm::changes() const {
  int count = 0;
  for (auto it = texts_.begin(); it != texts_.end(); ++it) count += changed(it.key());
  return count;
}

void ExperimentForm::check() {
  errors_.clear();
  for (const config::Setting& setting : config::settings()) {
    const QString key = to_qt(setting.key), text = texts_.value(key);
    if (const Status set = setting.set(experiment_, to_std(text)); !set) {
      errors_[key] = text.isEmpty() ? sentence("A value is needed.", set.error().hint)
                                    : sentence(set.error().message, set.error().hint);
    }
  }
  for (const config::Setting& setting : config::settings()) {
    const QString key = to_qt(setting.key),
                  text = to_qt(setting.get(experiment_));  // ~ spelled out
    if (setting.kind == config::Kind::path && !text.isEmpty() && must_exist(setting.key) &&
        !errors_.contains(key) && !path_exists(experiment_, text))
      errors_[key] = tr("There is no file or folder %1.").arg(text);
  }
  if (errors_.isEmpty()) {
    for (const config::Finding& finding : config::cross_check(experiment_))
      errors_[to_qt(finding.key)] = sentence(finding.message, finding.hint);
  }
  Q_EMIT checked();
}

QString ExperimentForm::yaml() const { return to_qt(config::to_yaml(experiment_)); }

void ExperimentForm::set_yaml(const QString& yaml) {
  const config::Parsed parsed = config::parse(to_std(yaml), to_std(tr("This text")), {});
  experiment_ = parsed.experiment;
  for (const config::Setting& setting : config::settings())
    texts_[to_qt(setting.key)] = to_qt(setting.get(experiment_));
  check();
  // What the parser says of a line that is not a value of a setting has no field.
  for (const config::Finding& finding : parsed.findings) {
    const QString key = to_qt(finding.key);
    errors_[config::find_setting(finding.key) ? key : QString()] =
        sentence(finding.message, finding.hint);
  }
  Q_EMIT values_changed();
  Q_EMIT checked();
}

QList<StartingPoint> shipped_configurations() {
  const QString program = QCoreApplication::applicationDirPath();
  for (const QString& folder : {program + u"/../share/omniq-studio/configs"_s, u"configs"_s,
                                program + u"/../../../configs"_s}) {
    QList<StartingPoint> all;
    for (const QFileInfo& file : QDir(folder).entryInfoList({u"*.yaml"_s}, QDir::Files, QDir::Name))
      all.append({file.completeBaseName(), file.canonicalFilePath()});
    if (!all.isEmpty()) return all;
  }
  return {};
}

QString setting_label(const config::Setting& setting) {
  static const QHash<QString, QString> known = {
      {u"fusion.name"_s, u"Fusion"_s},
      {u"vision_backbone"_s, u"Encoder"_s},
      {u"backbone.weights"_s, QCoreApplication::translate("Settings", "Encoder weights")},
      {u"data.root"_s, QCoreApplication::translate("Settings", "Dataset folder")},
      {u"data.trainlist"_s, QCoreApplication::translate("Settings", "Training list")},
      {u"data.testlist"_s, QCoreApplication::translate("Settings", "Test list")},
      {u"data.classind"_s, QCoreApplication::translate("Settings", "Class list")},
      {u"data.val"_s, QCoreApplication::translate("Settings", "Held out")},
      {u"data.hflip"_s, QCoreApplication::translate("Settings", "Mirror clips")},
      {u"train.trainable"_s, QCoreApplication::translate("Settings", "What trains")},
      {u"optim.lr_head"_s, QCoreApplication::translate("Settings", "Learning rate")},
      {u"optim.lr_backbone"_s, QCoreApplication::translate("Settings", "Encoder's learning rate")},
      {u"train.amp"_s, QCoreApplication::translate("Settings", "Mixed precision")},
      {u"lora.r"_s, QCoreApplication::translate("Settings", "Rank")},
      {u"run.dir"_s, QCoreApplication::translate("Settings", "Run folder")},
      {u"run.name"_s, u"Name"_s}};
  const QString key = to_qt(setting.key);
  if (const auto found = known.find(key); found != known.end()) return *found;
  QString label = key.section(u'.', -1).replace(u'_', u' ');
  return label.front().toUpper() + label.mid(1);
}

}  // namespace omniq::ui
