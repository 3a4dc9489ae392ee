// One colour a run, the same in the table, every chart and every export of a session.
#pragma once

#include <QColor>
#include <QHash>
#include <QSet>
#include <QStringList>

namespace omniq::ui {

class RunColors {
 public:
  /// The run's colour. It is chosen when it is first asked for: the one that fewest others have,
  /// beginning with one that depends on the run alone.
  QColor color(const QString& run);

  /// The runs that are in the charts now.
  void set_shown(const QStringList& runs);
  /// Invalid for a run that is not in the charts.
  QColor shown(const QString& run) const;

 private:
  int choose(const QString& run);

  QHash<QString, int> chosen_;
  QSet<QString> shown_;
};

}  // namespace omniq::ui
