#include "ui/jobs/command_line.h"

#include <QCoreApplication>
#include <QProcess>

#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {
QString tr(const char* text) { return QCoreApplication::translate("CommandLine", text); }
}  // namespace

QString command_line_program() { return QCoreApplication::applicationDirPath() + u"/omniq"_s; }

Status resume_in_background(const QString& run) {
  const QString program = command_line_program();
  if (QProcess::startDetached(program, {u"resume"_s, run})) return {};
  return fail(ErrorCode::io, to_std(tr("%1 could not be started.").arg(program)),
              to_std(tr("Resume the run here, or on the command line.")));
}

}  // namespace omniq::ui
