#include "core/run/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/text.h"

namespace omniq::run {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

double value_of(const Numbers& values, Metric metric) {
  return number(values, info(metric).name, std::nan(""));
}

std::optional<MetricsRow> parse_line(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  // JSON has no NaN: null stands for it.
  const auto read = [&](const std::string& key, Numbers& values, const char* name) {
    if (const auto found = json.find(key); found != json.end())
      values[name] = found->is_null() ? std::nan("") : found->get<double>();
  };
  try {
    MetricsRow row;
    row.step = json.at("step").get<std::int64_t>();
    row.epoch = json.at("epoch").get<std::int64_t>();
    row.time = json.at("time").get<double>();
    row.phase = json.at("phase").get<std::string>();
    for (const MetricInfo& metric : kMetrics) {
      read(metric.name, row.values, metric.name);
      read(kOfEpoch + std::string(metric.name), row.of_epoch, metric.name);
    }
    if (!row.values.contains(info(Metric::loss).name)) return std::nullopt;
    return row;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string to_line(const MetricsRow& row) {
  Json json = {{"step", row.step}, {"epoch", row.epoch}, {"time", row.time}, {"phase", row.phase}};
  const auto write = [&](const std::string& key, const Numbers& values, const MetricInfo& metric) {
    const auto found = values.find(metric.name);
    if (found == values.end()) return;
    if (metric.whole && std::isfinite(found->second)) {
      json[key] = static_cast<std::int64_t>(found->second);
    } else {
      json[key] = found->second;
    }
  };
  for (const MetricInfo& metric : kMetrics) {
    write(metric.name, row.values, metric);
    write(kOfEpoch + std::string(metric.name), row.of_epoch, metric);
  }
  return json_text(json);
}

Status MetricsLog::append(const MetricsRow& row) {
  return append_to_file(path_, to_line(row) + "\n");
}

Status MetricsLog::cut_after(std::int64_t step) {
  OMNIQ_ASSIGN(const MetricsFile file, read_metrics(path_));
  if (!file.damaged.empty()) {
    constexpr std::size_t kNamed = 10;
    std::string lines;
    for (std::size_t i = 0; i < std::min(file.damaged.size(), kNamed); ++i)
      lines += cat(i > 0 ? ", " : "", file.damaged[i]);
    log::warning(cat(path_.string(), ": ", file.damaged.size(),
                     file.damaged.size() == 1 ? " damaged line is" : " damaged lines are",
                     " left out (line ", lines, file.damaged.size() > kNamed ? ", …" : "", ")."));
  }
  std::string kept;
  for (const MetricsRow& row : file.rows) {
    if (row.step <= step) kept += to_line(row) + "\n";
  }
  return write_file_atomic(path_, kept);
}

Result<MetricsFile> read_metrics(const std::filesystem::path& path) {
  MetricsFile file;
  std::error_code ec;
  if (!std::filesystem::exists(path, ec) && !ec) return file;
  OMNIQ_ASSIGN(const std::string text, read_file(path));
  std::int64_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    if (auto row = parse_line(line)) {
      file.rows.push_back(std::move(*row));
    } else {
      file.damaged.push_back(number);
    }
  }
  return file;
}

}  // namespace omniq::run
