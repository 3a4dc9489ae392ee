#include "core/run/run_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/sha256.h"
#include "core/base/text.h"
#include "core/config/load.h"

namespace omniq::run {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kConfig = "config.yaml";
constexpr const char* kLock = ".lock";
constexpr double kHeartbeatSeconds = 60;  // further away: the process is taken for dead
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

tl::unexpected<Error> unreadable(const fs::path& folder, const std::error_code& reason) {
  return fail(ErrorCode::io, cat("Cannot read ", folder.string(), ": ", reason.message(), "."));
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

namespace {

/// An entry of a folder that nobody has trained in: whatever it is, a new run does not go there.
Status check_unused(const fs::path& folder) {
  std::error_code ec;
  fs::directory_iterator entry(folder, ec);
  for (; !ec && entry != fs::directory_iterator(); entry.increment(ec)) {
    if (entry->path().filename() == kLock) continue;
    std::error_code ignored;
    return fail(ErrorCode::config,
                cat("The run folder ", folder.string(), " exists and is not empty."),
                fs::exists(folder / kConfig, ignored)
                    ? "omniq resume continues the run in it; name another run.dir for a new one."
                    : "Name another run.dir.");
  }
  if (ec && ec != std::errc::no_such_file_or_directory) return unreadable(folder, ec);
  return {};
}

/// The lock is the kernel's and ends with its process, whatever ended it.
Result<std::shared_ptr<void>> lock_folder(const fs::path& folder) {
  const fs::path lock = folder / kLock;
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0)
    return fail(ErrorCode::io,
                cat("Cannot write to ", folder.string(), ": ", std::strerror(errno), "."),
                "The run folder must be writable.");
  std::shared_ptr<void> held(nullptr, [fd](void*) { ::close(fd); });
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return held;
  if (errno != EWOULDBLOCK)
    return fail(ErrorCode::io, cat("Cannot lock ", lock.string(), ": ", std::strerror(errno), "."),
                "Runs need a file system with locks (flock).");
  return fail(ErrorCode::usage,
              cat("The run ", folder.string(), " is being trained by another process."),
              "Stop that one first.");
}

/// Tells a file that was cut or changed from one that is whole: a part of a YAML file is a YAML
/// file, of other settings.
constexpr const char* kSeal = "# SHA-256 of the lines above: ";

std::string sha256(std::string_view text) {
  Sha256 sum;
  sum.update(text);
  return sum.hex();
}

std::string sealed(const std::string& yaml) { return yaml + kSeal + sha256(yaml) + "\n"; }

enum class Seal { none, whole, broken };
Seal examine_seal(std::string_view text) {
  const std::size_t at = text.rfind(kSeal);
  if (at == std::string_view::npos) return Seal::none;
  const std::string_view sum = trim(text.substr(at + std::string_view(kSeal).size()));
  return sum == sha256(text.substr(0, at)) ? Seal::whole : Seal::broken;
}

}  // namespace

Result<RunFolder> RunFolder::create(config::Experiment& experiment) {
  fs::path folder = experiment.run.dir;
  std::error_code ec;
  // config.yaml could not say where the run, its data and its weights are.
  if (fs::path here = fs::current_path(ec); !ec && !is_utf8(here.string())) {
    return fail(ErrorCode::config,
                cat("The working folder ", here.string(), " has a name that is not UTF-8."),
                "Rename it, or start the run from another folder.");
  }
  if (folder.empty()) {
    const fs::path base =
        fs::path(experiment.train.save_dir) / (time_stamp() + "_" + default_name(experiment));
    fs::create_directories(base.parent_path(), ec);
    folder = base;
    for (int i = 2; !fs::create_directory(folder, ec) && !ec; ++i)
      folder = cat(base.string(), "-", i);
  } else {
    OMNIQ_TRY(check_unused(folder));
    fs::create_directories(folder, ec);
  }
  if (ec)
    return fail(ErrorCode::io,
                cat("Cannot make the run folder ", folder.string(), ": ", ec.message(), "."),
                "Name a folder that you may write to.");
  folder = fs::absolute(folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  OMNIQ_ASSIGN(const auto lock, lock_folder(folder));
  OMNIQ_TRY(check_unused(folder));  // another process may have been here in between
  if (!fs::create_directory(folder / "checkpoints", ec))
    return fail(ErrorCode::io, cat("Cannot write to ", folder.string(), ": ", ec.message(), "."),
                "Name a folder that you may write to.");

  // What depends on the working folder is made absolute, so that the run can be continued from
  // anywhere.
  for (std::string* path : {&experiment.data.root, &experiment.train.save_dir,
                            &experiment.backbone.weights, &experiment.init_from_pretrain}) {
    if (!path->empty()) *path = fs::absolute(*path).lexically_normal().string();
  }
  for (std::string* path :
       {&experiment.data.trainlist, &experiment.data.testlist, &experiment.data.classind}) {
    if (!path->empty() && fs::exists(*path, ec))
      *path = fs::absolute(*path).lexically_normal().string();
  }
  config::Experiment saved = experiment;
  saved.run.dir.clear();  // starting from config.yaml makes a new run
  OMNIQ_TRY(write_file_atomic(folder / kConfig, sealed(config::to_yaml(saved))));
  RunFolder run(folder);
  RunStatus status;
  status.started = now_seconds();
  status.host = host_name();
  OMNIQ_TRY(run.write_status(status));
  return run;
}

Result<RunFolder> RunFolder::open(const fs::path& given) {
  const fs::path folder = fs::absolute(given.empty() ? "." : given).lexically_normal();
  constexpr const char* kHint = "omniq runs lists the runs of a folder.";
  std::error_code ec;
  if (fs::exists(folder / kConfig, ec))
    return RunFolder(folder.has_filename() ? folder : folder.parent_path());
  if (ec) return unreadable(folder, ec);
  if (!fs::exists(folder, ec))
    return fail(ErrorCode::usage, cat("There is no run folder ", given.string(), "."), kHint);
  return fail(ErrorCode::usage,
              cat(given.string(), " is not a run folder: it has no ", kConfig, "."), kHint);
}

fs::path RunFolder::results_table(const config::Experiment& experiment) const {
  const fs::path holder = path_.parent_path();
  fs::path recorded = fs::path(experiment.train.save_dir).lexically_normal();
  if (!recorded.has_filename()) recorded = recorded.parent_path();
  const bool workspace = holder.filename() == recorded.filename();
  return (workspace ? holder.parent_path() : holder) / "results" / "summary.csv";
}

Result<config::Experiment> RunFolder::experiment(std::span<const std::string> overrides) const {
  const std::string file = (path_ / kConfig).string();
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const Seal seal = examine_seal(text);
  if (seal == Seal::broken) {
    return fail(
        ErrorCode::io,
        cat(file, " is damaged: it is not what was written into it (its checksum differs)."),
        "Restore it from a copy. If you changed it on purpose, delete its last line, the "
        "checksum.");
  }
  config::Parsed parsed = config::parse(text, file, overrides);
  // What a new folder is named after is nothing to an old one, which may be of a version that took
  // any name.
  const bool named = std::erase_if(parsed.findings, [&](const config::Finding& finding) {
    return finding.key == "run.name" && finding.message.starts_with(file);
  });
  if (named && parsed.findings.empty()) parsed.findings = config::cross_check(parsed.experiment);
  // Without a checksum: cut, or of a version that wrote none. What is no YAML is said below.
  if (seal == Seal::none && (!parsed.given.empty() || trim(text).empty())) {
    std::vector<std::string> missing;
    for (const config::Setting& setting : config::settings()) {
      if (!setting.newer && !parsed.given.contains(setting.key)) missing.push_back(setting.key);
    }
    std::string hint = "Restore it from a copy, or add them (omniq config prints all).";
    for (const config::Finding& f : parsed.findings) hint += cat("\n", f.message, " ", f.hint);
    if (!missing.empty())
      return fail(ErrorCode::io,
                  cat(file, " is damaged: it lacks ", missing.size(),
                      " settings: ", join(missing, ", "), "."),
                  hint);
  }
  return config::resolve(std::move(parsed));
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
    // A heartbeat of the future is one of a clock that was wrong, then or now.
    if (gone || std::abs(now_seconds() - status.heartbeat) > kHeartbeatSeconds)
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
  auto held = lock_folder(path_);
  const auto current = status();
  const bool elsewhere =
      current && current->state == RunState::running && current->host != host_name();
  const bool busy = !held && held.error().code == ErrorCode::usage;
  if (current && (elsewhere || (busy && current->state == RunState::running))) {
    return fail(ErrorCode::usage,
                cat("The run ", path_.string(), " is being trained by process ", current->pid,
                    " on ", current->host, "."),
                "Stop that one first.");
  }
  return held;
}

Result<RunList> list_runs(const fs::path& workspace) {
  RunList list;
  std::error_code ec;
  fs::directory_iterator entry(workspace, ec);
  for (; !ec && entry != fs::directory_iterator(); entry.increment(ec)) {
    if (auto run = RunFolder::open(entry->path())) {
      list.runs.push_back(std::move(*run));
    } else if (run.error().code == ErrorCode::io) {
      list.unreadable.push_back(run.error());
    }
  }
  if (ec) return unreadable(workspace, ec);
  std::sort(list.runs.begin(), list.runs.end(),
            [](const RunFolder& a, const RunFolder& b) { return a.id() > b.id(); });
  return list;
}

}  // namespace omniq::run
