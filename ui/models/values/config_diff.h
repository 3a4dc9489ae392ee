// Where the configuration of a run differs from another's.
#pragma once

#include <QList>
#include <QString>

#include "core/config/experiment.h"

namespace omniq::ui {

struct ConfigDifference {
  QString key, help, here, there;
};
/// Settings with different values, in the order of their description. Where a run is kept and what
/// it is called are no differences.
QList<ConfigDifference> config_differences(const config::Experiment& here,
                                           const config::Experiment& there);

}  // namespace omniq::ui
