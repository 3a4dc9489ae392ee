// omniq_ui_benchmark [--json] [--quick]: how long the window takes for what people do with a large
// workspace, and how long its thread is blocked while runs train. --quick does the same with
// little, to see that the program works.
#include <QApplication>
#include <QHeaderView>
#include <QLineEdit>
#include <QScrollBar>
#include <QSlider>
#include <QTableView>
#include <QThread>
#include <cmath>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/support/patience.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/benchmarks/heartbeat.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/own_home.h"
#include "tests/ui/support/small_demo.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/pages/runs/curves_tab.h"
#include "ui/pages/runs/run_details.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/window/main_window.h"
#include "ui/window/training_bar.h"

using namespace omniq::ui;
using omniq::ui::bench::Heartbeat;
using namespace Qt::StringLiterals;

namespace {

struct Sizes {
  int runs = 1000;
  std::int64_t points = 2'000'000, rows = 1'000'000;
  int seconds = 12;  // of each look at what goes on beside
};

struct Row {
  std::string name;
  int count = 0;
  double median = 0, longest = 0;  // ms
  int blocked = 0;                 // gaps over Heartbeat::kBlocked
};

double milliseconds(const QElapsedTimer& clock) {
  return static_cast<double>(clock.nsecsElapsed()) / 1e6;
}

void wait_until(const std::function<bool()>& done) {
  QElapsedTimer clock;
  clock.start();
  while (!done()) {
    if (clock.hasExpired(omniq::testing_support::patience().count()))
      throw std::runtime_error("it takes too long");
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 20);
  }
}

void wait(int ms) {
  QElapsedTimer clock;
  clock.start();
  while (clock.elapsed() < ms) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 5);
}

class Benchmark {
 public:
  explicit Benchmark(const Sizes& sizes) : sizes_(sizes) {}

  void run() {
    before_ = omniq::resident_memory();
    open();
    sort_filter_scroll();
    pan();
    window_memory_ = omniq::resident_memory() - before_;
    growing_run();
    large_run_memory_ = omniq::resident_memory() - before_;
    training();
    window_.reset();
  }

  const std::vector<Row>& rows() const { return rows_; }
  std::int64_t window_memory() const { return window_memory_; }
  std::int64_t large_run_memory() const { return large_run_memory_; }

 private:
  void add(const std::string& name, std::vector<double> ms, int blocked = 0) {
    std::sort(ms.begin(), ms.end());
    rows_.push_back({name, static_cast<int>(ms.size()), ms[ms.size() / 2], ms.back(), blocked});
  }
  /// What the event loop was kept from while `work` went on.
  void watch(const std::string& name, const std::function<void()>& work) {
    Heartbeat heart;
    work();
    rows_.push_back({name, 1, std::nan(""), heart.longest(), heart.over_limit()});
  }
  /// `step` is what a person does; its time goes on until the window is painted.
  void time_each(const std::string& name, int times, const std::function<void(int)>& step) {
    std::vector<double> ms;
    for (int i = 0; i < times; ++i) {
      QElapsedTimer clock;
      clock.start();
      step(i);
      QCoreApplication::processEvents();
      ms.push_back(milliseconds(clock));
    }
    const int blocked = static_cast<int>(
        std::count_if(ms.begin(), ms.end(), [](double t) { return t > Heartbeat::kBlocked; }));
    add(name, std::move(ms), blocked);
  }

  QString workspace() const { return to_qt((folder_ / "runs").string()); }
  QTableView* table() const { return window_->runs_page()->table(); }

  void open() {
    test::write_fake_workspace(folder_ / "runs", sizes_.runs);
    Heartbeat heart;
    QElapsedTimer clock;
    clock.start();
    window_ = std::make_unique<MainWindow>(workspace());
    window_->show();
    QCoreApplication::processEvents();
    const double shown = milliseconds(clock);
    heart.restart();
    wait_until([&] { return window_->workspace().model().rowCount() == sizes_.runs; });
    add("window shown", {shown});
    add("all runs in the table", {milliseconds(clock)});
    wait(1500);
    rows_.push_back({"while they are read", 1, std::nan(""), heart.longest(), heart.over_limit()});
  }

  void sort_filter_scroll() {
    QTableView* view = table();
    time_each("sort by a column", 2 * WorkspaceModel::kColumns, [&](int i) {
      view->sortByColumn(i / 2, i % 2 ? Qt::DescendingOrder : Qt::AscendingOrder);
    });
    auto* search = window_->runs_page()->findChild<QLineEdit*>();
    const QString word = u"transformer"_s;
    time_each("a letter of a search", 2 * static_cast<int>(word.size()), [&](int i) {
      const auto letters = i % (word.size() + 1);
      search->setText(word.left(letters));
    });
    search->clear();
    QCoreApplication::processEvents();
    QScrollBar* bar = view->verticalScrollBar();
    time_each("scroll by a page", 100, [&](int i) {
      bar->setValue(bar->maximum() * i / 99);
      view->viewport()->repaint();
    });
  }

  void pan() {
    auto x = std::make_shared<std::vector<double>>(), y = std::make_shared<std::vector<double>>();
    for (std::int64_t i = 0; i < sizes_.points; ++i) {
      x->push_back(static_cast<double>(i));
      y->push_back(std::sin(static_cast<double>(i) * 1e-5) +
                   0.1 * std::sin(static_cast<double>(i)));
    }
    ChartView view;
    view.resize(1200, 700);
    view.show();
    ChartScene scene;
    scene.title = u"Loss"_s;
    scene.curves.append({u"run"_s, Theme::current().series[0], Qt::SolidLine,
                         std::make_shared<CurveData>(x, y), nullptr});
    view.set_scene(scene);
    const double span = static_cast<double>(sizes_.points);
    view.set_x_range({0.2 * span, 0.8 * span});
    time_each("pan over " + std::to_string(sizes_.points) + " points", 100, [&](int i) {
      view.set_x_range({(0.1 + 0.002 * i) * span, (0.6 + 0.002 * i) * span});
      view.repaint();
    });
  }

  /// A long run of another process, which writes on while its curves are looked at.
  void growing_run() {
    test::FakeRun fake;
    fake.state = omniq::run::RunState::running;
    fake.started = 1.9e9;  // the newest
    fake.epoch = 1;
    fake.steps_per_epoch = 1000;
    fake.epochs = sizes_.rows / fake.steps_per_epoch + 1;
    const auto run = test::write_fake_run(folder_ / "runs", "zz_long", fake);
    const std::string rows = test::fake_metrics(fake, sizes_.rows);
    const auto file = run / "metrics.jsonl";
    const std::size_t most = rows.rfind('\n', rows.size() * 99 / 100) + 1;
    std::ofstream(file, std::ios::binary) << rows.substr(0, most);
    wait_until([&] { return window_->workspace().model().find(to_qt(run.string())); });
    wait(500);
    const auto points = [&] {
      const auto& curves =
          window_->runs_page()->details()->curves()->charts().front()->scene().curves;
      return curves.isEmpty() ? 0 : static_cast<std::int64_t>(curves.front().raw->size());
    };
    watch(std::to_string(sizes_.rows) + " rows are read", [&] {
      window_->runs_page()->select(to_qt(run.string()));
      wait_until([&] { return points() >= sizes_.rows * 98 / 100; });
      wait(500);
    });
    watch("the long run grows", [&] {
      std::jthread writer([&](std::stop_token stop) {
        std::ofstream out(file, std::ios::binary | std::ios::app);
        std::size_t from = most;
        while (!stop.stop_requested() && from < rows.size()) {
          const std::size_t to = rows.find('\n', std::min(from + 4000, rows.size() - 1)) + 1;
          out << rows.substr(from, to - from) << std::flush;
          from = to;
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
      });
      wait(1000 * sizes_.seconds);
    });
    CurvesTab* curves = window_->runs_page()->details()->curves();
    time_each("pan its charts", 60, [&](int i) {
      const double span = static_cast<double>(sizes_.rows);
      for (ChartView* chart : curves->charts()) {
        chart->set_x_range({(0.1 + 0.003 * i) * span, (0.6 + 0.003 * i) * span});
        chart->repaint();
      }
    });
    curves->charts().front()->show_everything();
    auto* smoothing = curves->findChild<QSlider*>();
    watch("its smoothing changes", [&] {
      for (int i = 0; i < 10; ++i) {
        smoothing->setValue(50 + 4 * i);
        wait(150);
      }
    });
  }

  void training() {
    test::make_small_demo(folder_ / "demo");
    auto experiment = test::small_experiment(folder_ / "demo", folder_ / "runs");
    experiment.train.epochs = 100000;
    experiment.threads = 0;
    experiment.fusion.name = "mamba";
    experiment.fusion.d_state = 16;
    experiment.run.name = "live";
    watch("a run starts in the window", [&] {
      window_->training().start(experiment);
      wait_until([&] {
        const QStringList chosen = window_->runs_page()->selected();
        return chosen.size() == 1 && chosen.front().endsWith(u"live"_s);
      });
    });
    watch("a run trains in the window", [&] { wait(1000 * sizes_.seconds); });
    watch("it is paused", [&] {
      if (!window_->training().ask(window_->training().run(), omniq::run::Request::pause))
        throw std::runtime_error("the run was not paused");
      wait_until([&] { return !window_->training().active(); });
      wait(500);
    });
  }

  const Sizes sizes_;
  const omniq::testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;
  std::vector<Row> rows_;
  std::int64_t before_ = 0, window_memory_ = 0, large_run_memory_ = 0;
};

void print(const Benchmark& benchmark) {
  std::cout << std::left << std::setw(34) << "" << std::right << std::setw(8) << "times"
            << std::setw(12) << "median ms" << std::setw(12) << "longest ms" << std::setw(12)
            << "over 50 ms"
            << "\n";
  for (const Row& row : benchmark.rows()) {
    std::cout << std::left << std::setw(34) << row.name << std::right << std::setw(8) << row.count
              << std::setw(12) << (std::isnan(row.median) ? "" : omniq::fixed(row.median, 1))
              << std::setw(12) << omniq::fixed(row.longest, 1) << std::setw(12) << row.blocked
              << "\n";
  }
  const auto bytes = [](std::int64_t n) {
    return omniq::human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, n)));
  };
  std::cout << "memory above the bare program: " << bytes(benchmark.window_memory())
            << ", with the long run " << bytes(benchmark.large_run_memory()) << "\n";
}

void print_json(const Benchmark& benchmark) {
  auto rows = nlohmann::ordered_json::array();
  for (const Row& row : benchmark.rows()) {
    nlohmann::ordered_json median = nullptr;
    if (!std::isnan(row.median)) median = row.median;
    rows.push_back({{"name", row.name},
                    {"times", row.count},
                    {"ms", {{"median", median}, {"longest", row.longest}}},
                    {"over_50_ms", row.blocked}});
  }
  std::cout << nlohmann::ordered_json{{"rows", rows},
                                      {"memory_bytes",
                                       {{"window", benchmark.window_memory()},
                                        {"with_long_run", benchmark.large_run_memory()}}}}
                   .dump(2)
            << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  omniq::keep_freed_memory();
  const test::OwnHome home;
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication app(argc, argv);
  QCoreApplication::setOrganizationName(u"OmniQ"_s);
  QCoreApplication::setApplicationName(u"omniq-ui-benchmark"_s);
  apply_theme(app, ThemeMode::light);
  const QStringList words = QCoreApplication::arguments();
  Sizes sizes;
  if (words.contains(u"--quick"_s)) sizes = {40, 20'000, 5'000, 1};
  try {
    Benchmark benchmark(sizes);
    benchmark.run();
    words.contains(u"--json"_s) ? print_json(benchmark) : print(benchmark);
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
