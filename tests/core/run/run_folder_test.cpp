#include "core/run/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "core/base/log.h"
#include "core/run/heartbeat.h"
#include "core/run/metrics.h"
#include "tests/support/temporary_folder.h"

namespace omniq::run {
namespace {

using testing::HasSubstr;
using testing_support::read_text;
using testing_support::TemporaryFolder;

config::Experiment experiment_in(const std::filesystem::path& folder) {
  config::Experiment e;
  e.data.root = "videos";
  e.run.dir = folder.string();
  return e;
}

TEST(RunFolder, KeepsTheResolvedConfiguration) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  e.train.epochs = 3;
  const auto folder = RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  const auto again = RunFolder::open(tmp / "run");
  ASSERT_TRUE(again);
  const auto loaded = again->experiment();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->train.epochs, 3);
  EXPECT_TRUE(std::filesystem::path(loaded->data.root).is_absolute());
  EXPECT_TRUE(loaded->run.dir.empty()) << "starting from config.yaml must make a new run";
}

TEST(RunFolder, PathsThatAreNotUtf8AreRefusedBeforeAnythingIsMade) {
  const TemporaryFolder tmp;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directories(tmp / "Caf\xe9");
  std::filesystem::current_path(tmp / "Caf\xe9");
  config::Experiment e = experiment_in("run");
  const auto folder = RunFolder::create(e);
  std::filesystem::current_path(before);
  ASSERT_FALSE(folder) << "config.yaml could not say where data.root is";
  EXPECT_EQ(folder.error().code, ErrorCode::config);
  EXPECT_FALSE(std::filesystem::exists(tmp / "Caf\xe9/run"));
}

TEST(RunFolder, RefusesAFolderInUse) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  ASSERT_TRUE(RunFolder::create(e));
  const auto twice = RunFolder::create(e);
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().text(), HasSubstr("omniq resume"));
}

TEST(RunFolder, AFolderInUseStaysAsItIs) {
  const TemporaryFolder tmp;
  tmp.write("mine/notes.txt", "mine");
  config::Experiment e = experiment_in(tmp / "mine");
  EXPECT_THAT(RunFolder::create(e).error().text(), HasSubstr("not empty"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(tmp / "mine"), {}), 1);
}

TEST(RunFolder, OfStartsInOneFolderOneIsMade) {
  const TemporaryFolder tmp;
  constexpr int kStarts = 8;
  std::atomic<int> made = 0;
  std::atomic<std::int64_t> seed = -1;
  {
    std::vector<std::jthread> starts;
    std::latch together(kStarts);
    for (int i = 0; i < kStarts; ++i) {
      starts.emplace_back([&, i] {
        config::Experiment e = experiment_in(tmp / "run");
        e.seed = i;
        together.arrive_and_wait();
        if (RunFolder::create(e)) ++made, seed = i;
      });
    }
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(RunFolder::open(tmp / "run")->experiment()->seed, seed);
}

TEST(RunFolder, StartsOfTheSameMinuteGetFoldersOfTheirOwn) {
  const TemporaryFolder tmp;
  std::mutex mutex;
  std::set<std::string> ids;
  {
    std::vector<std::jthread> starts;
    for (int i = 0; i < 4; ++i) {
      starts.emplace_back([&] {
        config::Experiment e;
        e.train.save_dir = (tmp / "runs").string();
        const auto folder = RunFolder::create(e);
        ASSERT_TRUE(folder) << folder.error().text();
        const std::lock_guard lock(mutex);
        ids.insert(folder->id());
      });
    }
  }
  EXPECT_EQ(ids.size(), 4u);
}

TEST(RunFolder, ACutConfigurationIsRefused) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  e.optim.lr_head = 0.0125;
  const auto folder = RunFolder::create(e);
  const std::string whole = read_text(tmp / "run/config.yaml");
  const std::size_t seal = whole.rfind("# SHA-256");
  ASSERT_NE(seal, std::string::npos);
  for (std::size_t end = 0; end < seal; end = whole.find('\n', end) + 1) {
    tmp.write("run/config.yaml", whole.substr(0, end));
    const auto cut = folder->experiment();
    ASSERT_FALSE(cut) << whole.substr(0, end);
    EXPECT_THAT(cut.error().message, HasSubstr("config.yaml is damaged: it lacks "));
    EXPECT_THAT(cut.error().message, HasSubstr("run.dir"));
  }
  std::string changed = whole;
  changed.replace(whole.find("0.0125"), 6, "0.0725");
  tmp.write("run/config.yaml", changed);
  EXPECT_THAT(folder->experiment().error().text(), HasSubstr("its checksum differs"));
  // On purpose: the checksum goes, as the message says, and every setting is there.
  tmp.write("run/config.yaml", changed.substr(0, seal));
  EXPECT_EQ(folder->experiment()->optim.lr_head, 0.0725);
  // Of a version that wrote no checksum and knew fewer settings.
  std::string old = whole.substr(0, seal);
  const std::size_t newer = old.find("init_allow_partial");
  old.erase(newer, old.find('\n', newer) + 1 - newer);
  tmp.write("run/config.yaml", old);
  EXPECT_TRUE(folder->experiment());
  tmp.write("run/config.yaml", whole);
  EXPECT_EQ(folder->experiment()->optim.lr_head, 0.0125);
  EXPECT_FALSE(folder->experiment(std::vector<std::string>{"optim.lr_head=-1"}));
}

TEST(RunFolder, ARunOfAnyNameThatOlderVersionsTookOpens) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  e.run.name = "exp/one";  // not by a setting, which refuses it
  const auto folder = RunFolder::create(e);
  EXPECT_TRUE(folder->experiment());
  EXPECT_FALSE(folder->experiment(std::vector<std::string>{"run.name=a/b"}));
  EXPECT_FALSE(folder->experiment(std::vector<std::string>{"eval.spatial_views=2"}));
}

TEST(RunFolder, TheTableOfResultsMovesWithTheRun) {
  const TemporaryFolder tmp;
  config::Experiment e;
  e.data.root = "videos";
  e.train.save_dir = (tmp / "old/runs/").string();
  const auto folder = RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  EXPECT_EQ(folder->results_table(e), tmp / "old/results/summary.csv");
  std::filesystem::rename(tmp / "old", tmp / "new");
  const auto moved = RunFolder::open(tmp / "new/runs" / folder->id());
  EXPECT_EQ(moved->results_table(*moved->experiment()), tmp / "new/results/summary.csv");
  std::filesystem::rename(moved->path(), tmp / "alone");
  const auto alone = RunFolder::open(tmp / "alone");
  EXPECT_EQ(alone->results_table(*alone->experiment()), tmp / "results/summary.csv");
}

TEST(RunFolder, OneThatCannotBeReadHidesNoOther) {
  const TemporaryFolder tmp;
  for (const char* name : {"a", "b"}) {
    config::Experiment e = experiment_in(tmp / name);
    ASSERT_TRUE(RunFolder::create(e));
  }
  std::filesystem::create_directory(tmp / "no-run");
  tmp.write("file", "");
  std::filesystem::create_symlink("loop", tmp / "loop");  // whoever tests may read everything
  const auto list = list_runs(tmp.path());
  ASSERT_TRUE(list) << list.error().text();
  ASSERT_EQ(list->runs.size(), 2u);
  EXPECT_EQ(list->runs[0].id(), "b");
  ASSERT_EQ(list->unreadable.size(), 1u);
  EXPECT_EQ(list->unreadable[0].message,
            "Cannot read " + (tmp / "loop").string() + ": Too many levels of symbolic links.");
  EXPECT_THAT(list_runs(tmp / "none").error().message, HasSubstr("No such file or directory"));
  EXPECT_THAT(RunFolder::open(tmp / std::string(300, 'x')).error().message,
              HasSubstr("File name too long"));
}

TEST(RunFolder, AHeartbeatOfTheFutureHoldsNothingUp) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  RunStatus status;
  status.state = RunState::running;
  status.host = "another";
  status.heartbeat = now_seconds() + 30;
  ASSERT_TRUE(folder->write_status(status));
  EXPECT_THAT(folder->claim().error().message, HasSubstr("on another"));
  status.heartbeat = now_seconds() + 86400;
  ASSERT_TRUE(folder->write_status(status));
  EXPECT_EQ(folder->status()->state, RunState::interrupted);
  EXPECT_TRUE(folder->claim());
}

TEST(RunFolder, NamesWhatIsNoRun) {
  const TemporaryFolder tmp;
  EXPECT_THAT(RunFolder::open(tmp / "none").error().message, HasSubstr("There is no run folder"));
  EXPECT_THAT(RunFolder::open(tmp.path()).error().message, HasSubstr("no config.yaml"));
}

TEST(RunFolder, IsClaimedByOneAtATime) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  auto first = folder->claim();
  ASSERT_TRUE(first);
  EXPECT_FALSE(folder->claim());
  first->reset();
  EXPECT_TRUE(folder->claim());
}

TEST(RunFolder, ReadsADeadProcessAsInterrupted) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  RunStatus status;
  status.state = RunState::running;
  status.host = host_name();
  status.pid = ::getpid();
  status.heartbeat = now_seconds();
  ASSERT_TRUE(folder->write_status(status));
  EXPECT_EQ(folder->status()->state, RunState::running);
  status.heartbeat -= 61;
  ASSERT_TRUE(folder->write_status(status));
  EXPECT_EQ(folder->status()->state, RunState::interrupted);
}

TEST(RunFolder, SaysWhenItsStatusIsDamaged) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  for (const char* text :
       {"{\"state\": \"run", "[]", "{\"state\": \"flying\"}", "{\"state\": 3}"}) {
    tmp.write("run/status.json", text);
    const auto status = folder->status();
    ASSERT_FALSE(status) << text;
    EXPECT_THAT(status.error().message, HasSubstr("status.json is damaged"));
  }
}

TEST(Heartbeat, LeavesFailedWhenNobodyFinishedIt) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  {
    const Heartbeat heartbeat(*folder, *folder->status());
    EXPECT_EQ(folder->status()->state, RunState::running);
  }
  EXPECT_EQ(folder->status()->state, RunState::failed);
  {
    Heartbeat heartbeat(*folder, *folder->status());
    EXPECT_TRUE(heartbeat.finish(RunState::paused, "why"));
  }
  EXPECT_EQ(folder->status()->state, RunState::paused);
  EXPECT_EQ(folder->status()->reason, "why");
}

MetricsRow row(std::int64_t step, const char* phase = "train") {
  MetricsRow r;
  r.step = step;
  r.epoch = 1;
  r.phase = phase;
  r.set(Metric::loss, 0.1 + static_cast<double>(step) / 3);
  r.set(Metric::top1, 12.5);
  r.set(Metric::top5, 50);
  r.time = 1e9 + 0.25;
  if (r.phase == "train") r.set(Metric::lr, 1.0 / 3);
  return r;
}

TEST(MetricsLog, CutsRowsAfterTheCheckpointAndATornLine) {
  const TemporaryFolder tmp;
  MetricsLog log(tmp / "metrics.jsonl");
  for (const std::int64_t step : {10, 20, 30}) ASSERT_TRUE(log.append(row(step)));
  const std::string two = to_line(row(10)) + "\n" + to_line(row(20)) + "\n";
  tmp.write("metrics.jsonl", read_text(tmp / "metrics.jsonl") + R"({"step": 40, "epo)");
  EXPECT_EQ(read_metrics(tmp / "metrics.jsonl")->damaged, std::vector<std::int64_t>{4});
  EXPECT_EQ(read_metrics(tmp / "metrics.jsonl")->rows.size(), 3u);
  ASSERT_TRUE(log.cut_after(20));
  EXPECT_EQ(read_text(tmp / "metrics.jsonl"), two)
      << "kept rows stay as they were, to the last digit";
}

TEST(MetricsLog, SaysWhichLinesAreLeftOut) {
  const TemporaryFolder tmp;
  const auto line = [](std::int64_t step) { return to_line(row(step)) + "\n"; };
  tmp.write("metrics.jsonl",
            line(10) + "{\"step\": \x01}\n" + line(20) + "\n" + line(30).substr(9));
  EXPECT_EQ(read_metrics(tmp / "metrics.jsonl")->damaged, (std::vector<std::int64_t>{2, 5}));
  {
    const log::FileSink sink((tmp / "log.txt").string());
    ASSERT_TRUE(MetricsLog(tmp / "metrics.jsonl").cut_after(20));
  }
  EXPECT_EQ(read_text(tmp / "metrics.jsonl"), line(10) + line(20));
  EXPECT_THAT(read_text(tmp / "log.txt"), HasSubstr("2 damaged lines are left out (line 2, 5)"));
}

}  // namespace
}  // namespace omniq::run
