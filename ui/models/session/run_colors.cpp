#include "ui/models/session/run_colors.h"

#include <QList>

#include "ui/base/theme.h"

namespace omniq::ui {

int RunColors::choose(const QString& run) {
  const auto found = chosen_.find(run);
  if (found != chosen_.end()) return *found;
  const auto colors = static_cast<int>(Theme::current().series.size());
  QList<int> used(colors, 0);
  for (const int index : std::as_const(chosen_)) ++used[index];
  const QString name = run.section(u'/', -1);
  const auto start = static_cast<int>(qHash(name, 0) % static_cast<size_t>(colors));
  int best = start;
  for (int i = 1; i < colors; ++i) {
    const int candidate = (start + i) % colors;
    if (used[candidate] < used[best]) best = candidate;
  }
  return *chosen_.insert(run, best);
}

QColor RunColors::color(const QString& run) { return Theme::current().series[choose(run)]; }

void RunColors::set_shown(const QStringList& runs) {
  shown_ = {runs.begin(), runs.end()};
  for (const QString& run : runs) choose(run);
}

QColor RunColors::shown(const QString& run) const {
  return shown_.contains(run) ? Theme::current().series[chosen_[run]] : QColor();
}

}  // namespace omniq::ui
