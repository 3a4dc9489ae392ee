// What the window knows of one run without opening it: a row of the table.
#pragma once

#include <QList>
#include <QMetaType>
#include <QString>
#include <QStringList>
#include <cmath>

#include "core/run/run_folder.h"

namespace omniq::ui {

struct RunInfo {
  QString path;  // absolute; what identifies a run everywhere in the window
  QString id;    // name of the folder
  QString name;  // as shown: the user's, else the run's, else the id

  bool damaged = false;  // something that every run has cannot be read …
  QString problem;       // … and this says what, or why the run failed
  run::RunState state = run::RunState::queued;

  QString fusion;
  QString trainable;
  qint64 epoch = 0, epochs = 0, step = 0, steps = 0;
  double best_top1 = -1;  // percent
  bool held_out = true;   // what is monitored is held out of the training list; else the test list
  double last_loss = std::nan("");
  double peak_vram = 0;      // bytes; 0: not known
  double seconds_left = -1;  // estimate; negative: not known
  double started = 0;        // seconds since 1970
  double evaluated = 0;      // when its evaluation was written, seconds since 1970; 0: not

  QStringList tags;
  QString note;
  bool archived = false;

  bool operator==(const RunInfo&) const;

  bool active() const { return !damaged && state == run::RunState::running; }
  bool resumable() const {
    return !damaged && (state == run::RunState::paused || state == run::RunState::interrupted ||
                        state == run::RunState::failed || state == run::RunState::queued);
  }
};

/// "running", …, "damaged": stable, for filters and tests.
QString state_key(const RunInfo& run);
/// The same for people.
QString state_text(const QString& key);

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::ui::RunInfo)
