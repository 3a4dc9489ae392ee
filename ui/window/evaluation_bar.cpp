#include "ui/window/evaluation_bar.h"

#include <QFileInfo>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

#include "ui/base/format.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {

EvaluationBar::EvaluationBar(QWidget* parent) : QWidget(parent) {
  text_ = new QLabel;
  bar_ = thin_bar(120);
  auto* stop = new QPushButton(tr("Stop"));
  stop->setToolTip(tr("Stops the evaluations; nothing is written for the one under way"));
  lay_out(this, in_row({text_, bar_, stop}, 10), {4, 2, 8, 2});
  hide();
  connect(stop, &QPushButton::clicked, this, [this] {
    queue_ = queue_.mid(0, 1);
    job_.stop();
  });
  job_.on(&EvaluateJob::progress, this,
          [this](bool clips, qint64 done, qint64 total) { show_progress(clips, done, total); });
  job_.on(&EvaluateJob::evaluated, this, [this](const QString& run) {
    Q_EMIT evaluated(run);
    next();
  });
  job_.on(&EvaluateJob::failed, this, [this](const Error& error) {
    Q_EMIT failed(tr("%1 was not evaluated").arg(name_), error);
    next();
  });
  job_.on(&EvaluateJob::stopped, this, [this] { next(); });
}

void EvaluationBar::evaluate(const QStringList& runs) {
  const bool idle = queue_.isEmpty();
  for (const QString& run : runs) {
    if (!queue_.contains(run)) queue_.append(run);
  }
  if (idle && !queue_.isEmpty()) begin();
}

void EvaluationBar::next() {
  queue_.removeFirst();
  queue_.isEmpty() ? hide() : begin();
}

void EvaluationBar::begin() {
  job_.ask([run = queue_.front()](EvaluateJob& job, int ticket) { job.evaluate(run, ticket); });
  name_ = QFileInfo(queue_.front()).fileName();
  clips_ = true;
  since_.start();
  text_->setText(tr("Evaluating %1 …").arg(name_));
  bar_->setRange(0, 0);
  show();
}

void EvaluationBar::show_progress(bool clips, qint64 done, qint64 total) {
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
  if (const auto more = static_cast<int>(queue_.size()) - 1; more > 0)
    text += tr(" (%n more to come)", nullptr, more);
  text_->setText(text);
}

}  // namespace omniq::ui
