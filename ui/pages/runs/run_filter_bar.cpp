#include "ui/pages/runs/run_filter_bar.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

#include "ui/base/icons.h"
#include "ui/models/values/run_info.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

void fill(QComboBox* box, const QStringList& texts) {
  QStringList there;
  for (int i = 1; i < box->count(); ++i) there.append(box->itemText(i));
  if (there == texts) return;
  const QString chosen = box->currentData().toString();
  {
    const QSignalBlocker quiet(box);
    while (box->count() > 1) box->removeItem(1);
    for (const QString& text : texts) box->addItem(text, text);
    box->setCurrentIndex(std::max(0, box->findData(chosen)));
  }
  if (box->currentData().toString() != chosen) Q_EMIT box->currentIndexChanged(0);
}

}  // namespace

RunFilterBar::RunFilterBar(RunFilter& filter, QWidget* parent) : QWidget(parent), filter_(filter) {
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Search name, tag, note"));
  search_->setClearButtonEnabled(true);
  search_->addAction(icon(u"search"_s), QLineEdit::LeadingPosition);
  search_->setAccessibleName(tr("Search"));
  search_->setMaximumWidth(320);
  state_ = add_choice(tr("Any state"), tr("State"));
  for (const QString& key : {u"running"_s, u"finished"_s, u"paused"_s, u"interrupted"_s,
                             u"failed"_s, u"queued"_s, u"damaged"_s})
    state_->addItem(state_text(key), key);
  fusion_ = add_choice(tr("Any fusion"), tr("Fusion"));
  tag_ = add_choice(tr("Any tag"), tr("Tag"));
  count_ = muted_label();
  QPushButton* start = primary_button(tr("New run…"));
  lay_out(this, in_row({{search_, 2}, state_, fusion_, tag_, count_, rest(1), start}));
  connect(start, &QPushButton::clicked, this, &RunFilterBar::new_run_requested);
  connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
    filter_.set_search(text);
    Q_EMIT changed();
  });
  connect(state_, &QComboBox::currentIndexChanged, this, [this] {
    const QString key = state_->currentData().toString();
    filter_.set_states(key.isEmpty() ? QStringList() : QStringList{key});
    Q_EMIT changed();
  });
  connect(fusion_, &QComboBox::currentIndexChanged, this, [this] {
    filter_.set_fusion(fusion_->currentData().toString());
    Q_EMIT changed();
  });
  connect(tag_, &QComboBox::currentIndexChanged, this, [this] {
    filter_.set_tag(tag_->currentData().toString());
    Q_EMIT changed();
  });
}

QComboBox* RunFilterBar::add_choice(const QString& any, const QString& name) {
  auto* box = new QComboBox;
  box->addItem(any);
  box->setAccessibleName(name);
  box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  return box;
}

void RunFilterBar::focus_search() {
  search_->setFocus();
  search_->selectAll();
}

void RunFilterBar::clear() {
  search_->clear();
  for (QComboBox* box : {state_, fusion_, tag_}) box->setCurrentIndex(0);
}

void RunFilterBar::update_choices() {
  fill(fusion_, filter_.fusions());
  fill(tag_, filter_.tags());
  tag_->setVisible(tag_->count() > 1);
}

void RunFilterBar::show_count(int shown, int all) {
  count_->setText(shown == all ? tr("%n run(s)", nullptr, all)
                               : tr("%1 of %n run(s)", nullptr, all).arg(shown));
}

}  // namespace omniq::ui
