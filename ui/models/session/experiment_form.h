// A configuration that is being written: as fields and as YAML, with what is wrong where.
#pragma once

#include <QHash>
#include <QObject>
#include <QString>
#include <QStringList>

#include "core/config/settings.h"

namespace omniq::ui {

class ExperimentForm : public QObject {
  Q_OBJECT
 public:
  explicit ExperimentForm(QObject* parent = nullptr);

  /// Takes over a starting point: changes are marked against it from now on.
  void start_from(const config::Experiment& experiment);

  QString text(const QString& key) const;
  void set_text(const QString& key, const QString& text);
  void set_texts(const QHash<QString, QString>& texts);
  /// Back to the starting point.
  void reset(const QString& key) { set_text(key, start_.value(key)); }
  bool changed(const QString& key) const { return text(key) != start_.value(key); }
  int changes() const;

  /// Why the value cannot stay, in a sentence; empty: it can.
  QString error(const QString& key) const { return errors_.value(key); }
  /// Errors that belong to no field: of the YAML text.
  QString general_error() const { return errors_.value({}); }
  bool valid() const { return errors_.isEmpty(); }

  QString yaml() const;
  /// Replaces all values by those of a YAML text; settings that it does not name get their
  /// defaults.
  void set_yaml(const QString& yaml);

  const config::Experiment& experiment() const { return experiment_; }

 Q_SIGNALS:
  /// A value became another one by something else than set_text of its field.
  void values_changed();
  /// Errors and marks of changes are new.
  void checked();

 private:
  void check();

  config::Experiment experiment_;  // of the values that are valid
  QHash<QString, QString> texts_, start_, errors_;
};

struct StartingPoint {
  QString name, file;
};
/// The configurations that come with the program.
QList<StartingPoint> shipped_configurations();

/// "train.batch_size" → "Batch size".
QString setting_label(const config::Setting& setting);

}  // namespace omniq::ui
