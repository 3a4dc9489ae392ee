#include "ui/pages/demo/answer_card.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/base/format.h"
#include "ui/widgets/probability_bars.h"

namespace omniq::ui {

AnswerCard::AnswerCard(QWidget* parent) : QFrame(parent) {
  setProperty("card", true);
  setMinimumWidth(270);
  verdict_ = new QLabel;
  QFont large = verdict_->font();
  large.setPointSizeF(large.pointSizeF() * 1.5);
  large.setWeight(QFont::DemiBold);
  verdict_->setFont(large);
  verdict_->setWordWrap(true);
  auto* title = new QLabel(tr("What happens"));
  title->setProperty("muted", true);
  bars_ = new ProbabilityBars;
  figures_ = new QLabel;
  figures_->setProperty("muted", true);
  figures_->setWordWrap(true);
  copy_ = new QPushButton(tr("Copy as JSON"));
  save_ = new QPushButton(tr("Save as JSON…"));
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(8);
  buttons->addWidget(copy_);
  buttons->addWidget(save_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(18, 14, 18, 14);
  column->setSpacing(8);
  column->addWidget(title);
  column->addWidget(verdict_);
  column->addSpacing(4);
  column->addWidget(bars_);
  column->addStretch();
  column->addWidget(figures_);
  column->addLayout(buttons);
  connect(copy_, &QPushButton::clicked, this, &AnswerCard::copy_requested);
  connect(save_, &QPushButton::clicked, this, &AnswerCard::save_requested);
  clear();
}

void AnswerCard::clear() {
  set_verdict(dash());
  bars_->set_entries({});
  set_figures({});
  set_result(false);
}

void AnswerCard::set_verdict(const QString& label) { verdict_->setText(label); }

void AnswerCard::set_figures(const QString& text) { figures_->setText(text); }

void AnswerCard::set_result(bool there) {
  copy_->setEnabled(there);
  save_->setEnabled(there);
}

}  // namespace omniq::ui
