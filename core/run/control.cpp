#include "core/run/control.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/text.h"

namespace omniq::run {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char *kFile = "control.json", *kTaken = ".control.json.taken";
constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr std::pair<Request, const char*> kRequests[] = {{Request::pause, "pause"},
                                                         {Request::stop_now, "stop now"}};

/// What the file asks of this process.
std::optional<Request> parse(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    if (json.at("host") != host_name() || json.at("pid") != ::getpid()) return std::nullopt;
    for (const auto& [request, name] : kRequests) {
      if (json.at("request") == name) return request;
    }
  } catch (const nlohmann::json::exception&) {
  }
  log::warning(cat(kFile, " asks for nothing that is known and is dropped: ", shown(text)));
  return std::nullopt;
}

std::optional<Request> take(const RunFolder& folder) {
  const fs::path taken = folder.file(kTaken);
  std::error_code ec;
  fs::rename(folder.file(kFile), taken, ec);  // first: what is asked from now on is another file
  if (ec) return std::nullopt;
  const auto text = read_file(taken);
  fs::remove(taken, ec);
  return text ? parse(*text) : std::nullopt;
}

}  // namespace

Result<RunStatus> ask(const RunFolder& folder, Request request) {
  OMNIQ_ASSIGN(RunStatus status, folder.status());
  if (status.state == RunState::paused) return status;
  if (status.state != RunState::running) {
    const std::string run = folder.path().string();
    return fail(
        ErrorCode::usage,
        cat("The run ", run, " is ", state_name(status.state), ": there is no training to end."),
        status.state == RunState::finished ? "" : cat("omniq resume ", run, " goes on."));
  }
  Json json = {{"request", nullptr}, {"host", status.host}, {"pid", status.pid}};
  for (const auto& [value, name] : kRequests) {
    if (value == request) json["request"] = name;
  }
  OMNIQ_TRY(write_file_atomic(folder.file(kFile), json_text(json) + "\n"));
  return status;
}

Result<RunStatus> wait_until_ended(const RunFolder& folder, const RunStatus& asked) {
  for (;; std::this_thread::sleep_for(kPoll)) {
    OMNIQ_ASSIGN(RunStatus now, folder.status());
    if (now.state != RunState::running || now.pid != asked.pid || now.host != asked.host)
      return now;
  }
}

RequestListener::RequestListener(const RunFolder& folder, std::function<void(Request)> heard)
    : folder_(folder), heard_(std::move(heard)) {
  std::error_code ec;
  fs::remove(folder_.file(kFile), ec);
  thread_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
}

RequestListener::~RequestListener() {
  thread_.request_stop();
  thread_.join();
  (void)take(folder_);  // the run has ended: nobody is left to hear it
}

void RequestListener::listen(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (const auto request = take(folder_)) {
      log::info(*request == Request::pause ? "Asked to pause: the state is saved first."
                                           : "Asked to stop without saving.");
      heard_(*request);
    }
    wake.wait_for(lock, stop, kPoll, [] { return false; });
  }
}

}  // namespace omniq::run
