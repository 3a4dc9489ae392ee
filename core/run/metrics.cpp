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

std::optional<MetricsRow> parse_line(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  try {
    MetricsRow row;
    row.step = json.at("step").get<std::int64_t>();
    row.epoch = json.at("epoch").get<std::int64_t>();
    row.phase = json.at("phase").get<std::string>();
    row.loss = json.at("loss").is_null() ? std::nan("") : json.at("loss").get<double>();
    row.top1 = json.at("top1").get<double>();
    row.top5 = json.at("top5").get<double>();
    row.time = json.at("time").get<double>();
    const auto optional = [&](const char* key, auto& out) {
      using T = typename std::remove_reference_t<decltype(out)>::value_type;
      if (json.contains(key) && !json[key].is_null()) out = json[key].get<T>();
    };
    optional("lr", row.lr);
    optional("epoch_loss", row.epoch_loss);
    optional("epoch_top1", row.epoch_top1);
    optional("epoch_top5", row.epoch_top5);
    optional("clips_per_second", row.clips_per_second);
    optional("data_wait", row.data_wait);
    optional("vram_bytes", row.vram_bytes);
    return row;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string to_line(const MetricsRow& row) {
  Json json = {{"step", row.step}, {"epoch", row.epoch}, {"time", row.time}, {"phase", row.phase},
               {"loss", row.loss}, {"top1", row.top1},   {"top5", row.top5}};
  const auto optional = [&](const char* key, const std::optional<double>& value) {
    if (value) json[key] = *value;
  };
  optional("lr", row.lr);
  optional("epoch_loss", row.epoch_loss);
  optional("epoch_top1", row.epoch_top1);
  optional("epoch_top5", row.epoch_top5);
  optional("clips_per_second", row.clips_per_second);
  optional("data_wait", row.data_wait);
  if (row.phase == "train")
    json["vram_bytes"] = row.vram_bytes ? Json(*row.vram_bytes) : Json(nullptr);
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
