#include "ui/models/values/config_diff.h"

#include "core/config/settings.h"
#include "ui/base/text.h"

namespace omniq::ui {

QList<ConfigDifference> config_differences(const config::Experiment& here,
                                           const config::Experiment& there) {
  QList<ConfigDifference> all;
  for (const config::Setting& setting : config::settings()) {
    if (setting.key == "run.dir" || setting.key == "run.name" || setting.key == "train.save_dir")
      continue;
    const std::string a = setting.get(here), b = setting.get(there);
    if (a != b) all.append({to_qt(setting.key), to_qt(setting.help), to_qt(a), to_qt(b)});
  }
  return all;
}

}  // namespace omniq::ui
