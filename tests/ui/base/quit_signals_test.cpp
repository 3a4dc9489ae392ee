#include "ui/base/quit_signals.h"

#include <signal.h>

#include <QSignalSpy>

#include "tests/ui/support/ui_test.h"

namespace omniq::ui {

class QuitSignalsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void what_would_end_the_window_is_asked_for_once() {
    QuitSignals quit;
    QSignalSpy asked(&quit, &QuitSignals::asked);
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
      ::raise(signal);
      QTRY_COMPARE(asked.size(), 1);
      QCOMPARE(asked.takeFirst().front().toInt(), signal);
      struct sigaction next {};
      ::sigaction(signal, nullptr, &next);
      QVERIFY2(next.sa_handler == SIG_DFL, "a second one ends the process");
    }
  }

  void what_is_ignored_stays_so() {
    ::signal(SIGHUP, SIG_IGN);
    { const QuitSignals quit; }
    struct sigaction after {};
    ::sigaction(SIGHUP, nullptr, &after);
    QVERIFY(after.sa_handler == SIG_IGN);
    ::signal(SIGHUP, SIG_DFL);
  }
};

OMNIQ_UI_TEST(QuitSignalsTest, quit_signals_test);

}  // namespace omniq::ui

#include "quit_signals_test.moc"
