#include "ui/pages/demo/answer_card.h"

#include <QLabel>
#include <QPushButton>

#include "ui/base/format.h"
#include "ui/widgets/parts.h"
#include "ui/widgets/probability_bars.h"

namespace omniq::ui {

AnswerCard::AnswerCard(QWidget* parent) : QFrame(parent) {
  setProperty("card", true);
  setMinimumWidth(270);
  verdict_ = new QLabel;
  enlarge(verdict_, 1.5);
  verdict_->setWordWrap(true);
  bars_ = new ProbabilityBars;
  figures_ = muted_label();
  figures_->setWordWrap(true);
  copy_ = new QPushButton(tr("Copy as JSON"));
  save_ = new QPushButton(tr("Save as JSON…"));
  lay_out(this,
          in_column({muted_label(tr("What happens")), verdict_, gap(4), bars_, rest(), figures_,
                     in_row({copy_, save_})}),
          {18, 14, 18, 14});
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
