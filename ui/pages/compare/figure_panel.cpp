#include "ui/pages/compare/figure_panel.h"

#include <QComboBox>
#include <QEvent>
#include <QFontMetricsF>
#include <QGuiApplication>
#include <QLabel>
#include <QPainter>
#include <QSettings>

#include "ui/pages/compare/budget_sliders.h"
#include "ui/widgets/chart/axes.h"
#include "ui/widgets/figure/figure_view.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/picture_export.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr auto kKindKey = "compare/figure", kXKey = "compare/x", kYKey = "compare/y";
constexpr QSizeF kPage(720, 440), kOverviewPage(1080, 600);  // of exported figures

Metric chosen(const QComboBox* box) { return static_cast<Metric>(box->currentData().toInt()); }

void choose_data(QComboBox* box, const QVariant& data) {
  box->setCurrentIndex(std::max(0, box->findData(data)));
}

}  // namespace

FigurePanel::FigurePanel(ComparisonModel& model, QWidget* parent) : QWidget(parent), model_(model) {
  view_ = new FigureView;
  view_->tool_tip = [this](int mark) { return tool_tip(mark); };
  QFrame* card = in_card(in_column({view_}), {4, 4, 4, 4});
  lay_out(this, in_row({{card, 1}, make_side()}, 14));
  connect(&model_, &QAbstractItemModel::modelReset, this,
          [this] { budgets_->set_variants(model_.variants()); });
  connect(&model_, &ComparisonModel::figures_changed, this, &FigurePanel::rebuild);
  connect(budgets_, &BudgetSliders::changed, this,
          [this] { model_.set_budgets(budgets_->budgets()); });
  connect(view_, &FigureView::mark_chosen, this,
          [this](int mark) { Q_EMIT variant_chosen(variants_[mark].variant); });
  rebuild();
}

QWidget* FigurePanel::make_side() {
  const QSettings settings;
  kind_ = new QComboBox;
  kind_->setAccessibleName(tr("Figure"));
  for (const FigureKind kind : kFigures) kind_->addItem(figure_title(kind), static_cast<int>(kind));
  choose_data(kind_, settings.value(kKindKey, 0));
  x_ = new QComboBox;
  x_->setAccessibleName(tr("Horizontal axis"));
  y_ = new QComboBox;
  y_->setAccessibleName(tr("Vertical axis"));
  for (const Metric metric : kMetrics)
    (higher_is_better(metric) ? y_ : x_)->addItem(metric_title(metric), static_cast<int>(metric));
  choose_data(x_, settings.value(kXKey, static_cast<int>(Metric::latency)));
  choose_data(y_, settings.value(kYKey, static_cast<int>(Metric::top1)));
  budgets_ = new BudgetSliders;
  note_ = muted_label();
  note_->setWordWrap(true);

  const auto axis = [](const QString& title, QComboBox* box) {
    auto* label = new QLabel(title);
    label->setMinimumWidth(48);
    return in_row({label, {box, 1}}, -1);
  };
  QWidget* side = in_widget(
      in_column({heading_label(tr("Figure")), kind_, axis(tr("Across"), x_), axis(tr("Up"), y_),
                 gap(8), heading_label(tr("Budget")), budgets_, gap(6), note_, rest()},
                5));
  side->setFixedWidth(216);
  for (QComboBox* box : {kind_, x_, y_}) {
    connect(box, &QComboBox::currentIndexChanged, this, [this] {
      QSettings s;
      s.setValue(kKindKey, kind_->currentData());
      s.setValue(kXKey, x_->currentData());
      s.setValue(kYKey, y_->currentData());
      rebuild();
    });
  }
  return side;
}

void FigurePanel::rebuild() {
  variants_.clear();
  int over = 0;
  for (int row = 0; row < model_.rowCount(); ++row) {
    if (!model_.shown(row)) continue;
    variants_.append({model_.variants()[row], model_.over_budget(model_.variants()[row])});
    over += variants_.back().faded;
  }
  const auto kind = static_cast<FigureKind>(kind_->currentData().toInt());
  const bool has_axes = kind == FigureKind::frontier || kind == FigureKind::overview;
  for (QComboBox* box : {x_, y_}) box->setEnabled(has_axes);
  note_->setText(over > 0 ? tr("%n variant(s) over the budget", nullptr, over) : QString());
  view_->set_figure(make_figure(kind, variants_, chosen(x_), chosen(y_)));
}

void FigurePanel::show_figure(FigureKind kind) { choose_data(kind_, static_cast<int>(kind)); }

QString FigurePanel::tool_tip(int mark) const {
  const Variant& variant = variants_[mark].variant;
  QString text = u"<b>%1</b>"_s.arg(variant.name.toHtmlEscaped());
  for (const Metric metric : kMetrics)
    text += u"<br>%1: %2 %3"_s.arg(
        metric_title(metric), spread_text(metric, variant.spread(metric)), metric_unit(metric));
  text += u"<br>"_s + tr("Runs: %1").arg(variant.ids.join(u", "_s).toHtmlEscaped());
  return text + u"<br><i>%1</i>"_s.arg(tr("Click to open"));
}

Status FigurePanel::save(const QString& file, const QString& measured) const {
  QStringList lines = {measured};
  for (const FigureVariant& v : variants_)
    lines.append(v.variant.name + u": "_s + v.variant.ids.join(u", "_s));
  const QString note = lines.join(u'\n');
  const bool overview = kind_->currentData().toInt() == static_cast<int>(FigureKind::overview);
  const QSizeF size = overview ? kOverviewPage : kPage;
  const QFontMetricsF fine(fine_font(QGuiApplication::font()));
  const QRectF room(0, 0, size.width() - 24, 1e4);
  const double below = fine.boundingRect(room, Qt::TextWordWrap, note).height() + 20;
  const auto paint = [&](QPainter& painter, const QRectF& page) {
    const Theme& light = Theme::get(false);
    view_->figure()->paint(painter, page.adjusted(4, 4, -4, -below), light);
    painter.setFont(fine_font(painter.font()));
    painter.setPen(light.muted);
    painter.drawText(page.adjusted(12, page.height() - below + 8, -12, 0), Qt::TextWordWrap, note);
  };
  return write_picture(file, kind_->currentText(), {size.width(), size.height() + below}, paint);
}

void FigurePanel::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) view_->update();
  QWidget::changeEvent(event);
}

}  // namespace omniq::ui
