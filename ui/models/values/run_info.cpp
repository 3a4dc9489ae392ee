#include "ui/models/values/run_info.h"

#include <QCoreApplication>
#include <tuple>

#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

bool RunInfo::operator==(const RunInfo& o) const {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  const auto tie = [](const RunInfo& r) {
    return std::tie(r.path, r.id, r.name, r.damaged, r.problem, r.state, r.fusion, r.trainable,
                    r.epoch, r.epochs, r.step, r.steps, r.best_top1, r.held_out, r.peak_vram,
                    r.seconds_left, r.started, r.evaluated, r.tags, r.note, r.archived);
  };
  return tie(*this) == tie(o) && same(last_loss, o.last_loss);
}

QString state_key(const RunInfo& run) {
  return run.damaged ? u"damaged"_s : to_qt(run::state_name(run.state));
}

QString state_text(const QString& key) {
  const auto tr = [](const char* text) { return QCoreApplication::translate("RunState", text); };
  if (key == "queued"_L1) return tr("Queued");
  if (key == "running"_L1) return tr("Running");
  if (key == "paused"_L1) return tr("Paused");
  if (key == "finished"_L1) return tr("Finished");
  if (key == "failed"_L1) return tr("Failed");
  if (key == "interrupted"_L1) return tr("Interrupted");
  return tr("Damaged");
}

}  // namespace omniq::ui
