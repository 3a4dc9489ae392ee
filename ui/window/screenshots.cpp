#include "ui/window/screenshots.h"

#include <QDir>
#include <QEventLoop>
#include <QFileInfo>
#include <QPixmap>
#include <QTableView>
#include <QTimer>

#include "core/base/text.h"
#include "ui/base/text.h"
#include "ui/models/readers/evaluation.h"
#include "ui/pages/compare/compare_page.h"
#include "ui/pages/compare/figure_panel.h"
#include "ui/pages/data/data_page.h"
#include "ui/pages/demo/demo_page.h"
#include "ui/pages/new_run/new_run_dialog.h"
#include "ui/pages/runs/run_details.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/window/main_window.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

void wait(int ms) {
  QEventLoop loop;
  QTimer::singleShot(ms, &loop, &QEventLoop::quit);
  loop.exec();
}

// A clip that some run of the workspace was evaluated on, and where its dataset is.
struct Example {
  QString clip, data_root;
};
Example any_clip(MainWindow& window) {
  for (const RunInfo& run : window.workspace().model().runs()) {
    if (run.evaluated == 0) continue;
    const auto files = read_evaluation(to_path(run.path));
    if (!files || files->record.predictions.empty()) continue;
    const QString clip =
        QDir(files->data_root).filePath(to_qt(files->record.predictions.front().clip));
    if (QFileInfo::exists(clip)) return {clip, files->data_root};
  }
  return {};
}

}  // namespace

Status take_screenshots(MainWindow& window, const QString& folder) {
  if (!QDir().mkpath(folder))
    return fail(ErrorCode::io, cat(to_std(folder), " cannot be made."), "Name another folder.");
  const auto save = [&](const QString& name) -> Status {
    wait(700);  // readers answer and charts are painted
    const QString file = QDir(folder).filePath(name + u".png"_s);
    if (window.grab().save(file)) return {};
    return fail(ErrorCode::io, cat(to_std(file), " cannot be written."), "Name another folder.");
  };
  wait(1000);
  const Example example = any_clip(window);
  for (const QString& page : window.page_names()) {
    window.show_page(page);
    OMNIQ_TRY(save(page));
    if (page == "demo"_L1 && !example.clip.isEmpty()) {
      window.demo_page()->open(example.clip);
      wait(3000);  // the model is loaded and has followed the video
      OMNIQ_TRY(save(page + u"-playing"_s));
    }
    if (page == "compare"_L1) {
      window.compare_page()->figure()->show_figure(FigureKind::overview);
      OMNIQ_TRY(save(page + u"-overview"_s));
      window.compare_page()->figure()->show_figure(FigureKind::frontier);
    }
    if (page == "data"_L1 && !example.data_root.isEmpty()) {
      window.data_page()->open(example.data_root);
      wait(1500);  // pictures of the first class are decoded
      OMNIQ_TRY(save(page + u"-open"_s));
    }
    if (page != "runs"_L1) continue;
    RunsPage& runs = *window.runs_page();
    const QStringList views = {u"curves"_s, u"configuration"_s, u"log"_s, u"evaluation"_s};
    runs.table()->selectAll();
    OMNIQ_TRY(save(page + u"-several"_s));
    runs.table()->selectRow(0);
    for (int tab = 1; tab < views.size(); ++tab) {
      runs.details()->show_tab(tab);
      OMNIQ_TRY(save(page + u'-' + views[tab]));
    }
    runs.details()->show_tab(0);
  }
  NewRunDialog* dialog = window.new_run({});
  wait(800);  // for what is known of a step
  const bool saved = dialog->grab().save(QDir(folder).filePath(u"new-run.png"_s));
  dialog->close();
  if (!saved)
    return fail(ErrorCode::io, cat(to_std(folder), " cannot be written."), "Name another folder.");
  return {};
}

}  // namespace omniq::ui
