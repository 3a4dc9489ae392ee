// What a model believed at points of time, as bars of one moment and as curves over time.
#pragma once

#include <QColor>
#include <QList>
#include <QStringList>

#include "ui/widgets/chart/chart_scene.h"

namespace omniq::ui {

class BeliefTrack {
 public:
  struct Entry {
    int label = 0;  // number of the class
    double probability = 0;
  };

  /// `kept`: seconds before the newest moment that are remembered; 0: all.
  void start(const QStringList& classes, double kept = 0);
  void add(double seconds, const QList<double>& probabilities);
  bool isEmpty() const { return moments_.isEmpty(); }
  const QStringList& classes() const { return classes_; }

  /// The best classes at the last moment before `seconds`, best first; empty before the first one.
  QList<Entry> best_at(double seconds, int count = 5) const;
  /// Curves of the classes that came out best somewhere.
  ChartScene scene() const;
  static QColor color(int label);

 private:
  struct Moment {
    double seconds;
    QList<double> probabilities;
  };
  QStringList classes_;
  QList<Moment> moments_;
  double kept_ = 0;
};

}  // namespace omniq::ui
