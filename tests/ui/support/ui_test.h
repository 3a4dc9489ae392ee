// Test classes of the window name themselves; main() runs those that it is asked for.
#pragma once

#include <QTest>
#include <functional>
#include <map>
#include <memory>

namespace omniq::ui::test {

using TestFactory = std::function<std::unique_ptr<QObject>()>;
inline std::map<QString, TestFactory>& tests() {
  static std::map<QString, TestFactory> all;
  return all;
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
  static const ::omniq::ui::test::Register<Class> register_test(#name)
