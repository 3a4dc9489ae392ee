#include "ui/models/values/measurement.h"

#include "core/config/settings.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

bool makes_a_variant(const QString& key) {
  static const QStringList same =
      u"seed threads device num_classes data.root data.split data.trainlist data.testlist "
      "data.classind data.cache_gb train.save_dir train.log_every train.num_workers "
      "train.checkpoint_minutes"_s.split(u' ');
  return !key.startsWith(u"run."_s) && !key.startsWith(u"eval."_s) && !same.contains(key);
}

}  // namespace

const QStringList& variant_keys() {
  static const QStringList keys = [] {
    QStringList all;
    for (const config::Setting& setting : config::settings()) {
      const QString key = to_qt(setting.key);
      if (makes_a_variant(key)) all.append(key);
    }
    return all;
  }();
  return keys;
}

}  // namespace omniq::ui
