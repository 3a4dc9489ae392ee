// Test classes of the window name themselves; main() runs those that it is asked for.
#pragma once

#include <QApplication>
#include <QTest>
#include <QWidget>
#include <functional>
#include <map>
#include <memory>

#include "tests/support/patience.h"
#include "ui/base/theme.h"

// QtTest's own give up after five seconds, or after what each line says.
#undef QTRY_VERIFY
#undef QTRY_VERIFY_WITH_TIMEOUT
#undef QTRY_COMPARE
#undef QTRY_COMPARE_WITH_TIMEOUT

/// Waits until the condition holds; see patience().
#define QTRY_VERIFY(condition)                                                                \
  do {                                                                                        \
    (void)QTest::qWaitFor([&] { return bool(condition); }, ::omniq::ui::test::patience_ms()); \
    QVERIFY(condition);                                                                       \
  } while (false)

/// Waits until the two are equal; see patience().
#define QTRY_COMPARE(actual, expected)                            \
  do {                                                            \
    (void)QTest::qWaitFor([&] { return (actual) == (expected); }, \
                          ::omniq::ui::test::patience_ms());      \
    QCOMPARE(actual, expected);                                   \
  } while (false)

namespace omniq::ui::test {

inline int patience_ms() { return static_cast<int>(testing_support::patience().count()); }

/// For what must not happen. A machine that is busy can hide a fault from this, never make one up.
inline void let_pass(int ms) { QTest::qWait(ms); }

using TestFactory = std::function<std::unique_ptr<QObject>()>;
inline std::map<QString, TestFactory>& tests() {
  static std::map<QString, TestFactory> all;
  return all;
}

/// Light; dark with OMNIQ_DARK, for pictures.
inline void apply_test_theme() {
  apply_theme(*qApp, qEnvironmentVariableIsSet("OMNIQ_DARK") ? ThemeMode::dark : ThemeMode::light);
}

/// For looking at: with OMNIQ_PICTURES=DIR the widget as it is now is written to DIR/name.png.
inline void picture(QWidget& widget, const QString& name) {
  const QString folder = qEnvironmentVariable("OMNIQ_PICTURES");
  if (folder.isEmpty()) return;
  let_pass(100);
  widget.grab().save(folder + QLatin1Char('/') + name + QStringLiteral(".png"));
}

template <class Test>
struct Register {
  explicit Register(const char* name) {
    tests()[QString::fromLatin1(name)] = [] { return std::make_unique<Test>(); };
  }
};

}  // namespace omniq::ui::test

/// `name` is the file's, without its ending.
#define OMNIQ_UI_TEST(Class, name) \
  static const ::omniq::ui::test::Register<Class> register_##name(#name)
