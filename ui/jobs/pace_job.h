// Finds out what is known of a step before it is measured: the device, and an earlier run of the
// same shape.
#pragma once

#include <QMetaType>
#include <optional>

#include "ui/engine/machine.h"
#include "ui/jobs/job.h"
#include "ui/models/readers/run_pace.h"

namespace omniq::ui {

class PaceJob : public Job {
  Q_OBJECT
 public:
  void look(const QString& workspace, const config::Experiment& experiment, int ticket);

 Q_SIGNALS:
  /// `machine` is nothing where there is no device of the kind that the experiment asks for.
  void found(int ticket, const std::optional<omniq::ui::Machine>& machine,
             const std::optional<omniq::ui::Pace>& pace);

 private:
  PaceFinder finder_;
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(std::optional<omniq::ui::Machine>)
Q_DECLARE_METATYPE(std::optional<omniq::ui::Pace>)
