#include "core/run/run_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/config/load.h"

namespace omniq::run {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr double kHeartbeatSeconds = 60;  // older: the process is taken for dead
constexpr std::pair<RunState, const char*> kStates[] = {
    {RunState::queued, "queued"}, {RunState::running, "running"},
    {RunState::paused, "paused"}, {RunState::finished, "finished"},
    {RunState::failed, "failed"}, {RunState::interrupted, "interrupted"}};

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d_%H%M", &local);
  return text;
}

std::string default_name(const config::Experiment& e) {
  if (!e.run.name.empty()) return e.run.name;
  return e.fusion.name + "-" + e.train.trainable;
}

}  // namespace

const char* state_name(RunState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "";
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  char text[256] = {};
  ::gethostname(text, sizeof text - 1);
  return text;
}

Result<RunFolder> RunFolder::create(config::Experiment& experiment) {
  fs::path folder = experiment.run.dir;
  if (folder.empty()) {
    const std::string base =
        (fs::path(experiment.train.save_dir) / (time_stamp() + "_" + default_name(experiment)))
            .string();
    folder = base;
    for (int i = 2; fs::exists(folder); ++i) folder = cat(base, "-", i);
  }
  std::error_code ec;
  // config.yaml could not say where the run, its data and its weights are.
  if (fs::path here = fs::current_path(ec); !ec && !is_utf8(here.string())) {
    return fail(ErrorCode::config,
                cat("The working folder ", here.string(), " has a name that is not UTF-8."),
                "Rename it, or start the run from another folder.");
  }
  folder = fs::absolute(folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder, ec))) {
    return fail(ErrorCode::config,
                cat("The run folder ", folder.string(), " exists and is not empty."),
                fs::exists(folder / "config.yaml")
                    ? "omniq resume continues the run in it; name another run.dir for a new one."
                    : "Name another run.dir.");
  }
  fs::create_directories(folder / "checkpoints", ec);
  if (ec)
    return fail(ErrorCode::io,
                cat("Cannot make the run folder ", folder.string(), ": ", ec.message(), "."),
                "Name a folder that you may write to.");

  // What depends on the working folder is made absolute, so that the run can be continued from
  // anywhere.
  for (std::string* path : {&experiment.data.root, &experiment.train.save_dir,
                            &experiment.backbone.weights, &experiment.init_from_pretrain}) {
    if (!path->empty()) *path = fs::absolute(*path).lexically_normal().string();
  }
  for (std::string* path :
       {&experiment.data.trainlist, &experiment.data.testlist, &experiment.data.classind}) {
    if (!path->empty() && fs::exists(*path))
      *path = fs::absolute(*path).lexically_normal().string();
  }
  config::Experiment saved = experiment;
  saved.run.dir.clear();  // starting from config.yaml makes a new run
  OMNIQ_TRY(write_file_atomic(folder / "config.yaml", config::to_yaml(saved)));
  RunFolder run(folder);
  RunStatus status;
  status.started = now_seconds();
  status.host = host_name();
  OMNIQ_TRY(run.write_status(status));
  return run;
}

Result<RunFolder> RunFolder::open(const fs::path& given) {
  const fs::path folder = fs::absolute(given.empty() ? "." : given).lexically_normal();
  if (!fs::exists(folder)) {
    return fail(ErrorCode::usage, cat("There is no run folder ", given.string(), "."),
                "omniq runs lists the runs of a folder.");
  }
  if (!fs::exists(folder / "config.yaml")) {
    return fail(ErrorCode::usage,
                cat(given.string(), " is not a run folder: it has no config.yaml."),
                "omniq runs lists the runs of a folder.");
  }
  return RunFolder(folder.has_filename() ? folder : folder.parent_path());
}

Result<config::Experiment> RunFolder::experiment(std::span<const std::string> overrides) const {
  return config::load(path_ / "config.yaml", overrides);
}

Result<RunStatus> RunFolder::status() const {
  OMNIQ_ASSIGN(const std::string text, read_file(path_ / "status.json"));
  const auto damaged = [&](const std::string& what) {
    return fail(ErrorCode::io, cat((path_ / "status.json").string(), " is damaged: ", what, "."),
                "omniq resume writes a new one.");
  };
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return damaged("it is not JSON");
  RunStatus status;
  try {
    const std::string name = json.at("state").get<std::string>();
    const auto* found = std::find_if(std::begin(kStates), std::end(kStates),
                                     [&](auto& s) { return name == s.second; });
    if (found == std::end(kStates)) return damaged("state '" + name + "' is not known");
    status.state = found->first;
    status.pid = json.value("pid", std::int64_t{0});
    status.host = json.value("host", "");
    status.heartbeat = json.value("heartbeat", 0.0);
    status.started = json.value("started", 0.0);
    status.reason = json.value("reason", "");
    status.epoch = json.value("epoch", std::int64_t{0});
    status.epochs = json.value("epochs", std::int64_t{0});
    status.step = json.value("step", std::int64_t{0});
    status.steps = json.value("steps", std::int64_t{0});
    status.best_top1 = json.value("best_top1", -1.0);
    status.best_epoch = json.value("best_epoch", std::int64_t{0});
    status.selection = json.value("selection", "");
    status.unreadable = json.value("unreadable", std::int64_t{0});
  } catch (const nlohmann::json::exception& e) {
    return damaged(e.what());
  }
  if (status.state == RunState::running) {
    const bool gone = status.host == host_name() &&
                      ::kill(static_cast<pid_t>(status.pid), 0) != 0 && errno == ESRCH;
    if (gone || now_seconds() - status.heartbeat > kHeartbeatSeconds)
      status.state = RunState::interrupted;
  }
  return status;
}

Status RunFolder::write_status(const RunStatus& s) const {
  const Json json = {{"state", state_name(s.state)},
                     {"pid", s.pid},
                     {"host", s.host},
                     {"heartbeat", s.heartbeat},
                     {"started", s.started},
                     {"reason", s.reason},
                     {"epoch", s.epoch},
                     {"epochs", s.epochs},
                     {"step", s.step},
                     {"steps", s.steps},
                     {"best_top1", s.best_top1},
                     {"best_epoch", s.best_epoch},
                     {"selection", s.selection},
                     {"unreadable", s.unreadable}};
  return write_file_atomic(path_ / "status.json", json_text(json, 2) + "\n");
}

Result<std::shared_ptr<void>> RunFolder::claim() const {
  const fs::path lock = path_ / ".lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(ErrorCode::io, cat("Cannot write to ", path_.string(), "."),
                "The run folder must be writable.");
  std::shared_ptr<void> claim(nullptr, [fd](void*) { ::close(fd); });
  const auto current = status();
  const bool elsewhere =
      current && current->state == RunState::running && current->host != host_name();
  // The lock is the kernel's and ends with its process, whatever ended it.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || elsewhere) {
    return fail(ErrorCode::usage,
                current ? cat("The run ", path_.string(), " is being trained by process ",
                              current->pid, " on ", current->host, ".")
                        : cat("The run ", path_.string(), " is being trained by another process."),
                "Stop that one first.");
  }
  return claim;
}

std::vector<RunFolder> list_runs(const fs::path& workspace) {
  std::vector<RunFolder> runs;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(workspace, ec)) {
    if (auto run = RunFolder::open(entry.path())) runs.push_back(std::move(*run));
  }
  std::sort(runs.begin(), runs.end(),
            [](const RunFolder& a, const RunFolder& b) { return a.id() > b.id(); });
  return runs;
}

}  // namespace omniq::run
