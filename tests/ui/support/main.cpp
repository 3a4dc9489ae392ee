#include <QApplication>
#include <iostream>

#include "tests/ui/support/own_home.h"
#include "tests/ui/support/ui_test.h"

int main(int argc, char** argv) {
  const omniq::ui::test::OwnHome home;
  // A function may wait once in vain, and then says so before QtTest ends the program.
  qputenv("QTEST_FUNCTION_TIMEOUT", QByteArray::number(omniq::ui::test::patience_ms() * 4 / 3));
  QApplication app(argc, argv);
  QCoreApplication::setOrganizationName(QStringLiteral("OmniQ"));
  QCoreApplication::setApplicationName(QStringLiteral("omniq-studio-tests"));
  using omniq::ui::test::tests;
  // omniq_ui_tests [NAME] [QtTest's options]
  const QString wanted = argc > 1 && argv[1][0] != '-' ? QString::fromUtf8(argv[1]) : QString();
  QStringList arguments = QCoreApplication::arguments();
  if (!wanted.isEmpty()) arguments.removeAt(1);
  int failed = 0, ran = 0;
  for (const auto& [name, make] : tests()) {
    if (!wanted.isEmpty() && name != wanted) continue;
    ++ran;
    failed += QTest::qExec(make().get(), arguments) != 0;
  }
  if (ran == 0) std::cerr << "There is no test " << wanted.toStdString() << "\n";
  return ran == 0 ? 2 : failed;
}
