// Test classes of the window name themselves; main() runs those that it is asked for.
#pragma once

#include <QApplication>
#include <QTest>
#include <QWidget>
#include <functional>
#include <map>
#include <memory>

#include "ui/base/theme.h"

namespace omniq::ui::test {

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
  QTest::qWait(100);
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
