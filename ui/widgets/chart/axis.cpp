#include "ui/widgets/chart/axis.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

double round_step(double rough) {
  const double magnitude = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * magnitude >= rough * 0.999) return factor * magnitude;
  }
  return 10 * magnitude;
}

double round_duration(double rough) {
  for (const double step : {1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
                            1800.0, 3600.0, 7200.0, 10800.0, 21600.0, 43200.0, 86400.0}) {
    if (step >= rough) return step;
  }
  return 86400 * round_step(rough / 86400);
}

QString duration_label(double seconds, double step) {
  const auto whole = static_cast<qint64>(std::llround(seconds));
  if (step < 1) return QCoreApplication::translate("Axis", "%1 s").arg(seconds, 0, 'g', 3);
  const auto two = [](qint64 n) { return QString::number(n).rightJustified(2, u'0'); };
  if (step < 60)
    return whole < 60 ? QCoreApplication::translate("Axis", "%1 s").arg(whole)
                      : QString::number(whole / 60) + u":"_s + two(whole % 60);
  if (whole < 3600 && step < 3600)
    return QCoreApplication::translate("Axis", "%1 min").arg(whole / 60);
  return QString::number(whole / 3600) + u":"_s + two(whole / 60 % 60) + u" h"_s;
}

QString number_label(double value, double step) {
  if (std::abs(value) < step * 1e-9) return u"0"_s;
  const double size = std::abs(value);
  if (size >= 1e6 || size < 1e-4) {
    QString text = QString::number(value, 'g', 3);
    return text.replace(u"e-0"_s, u"e-"_s).replace(u"e+0"_s, u"e"_s).replace(u"e+"_s, u"e"_s);
  }
  int decimals = static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  // Steps of 2.5 need a digit more than their size says.
  if (std::abs(step * std::pow(10, decimals) - 2.5) < 1e-6) ++decimals;
  return QString::number(value, 'f', std::clamp(decimals, 0, 9));
}

}  // namespace

QList<Tick> ticks(Range range, AxisKind kind, int wanted) {
  QList<Tick> all;
  wanted = std::max(wanted, 2);
  if (kind == AxisKind::none || !(range.span() > 0) || !std::isfinite(range.span())) return all;
  if (kind == AxisKind::logarithm) {
    if (!(range.low > 0)) return all;
    const double decades = std::log10(range.high / range.low);
    if (decades >= 1) {
      const int every = std::max(1, static_cast<int>(std::ceil(decades / wanted)));
      for (int e = static_cast<int>(std::floor(std::log10(range.low)));
           std::pow(10, e) <= range.high; ++e) {
        for (int factor = 1; factor < 10; ++factor) {
          const double value = factor * std::pow(10, e);
          if (value < range.low || value > range.high) continue;
          const bool named =
              factor == 1 ? e % every == 0 : decades < 2 && (factor == 2 || factor == 5);
          all.append({value, named ? number_label(value, value) : QString()});
        }
      }
      return all;
    }
  }
  const double rough = range.span() / wanted;
  const double step =
      kind == AxisKind::duration && rough > 0.5 ? round_duration(rough) : round_step(rough);
  for (double i = std::ceil(range.low / step - 1e-9); i * step <= range.high + step * 1e-9; ++i) {
    const double value = i * step;
    all.append({value, kind == AxisKind::duration ? duration_label(value, step)
                                                  : number_label(value, step)});
  }
  return all;
}

QString axis_value(double value, Range range, AxisKind kind) {
  if (std::isnan(value)) return u"\u2013"_s;
  if (kind == AxisKind::duration) return duration_label(value, range.span() / 200);
  if (kind == AxisKind::logarithm) return QString::number(value, 'g', 4);
  if (value == std::floor(value) && std::abs(value) < 1e9) return QString::number(value, 'f', 0);
  return number_label(value, round_step(range.span() / 500));
}

Range padded(Range range, AxisKind kind) {
  if (kind == AxisKind::logarithm) {
    if (!(range.low > 0)) range.low = range.high > 0 ? range.high / 10 : 0.1;
    if (!(range.high > range.low)) return {range.low / 2, range.low * 2};
    const double grow = std::pow(range.high / range.low, 0.06);
    return {range.low / grow, range.high * grow};
  }
  if (!(range.span() > std::abs(range.low) * 1e-12)) {
    const double around = range.low == 0 ? 1 : std::abs(range.low) * 0.1;
    return {range.low - around, range.high + around};
  }
  return {range.low - 0.06 * range.span(), range.high + 0.06 * range.span()};
}

}  // namespace omniq::ui
