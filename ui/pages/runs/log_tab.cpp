#include "ui/pages/runs/log_tab.h"

#include <QFile>
#include <QPlainTextEdit>
#include <QScrollBar>

#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {
constexpr qint64 kTail = 128 * 1024;
}

LogTab::LogTab(QWidget* parent) : QWidget(parent) {
  text_ = fixed_text(tr("Log"));
  text_->setReadOnly(true);
  text_->setLineWrapMode(QPlainTextEdit::NoWrap);
  text_->setPlaceholderText(tr("This run has written no log yet."));
  lay_out(this, in_column({text_}), {0, 8, 4, 0});
  timer_.setInterval(1000);
  connect(&timer_, &QTimer::timeout, this, &LogTab::read);
}

void LogTab::set_run(const RunInfo& run) {
  const QString file = run.path + u"/log.txt"_s;
  if (file == file_) return;
  file_ = file;
  size_ = -1;
  text_->clear();
  if (isVisible()) read();
}

void LogTab::read() {
  QFile file(file_);
  if (!file.open(QIODevice::ReadOnly) || file.size() == size_) return;
  size_ = file.size();
  const qint64 from = std::max<qint64>(0, size_ - kTail);
  file.seek(from);
  QByteArray text = file.read(kTail);
  if (from > 0) text = "… the beginning is in log.txt\n" + text.mid(text.indexOf('\n') + 1);
  QScrollBar* bar = text_->verticalScrollBar();
  const bool at_end = bar->value() >= bar->maximum() - 4 || text_->document()->isEmpty();
  const int before = bar->value();
  text_->setPlainText(QString::fromUtf8(text));
  // Who reads further up is not torn away.
  bar->setValue(at_end ? bar->maximum() : before);
}

void LogTab::showEvent(QShowEvent*) {
  read();
  timer_.start();
}

void LogTab::hideEvent(QHideEvent*) { timer_.stop(); }

}  // namespace omniq::ui
