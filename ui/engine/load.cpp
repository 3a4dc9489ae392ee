#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QLibrary>
#include <QThread>

#include "core/base/text.h"
#include "core/base/version.h"
#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {
namespace {

using namespace Qt::StringLiterals;

Result<Engine*> load() {
  const auto failed = [](const std::string& why) {
    return fail(ErrorCode::engine, cat("The engine could not be loaded: ", why),
                "Install or build OmniQ Studio again.");
  };
  // Programs are in bin/, libraries in lib/ beside it: where this was built and where it is
  // installed.
  const QString file =
      QDir(QCoreApplication::applicationDirPath()).absoluteFilePath(u"../lib/libomniq-engine.so"_s);
  if (!QFileInfo::exists(file)) return failed(cat(to_std(QDir::cleanPath(file)), " is missing."));
  QLibrary library(QFileInfo(file).canonicalFilePath());
  const auto entry = reinterpret_cast<EngineEntry>(library.resolve("omniq_engine"));
  if (!entry) return failed(to_std(library.errorString()));
  if (Engine* const engine = entry(kCommit)) return engine;
  return failed(cat(to_std(library.fileName()), " is of another version."));
}

}  // namespace

Result<std::unique_ptr<VideoSource>> open_video(const std::filesystem::path& path,
                                                std::int64_t short_side) {
  return engine().and_then([&](Engine* engine) { return engine->open_video(path, short_side); });
}

Result<Engine*> engine() {
  Q_ASSERT(!qApp || QThread::currentThread() != qApp->thread());
  static const Result<Engine*> loaded = load();
  return loaded;
}

}  // namespace omniq::ui
