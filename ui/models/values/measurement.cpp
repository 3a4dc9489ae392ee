#include "ui/models/values/measurement.h"

#include <algorithm>

#include "core/config/settings.h"
#include "ui/base/text.h"

namespace omniq::ui {

namespace {

bool makes_a_variant(const std::string& key) {
  static const std::vector<std::string> same = {"seed",
                                                "threads",
                                                "device",
                                                "num_classes",
                                                "data.root",
                                                "data.split",
                                                "data.trainlist",
                                                "data.testlist",
                                                "data.classind",
                                                "data.cache_gb",
                                                "train.save_dir",
                                                "train.log_every",
                                                "train.num_workers",
                                                "train.checkpoint_minutes"};
  if (key.starts_with("run.") || key.starts_with("eval.")) return false;
  return std::find(same.begin(), same.end(), key) == same.end();
}

}  // namespace

const QStringList& variant_keys() {
  static const QStringList keys = [] {
    QStringList all;
    for (const config::Setting& setting : config::settings()) {
      if (makes_a_variant(setting.key)) all.append(to_qt(setting.key));
    }
    return all;
  }();
  return keys;
}

}  // namespace omniq::ui
