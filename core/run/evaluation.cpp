#include "core/run/evaluation.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"

namespace omniq::run {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char *kSummary = "summary.json", *kPredictions = "predictions.csv",
                     *kConfusion = "confusion.csv";
constexpr std::size_t kTop = 5, kBeforeTop = 4;  // columns of predictions.csv before the best five

std::map<std::string, std::size_t> indices_of(const std::vector<std::string>& classes) {
  std::map<std::string, std::size_t> indices;
  for (std::size_t i = 0; i < classes.size(); ++i) indices[classes[i]] = i;
  return indices;
}

std::string predictions_csv(const std::vector<ClipPrediction>& predictions) {
  std::string out = "clip,label,correct,problem";
  for (std::size_t k = 1; k <= kTop; ++k) out += cat(",top", k, ",probability", k);
  out += "\n";
  for (const ClipPrediction& p : predictions) {
    out += cat(csv_field(p.clip), ",", csv_field(p.label), ",", p.correct ? 1 : 0, ",",
               csv_field(p.problem));
    for (std::size_t k = 0; k < kTop; ++k) {
      const bool there = k < p.top.size();
      out +=
          there ? cat(",", csv_field(p.top[k].label), ",", fixed(p.top[k].probability, 6)) : ",,";
    }
    out += "\n";
  }
  return out;
}

std::string confusion_csv(const Evaluation& e) {
  std::string out = "label \\ prediction";
  for (const std::string& name : e.classes) out += cat(",", csv_field(name));
  out += "\n";
  for (std::size_t row = 0; row < e.confusion.size(); ++row) {
    out += csv_field(e.classes[row]);
    for (const std::int64_t count : e.confusion[row]) out += cat(",", count);
    out += "\n";
  }
  return out;
}

tl::unexpected<Error> damaged(const fs::path& file, const std::string& what) {
  return fail(ErrorCode::io, cat(file.string(), " is damaged: ", what, "."),
              "Evaluate the run again: omniq eval RUN.");
}

template <class Number>
bool read_number(const std::string& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Status read_confusion(const fs::path& file, Evaluation& out) {
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const auto rows = csv_rows(text);
  if (!rows.empty()) out.classes.assign(rows.front().begin() + 1, rows.front().end());
  bool square = rows.size() == out.classes.size() + 1;
  for (std::size_t r = 1; square && r < rows.size(); ++r) {
    square = rows[r].size() == rows.size();
    std::vector<std::int64_t>& counts = out.confusion.emplace_back(out.classes.size());
    for (std::size_t c = 0; square && c < counts.size(); ++c)
      square = read_number(rows[r][c + 1], counts[c]);
  }
  return square ? Status() : damaged(file, "it is not a square table of counts");
}

Status read_predictions(const fs::path& file, Evaluation& out) {
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  const auto rows = csv_rows(text);
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const std::vector<std::string>& row = rows[r];
    if (row.size() < kBeforeTop + 2 * kTop)
      return damaged(file, cat("line ", r + 1, " is cut off"));
    ClipPrediction& p = out.predictions.emplace_back();
    p.clip = row[0], p.label = row[1], p.correct = row[2] == "1", p.problem = row[3];
    for (std::size_t k = kBeforeTop; k < kBeforeTop + 2 * kTop && !row[k].empty(); k += 2) {
      p.top.push_back({row[k]});
      if (!read_number(row[k + 1], p.top.back().probability))
        return damaged(file, cat("line ", r + 1, " has no probability"));
    }
  }
  return {};
}

Summary parse_summary(const Json& json) {
  Summary s;
  s.run = json.value("run", "");
  s.dataset = json.value("dataset", "");
  s.split = json.value("split", "");
  s.testlist = json.value("testlist", "");
  s.own_list = json.value("own_list", true);
  s.trained_on = json.value("trained_on", std::int64_t{0});
  s.clips = json.value("clips", s.clips);
  s.unreadable = json.value("unreadable", s.unreadable);
  s.top1 = json.at("top1");
  s.top5 = json.at("top5");
  s.loss = json.value("loss", s.loss);
  s.parameters = {json.at("params"), json.at("trainable_params")};
  if (json.contains("protocol")) {
    const Json& p = json["protocol"];
    s.protocol = Protocol{p.at("frames"),   p.at("stride"),         p.at("size"),
                          p.at("sampling"), p.at("temporal_views"), p.at("spatial_views")};
  }
  s.batch = json.value("batch", s.batch);
  if (const Json& m = json.at("peak_vram_bytes"); !m.is_null()) {
    const Json& process = m.at("process");
    s.memory = DeviceMemory{m.at("allocated"), m.at("reserved"),
                            process.is_null() ? 0 : process.get<std::int64_t>()};
  }
  if (const Json& l = json.at("latency_ms"); !l.is_null()) {
    s.latency = Latency{l.at("batch"), Timing{l.at("median"), l.at("p10"), l.at("p90"),
                                              l.at("mean"), l.at("runs")}};
  }
  s.latency_note = json.value("latency_note", "");
  s.device = json.value("device", "");
  s.precision = json.value("precision", "");
  s.checkpoint = json.value("checkpoint", "");
  return s;
}

}  // namespace

Protocol protocol_of(const config::Experiment& e) {
  return {e.frames, e.stride, e.size, e.data.sampling, e.eval.temporal_views, e.eval.spatial_views};
}

std::vector<std::vector<std::int64_t>> confusion_of(
    const std::vector<std::string>& classes, const std::vector<ClipPrediction>& predictions) {
  std::vector<std::vector<std::int64_t>> counts(classes.size(),
                                                std::vector<std::int64_t>(classes.size()));
  const auto index = indices_of(classes);
  for (const ClipPrediction& p : predictions) {
    if (!p.label.empty() && !p.top.empty())
      ++counts[index.at(p.label)][index.at(p.top.front().label)];
  }
  return counts;
}

std::string summary_text(const Evaluation& e) {
  const Summary& s = e.summary;
  Json json = {{"run", s.run},
               {"dataset", s.dataset},
               {"split", s.split},
               {"testlist", s.testlist},
               {"own_list", s.own_list},
               {"trained_on", s.trained_on},
               {"clips", s.clips},
               {"unreadable", s.unreadable},
               {"top1", s.top1},
               {"top5", s.top5},
               {"loss", s.loss},
               {"params", s.parameters.total},
               {"trainable_params", s.parameters.trainable}};
  if (const auto& p = s.protocol) {
    json["protocol"] = {{"frames", p->frames},
                        {"stride", p->stride},
                        {"size", p->size},
                        {"sampling", p->sampling},
                        {"temporal_views", p->temporal_views},
                        {"spatial_views", p->spatial_views}};
  }
  json["batch"] = s.batch;  // of the accuracy; latency has its own
  json["peak_vram_bytes"] = nullptr;
  if (const auto& m = s.memory) {
    json["peak_vram_bytes"] = {{"allocated", m->allocated},
                               {"reserved", m->reserved},
                               {"process", m->process > 0 ? Json(m->process) : Json(nullptr)}};
  }
  json["latency_ms"] = nullptr;
  if (s.latency) {
    const Timing& t = s.latency->timing;
    json["latency_ms"] = {
        {"batch", s.latency->batch},         {"median", t.median}, {"p10", t.p10},  {"p90", t.p90},
        {"per_clip", s.latency->per_clip()}, {"mean", t.mean},     {"runs", t.runs}};
  } else {
    json["latency_note"] = s.latency_note;
  }
  json["device"] = s.device;
  json["precision"] = s.precision;
  json["checkpoint"] = s.checkpoint;
  std::vector<std::int64_t> hits(e.classes.size()), clips(e.classes.size());
  Json per_class = Json::array(), unreadable = Json::array();
  const auto index = indices_of(e.classes);
  for (const ClipPrediction& p : e.predictions) {
    if (!p.problem.empty()) unreadable.push_back({{"clip", p.clip}, {"problem", p.problem}});
    if (p.label.empty()) continue;
    const std::size_t label = index.at(p.label);
    ++clips[label];
    hits[label] += p.correct;
  }
  for (std::size_t i = 0; i < e.classes.size(); ++i) {
    const double share = static_cast<double>(hits[i]) / static_cast<double>(clips[i]);
    per_class.push_back({{"class", e.classes[i]},
                         {"clips", clips[i]},
                         {"top1", clips[i] > 0 ? Json(100.0 * share) : Json(nullptr)}});
  }
  json["per_class"] = std::move(per_class);
  json["unreadable_clips"] = std::move(unreadable);
  return json_text(json, 2) + "\n";
}

fs::path evaluation_folder(const RunFolder& folder, const Summary& summary) {
  const fs::path eval = folder.path() / "eval";
  if (summary.own_list) return eval;
  std::string name = cat(summary.dataset, "-", summary.split);
  std::replace(name.begin(), name.end(), '/', '_');
  return eval / name;
}

Status check_recordable(const RunFolder& folder, const config::Experiment& e) {
  OMNIQ_TRY(check_writable(folder.path() / "eval"));
  return check_writable(folder.results_table(e).parent_path());
}

Status write_evaluation(const fs::path& folder, const Evaluation& e) {
  OMNIQ_TRY(make_folder(folder));
  OMNIQ_TRY(write_file_atomic(folder / kPredictions, predictions_csv(e.predictions)));
  OMNIQ_TRY(write_file_atomic(folder / kConfusion, confusion_csv(e)));
  return write_file_atomic(folder / kSummary, summary_text(e));
}

Result<Summary> read_summary(const fs::path& folder) {
  OMNIQ_ASSIGN(const std::string text, read_file(folder / kSummary));
  try {
    return parse_summary(Json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    return damaged(folder / kSummary, e.what());
  }
}

Result<Evaluation> read_evaluation(const fs::path& folder) {
  Evaluation e;
  OMNIQ_ASSIGN(e.summary, read_summary(folder));
  OMNIQ_TRY(read_confusion(folder / kConfusion, e));
  OMNIQ_TRY(read_predictions(folder / kPredictions, e));
  return e;
}

}  // namespace omniq::run
