// A whole curve, smoothed at once.
#pragma once

#include "ui/widgets/chart/curve_data.h"

namespace omniq::ui::test {

inline Column smoothed(const std::vector<double>& y, double weight) {
  auto out = std::make_shared<std::vector<double>>();
  Smoother(weight).extend(y, *out);
  return out;
}

}  // namespace omniq::ui::test
