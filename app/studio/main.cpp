// omniq-studio [WORKSPACE] [--page NAME] [--theme NAME] [--screenshot DIR]
#include <QApplication>
#include <QCommandLineParser>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <string_view>

#include "core/base/memory.h"
#include "core/base/version.h"
#include "ui/base/preferences.h"
#include "ui/base/quit_signals.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/window/main_window.h"
#include "ui/window/screenshots.h"

using namespace omniq::ui;
using namespace Qt::StringLiterals;

namespace {

constexpr int kDone = 0, kOther = 1, kUsage = 2;

int usage(const QString& message) {
  std::cerr << "error: " << to_std(message) << "\n";
  return kUsage;
}

/// Pictures, help and the version.
bool needs_no_display(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [](std::string_view word) {
    return word.starts_with("--screenshot") || word == "--help" || word == "-h" ||
           word == "--help-all" || word == "--version" || word == "-v";
  });
}

}  // namespace

int main(int argc, char** argv) {
  omniq::keep_freed_memory();
  ::signal(SIGPIPE, SIG_IGN);  // whoever read stderr may go: what is being trained is saved still
  // As app/passive_waiting.cpp; here the engine, and libgomp with it, is loaded later.
  if (!qEnvironmentVariableIsSet("OMP_WAIT_POLICY") && !qEnvironmentVariableIsSet("GOMP_SPINCOUNT"))
    qputenv("OMP_WAIT_POLICY", "PASSIVE");
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
    if (needs_no_display(argc, argv)) {
      qputenv("QT_QPA_PLATFORM", "offscreen");
    } else if (qEnvironmentVariableIsEmpty("DISPLAY") &&
               qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY")) {  // Qt would abort
      std::cerr << "error: there is no display for a window (DISPLAY and WAYLAND_DISPLAY are not "
                   "set).\nThe program omniq trains, evaluates and predicts without one.\n";
      return kOther;
    }
  }
  QApplication app(argc, argv);
  QCoreApplication::setOrganizationName(u"OmniQ"_s);
  QCoreApplication::setApplicationName(u"omniq-studio"_s);
  QCoreApplication::setApplicationVersion(to_qt(omniq::kVersion));

  QCommandLineParser line;
  line.setApplicationDescription(QCoreApplication::translate(
      "main", "Trains, watches and compares compact video classifiers."));
  line.addHelpOption();
  line.addVersionOption();
  line.addPositionalArgument(
      u"WORKSPACE"_s,
      QCoreApplication::translate("main", "Folder of runs; that of the settings by default"),
      u"[WORKSPACE]"_s);
  const QCommandLineOption page(u"page"_s, QCoreApplication::translate("main", "Page to open"),
                                u"NAME"_s);
  const QCommandLineOption theme(
      u"theme"_s, QCoreApplication::translate("main", "system, light or dark"), u"NAME"_s);
  const QCommandLineOption screenshot(
      u"screenshot"_s,
      QCoreApplication::translate("main", "Write a picture of every page into DIR, and end"),
      u"DIR"_s);
  const QCommandLineOption size(
      u"size"_s, QCoreApplication::translate("main", "Size of the window, 1280x800"), u"WxH"_s);
  line.addOptions({page, theme, screenshot, size});
  line.process(app);
  if (line.positionalArguments().size() > 1)
    return usage(u"One workspace can be open at a time."_s);

  const QStringList modes = {u"system"_s, u"light"_s, u"dark"_s};
  auto mode = static_cast<int>(preferences().theme());
  if (line.isSet(theme)) mode = static_cast<int>(modes.indexOf(line.value(theme)));
  if (mode < 0 || mode >= modes.size())
    return usage(u"--theme is system, light or dark, not '%1'."_s.arg(line.value(theme)));
  apply_theme(app, static_cast<ThemeMode>(mode));

  MainWindow window(line.positionalArguments().value(0, preferences().workspace()));
  if (line.isSet(page) && !window.show_page(line.value(page)))
    return usage(u"There is no page '%1'; there are %2."_s.arg(line.value(page),
                                                               window.page_names().join(u", "_s)));
  if (line.isSet(size)) {
    const QStringList numbers = line.value(size).split(u'x');
    const QSize wanted(numbers.value(0).toInt(), numbers.value(1).toInt());
    if (wanted.isEmpty())
      return usage(u"--size is WIDTHxHEIGHT, not '%1'."_s.arg(line.value(size)));
    window.resize(wanted);
  }
  // What is being trained is saved when the window goes.
  const QuitSignals quit;
  QObject::connect(&quit, &QuitSignals::asked, &app, [] { QCoreApplication::exit(kDone); });
  window.show();
  if (line.isSet(screenshot)) {
    const auto taken = take_screenshots(window, line.value(screenshot));
    if (taken) return kDone;
    std::cerr << "error: " << taken.error().text() << "\n";
    return kOther;
  }
  return QApplication::exec();
}
