// Dialogs that stand in the way of a test until somebody answers.
#pragma once

#include <QApplication>
#include <QTimer>

namespace omniq::ui::test {

/// Calls `answer` with the next modal dialog of this kind, once it stands there.
template <class Dialog, class Answer>
void answer_next(Answer answer) {
  auto* look = new QTimer(qApp);
  QObject::connect(look, &QTimer::timeout, look, [look, answer] {
    auto* dialog = qobject_cast<Dialog*>(QApplication::activeModalWidget());
    if (!dialog) return;
    look->stop();
    look->deleteLater();
    answer(dialog);
  });
  look->start(10);
}

}  // namespace omniq::ui::test
