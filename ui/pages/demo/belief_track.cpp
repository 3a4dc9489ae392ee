#include "ui/pages/demo/belief_track.h"

#include <QCoreApplication>
#include <algorithm>
#include <numeric>

#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

// The classes with the largest values, best first.
QList<int> best(const QList<double>& values, int count) {
  QList<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min<qsizetype>(count, order.size());
  std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                    [&](int a, int b) { return values[a] > values[b]; });
  order.resize(kept);
  return order;
}

}  // namespace

void BeliefTrack::start(const QStringList& classes, double kept) {
  classes_ = classes;
  moments_.clear();
  kept_ = kept;
}

void BeliefTrack::add(double seconds, const QList<double>& probabilities) {
  moments_.append({seconds, probabilities});
  if (kept_ > 0) {
    while (moments_.front().seconds < seconds - kept_) moments_.removeFirst();
  }
}

QColor BeliefTrack::color(int label) {
  const auto& colors = Theme::current().series;
  return colors[label % colors.size()];
}

QList<BeliefTrack::Entry> BeliefTrack::best_at(double seconds, int count) const {
  const auto after =
      std::upper_bound(moments_.begin(), moments_.end(), seconds,
                       [](double wanted, const Moment& moment) { return wanted < moment.seconds; });
  if (after == moments_.begin()) return {};
  const QList<double>& now = std::prev(after)->probabilities;
  QList<Entry> entries;
  for (const int label : best(now, count)) entries.append({label, now[label]});
  return entries;
}

ChartScene BeliefTrack::scene() const {
  ChartScene scene;
  scene.title = QCoreApplication::translate("BeliefTrack", "Probability over time, %");
  scene.x_kind = AxisKind::duration;
  scene.unit = u" %"_s;
  scene.least = 0;
  scene.most = 100;
  scene.empty_text =
      QCoreApplication::translate("BeliefTrack", "What the model believes while the video goes on");
  if (moments_.isEmpty()) return scene;
  QList<double> most(classes_.size(), 0);
  const auto x = std::make_shared<std::vector<double>>();
  for (const Moment& moment : moments_) {
    for (qsizetype c = 0; c < most.size(); ++c)
      most[c] = std::max(most[c], moment.probabilities[c]);
    x->push_back(moment.seconds);
  }
  for (const int label : best(most, 5)) {
    auto y = std::make_shared<std::vector<double>>();
    for (const Moment& moment : moments_) y->push_back(100 * moment.probabilities[label]);
    scene.curves.append(
        {classes_[label], color(label), Qt::SolidLine, std::make_shared<CurveData>(x, y), nullptr});
  }
  return scene;
}

}  // namespace omniq::ui
