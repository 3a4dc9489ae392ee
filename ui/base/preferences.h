// What the user prefers, kept between sessions. Whoever acts on a preference reads it here.
#pragma once

#include <QObject>
#include <QStringList>
#include <QVariant>

#include "core/config/experiment.h"
#include "ui/base/theme.h"

namespace omniq::ui {

class Preferences : public QObject {
  Q_OBJECT
 public:
  /// What becomes of a training in this window when the window closes.
  enum class Closing { ask, background, stop };

  ThemeMode theme() const;
  void set_theme(ThemeMode mode);
  /// "auto", "cpu" or "cuda", as the setting `device` of a run.
  QString device() const;
  void set_device(const QString& device);
  /// Of the processor; 0: all cores.
  int threads() const;
  void set_threads(int threads);
  /// The folder of runs that is opened when none is named.
  QString workspace() const;
  void set_workspace(const QString& folder);
  /// Of training curves, 0 to 99.
  int smoothing() const;
  void set_smoothing(int percent);
  /// Whether the desktop is told when a run ends.
  bool notify() const;
  void set_notify(bool on);
  Closing closing() const;
  void set_closing(Closing closing);

  /// Settings of a run that these preferences replace where its model is used here: "device=cpu".
  QStringList engine_settings() const;
  /// The same for a new run, where it leaves the choice open.
  void apply_to(config::Experiment& experiment) const;

  /// Everything is the default again; what it was before, for restore().
  QVariantMap reset();
  void restore(const QVariantMap& before);

 Q_SIGNALS:
  void changed();

 private:
  QVariant value(const char* key) const;
  void set(const char* key, const QVariant& value);
};

/// Those of this program.
Preferences& preferences();

}  // namespace omniq::ui
