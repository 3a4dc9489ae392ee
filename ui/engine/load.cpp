#include <QCoreApplication>
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
  // Programs are in bin/, libraries beside it in lib/: where this was built and where it is
  // installed.
  QLibrary library(QCoreApplication::applicationDirPath() + u"/../lib/libomniq-engine.so"_s);
  const auto entry = reinterpret_cast<EngineEntry>(library.resolve("omniq_engine"));
  if (!entry) {
    return fail(ErrorCode::io,
                cat("The engine could not be loaded: ", to_std(library.errorString())),
                "Install or build OmniQ Studio again.");
  }
  Engine* const engine = entry(kCommit);
  if (!engine) {
    return fail(ErrorCode::io,
                cat("The engine in ", to_std(library.fileName()), " is of another version."),
                "Install or build OmniQ Studio again.");
  }
  return engine;
}

}  // namespace

Result<std::unique_ptr<VideoSource>> open_video(const std::filesystem::path& path,
                                                std::int64_t short_side) {
  OMNIQ_ASSIGN(Engine* const engine, ui::engine());
  return engine->open_video(path, short_side);
}

Result<Engine*> engine() {
  Q_ASSERT(!qApp || QThread::currentThread() != qApp->thread());
  static const Result<Engine*> loaded = load();
  return loaded;
}

}  // namespace omniq::ui
