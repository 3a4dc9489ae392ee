// From variants to the figures that compare them.
#pragma once

#include <QList>
#include <memory>

#include "ui/models/values/comparison.h"
#include "ui/widgets/figure/figure.h"

namespace omniq::ui {

enum class FigureKind { frontier, overview, accuracy, latency };
constexpr FigureKind kFigures[] = {FigureKind::frontier, FigureKind::overview, FigureKind::accuracy,
                                   FigureKind::latency};

QString figure_title(FigureKind kind);

struct FigureVariant {
  Variant variant;
  bool faded = false;  // over a budget: faint, and not on the frontier
};

/// `cost` and `gain` are the axes of the frontier, also of the overview's.
std::shared_ptr<const Figure> make_figure(FigureKind kind, const QList<FigureVariant>& variants,
                                          Metric cost, Metric gain);

/// One colour and marker for each fusion.
MarkStyle fusion_style(const QString& fusion);

}  // namespace omniq::ui
