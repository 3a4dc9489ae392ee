#include "ui/pages/evaluating.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

#include "ui/base/format.h"

namespace omniq::ui {

Evaluating::Evaluating(QWidget* parent) : QWidget(parent) {
  text_ = new QLabel;
  bar_ = new QProgressBar;
  bar_->setFixedWidth(120);
  bar_->setTextVisible(false);
  auto* stop = new QPushButton(tr("Stop"));
  stop->setToolTip(tr("Stops the evaluations; nothing is written for the one under way"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(4, 2, 8, 2);
  row->setSpacing(10);
  row->addWidget(text_);
  row->addWidget(bar_);
  row->addWidget(stop);
  hide();
  connect(stop, &QPushButton::clicked, &job_, &EvaluateJob::stop);
  connect(&job_, &EvaluateJob::started, this, &Evaluating::begin);
  connect(&job_, &EvaluateJob::progress, this, &Evaluating::show_progress);
  connect(&job_, &EvaluateJob::evaluated, this, &Evaluating::evaluated);
  connect(&job_, &EvaluateJob::failed, this, [this](const QString& run, const Error& error) {
    Q_EMIT failed(tr("%1 was not evaluated").arg(QFileInfo(run).fileName()), error);
  });
  connect(&job_, &EvaluateJob::finished, this, &QWidget::hide);
}

void Evaluating::begin(const QString& run) {
  name_ = QFileInfo(run).fileName();
  clips_ = true;
  since_.start();
  text_->setText(tr("Evaluating %1 …").arg(name_));
  bar_->setRange(0, 0);
  show();
}

void Evaluating::show_progress(bool clips, qint64 done, qint64 total) {
  if (clips != clips_) clips_ = clips, since_.start();
  bar_->setRange(0, static_cast<int>(total));
  bar_->setValue(static_cast<int>(done));
  QString text = clips ? tr("Evaluating %1: %2 of %3 clips").arg(name_).arg(done).arg(total)
                       : tr("Evaluating %1: latency").arg(name_);
  if (done > 0 && done < total) {
    const double left = static_cast<double>(since_.elapsed()) / 1000 *
                        static_cast<double>(total - done) / static_cast<double>(done);
    text += tr(", %1 left").arg(duration_text(left));
  }
  if (job_.waiting() > 0) text += tr(" (%n more to come)", nullptr, job_.waiting());
  text_->setText(text);
}

}  // namespace omniq::ui
