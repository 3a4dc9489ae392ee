#include "ui/models/readers/run_pace.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

#include "core/base/text.h"
#include "core/config/settings.h"
#include "core/run/environment.h"
#include "core/run/run_folder.h"
#include "ui/base/text.h"

namespace omniq::ui {
namespace fs = std::filesystem;
namespace {

constexpr std::streamsize kHead = 256 * 1024;  // bytes of metrics: a thousand rows say enough

/// Whether the device and the number of threads are asked for or left to the program does not
/// matter: a run keeps the number that it had, and the device's name is compared.
std::string shape_of(config::Experiment e) {
  e.device = "auto";
  if (e.threads == 0) e.threads = std::max(1u, std::thread::hardware_concurrency());
  return config::step_key(e);
}

std::vector<run::MetricsRow> first_rows(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kHead, '\0');
  in.read(text.data(), kHead);
  text.resize(static_cast<std::size_t>(in.gcount()));
  text.resize(text.rfind('\n') + 1);
  std::vector<run::MetricsRow> rows;
  for (const std::string& line : split(text, '\n')) {
    if (auto row = run::parse_line(line)) rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace

double seconds_per_step(const std::vector<run::MetricsRow>& rows) {
  std::vector<double> all;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto &a = rows[i - 1], &b = rows[i];
    if (a.phase == "train" && b.phase == "train" && b.step > a.step && b.time > a.time)
      all.push_back((b.time - a.time) / static_cast<double>(b.step - a.step));
  }
  if (all.empty()) return 0;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

const PaceFinder::Known& PaceFinder::known(const fs::path& run) {
  const auto [found, fresh] = known_.try_emplace(run);
  if (!fresh) return found->second;
  const auto environment = run::read_environment(run);
  if (!environment) {
    known_.erase(found);  // it may begin later
    static const Known nothing;
    return nothing;
  }
  const auto folder = run::RunFolder::open(run);
  if (!folder || environment->host != run::host_name()) return found->second;
  if (const auto experiment = folder->experiment()) {
    found->second.device_name = environment->device_name;
    found->second.key = shape_of(*experiment);
  }
  return found->second;
}

std::optional<Pace> PaceFinder::find(const fs::path& workspace,
                                     const config::Experiment& experiment,
                                     const std::string& device_name,
                                     const std::function<bool()>& stop) {
  const std::string key = shape_of(experiment);
  const auto list = run::list_runs(workspace);
  if (!list) return std::nullopt;  // the list of runs says why
  for (const run::RunFolder& folder : list->runs) {
    if (stop()) return std::nullopt;
    const Known& run = known(folder.path());
    if (run.key != key || run.device_name != device_name) continue;
    const auto rows = first_rows(folder.file("metrics.jsonl"));
    Pace pace{to_qt(folder.id()), seconds_per_step(rows), 0};
    if (!(pace.seconds > 0)) continue;
    for (const run::MetricsRow& row : rows)
      pace.memory = std::fmax(pace.memory, row[run::Metric::vram_bytes]);  // NaN: on the CPU
    return pace;
  }
  return std::nullopt;
}

}  // namespace omniq::ui
