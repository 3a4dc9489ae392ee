#include "core/eval/report.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/model/fusion/registry.h"

namespace omniq::eval {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const char* const kSummaryHeader =
    "model,vision_backbone,fusion_depth,lora_enabled,dataset,split,frames,stride,size,batch_eval,"
    "top1,top5,params_M,"
    "trainable_params_M,peak_vram_GB,avg_latency_ms,ckpt";

namespace {

std::string predictions_csv(const Evaluation& evaluation, const data::Split& test,
                            const std::vector<std::string>& classes) {
  std::string out = "clip,label,correct,problem";
  for (int k = 1; k <= 5; ++k) out += cat(",top", k, ",probability", k);
  out += "\n";
  for (const ClipPrediction& p : evaluation.predictions) {
    const data::ClipRef& clip = test.clips[p.clip];
    const std::string label = clip.label >= 0 ? classes[clip.label] : "";
    const bool correct = !p.top.empty() && p.top.front() == clip.label;
    out += cat(csv_field(clip.id), ",", csv_field(label), ",", correct ? 1 : 0, ",",
               csv_field(p.problem));
    for (std::size_t k = 0; k < 5; ++k) {
      if (k < p.top.size()) {
        out += cat(",", csv_field(classes[p.top[k]]), ",", fixed(p.probabilities[k], 6));
      } else {
        out += ",,";
      }
    }
    out += "\n";
  }
  return out;
}

std::string confusion_csv(const std::vector<std::vector<std::int64_t>>& counts,
                          const std::vector<std::string>& classes) {
  std::string out = "label \\ prediction";
  for (const std::string& name : classes) out += cat(",", csv_field(name));
  out += "\n";
  for (std::size_t row = 0; row < counts.size(); ++row) {
    out += csv_field(classes[row]);
    for (const std::int64_t count : counts[row]) out += cat(",", count);
    out += "\n";
  }
  return out;
}

/// What a row of the table is about: its dataset, split and ckpt, as they stand there.
std::array<std::string, 3> evaluated(const std::string& row) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : row) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  constexpr std::size_t kDataset = 4, kSplit = 5, kCkpt = 16;
  if (fields.size() <= kCkpt) return {};
  return {fields[kDataset], fields[kSplit], fields[kCkpt]};
}

/// Holds a lock file for the table, so that two evaluations that end together both leave their row.
class TableLock {
 public:
  explicit TableLock(const fs::path& table)
      : fd_(::open((table.string() + ".lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~TableLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  TableLock(const TableLock&) = delete;
  TableLock& operator=(const TableLock&) = delete;

 private:
  int fd_;
};

}  // namespace

std::vector<std::vector<std::int64_t>> confusion_matrix(const Evaluation& evaluation,
                                                        const data::Split& test,
                                                        std::size_t classes) {
  std::vector<std::vector<std::int64_t>> counts(classes, std::vector<std::int64_t>(classes, 0));
  for (const ClipPrediction& p : evaluation.predictions) {
    const std::int64_t label = test.clips[p.clip].label;
    if (label >= 0 && !p.top.empty()) ++counts[label][p.top.front()];
  }
  return counts;
}

Json summary_to_json(const Summary& s, const std::vector<std::string>& classes,
                     const data::Split& test) {
  const Evaluation& e = s.evaluation;
  Json json = {{"run", s.run},
               {"dataset", s.dataset},
               {"split", s.split},
               {"testlist", s.testlist},
               {"own_list", s.own_list},
               {"clips", e.clips},
               {"unreadable", e.unreadable},
               {"top1", e.top1},
               {"top5", e.top5},
               {"loss", e.loss},
               {"params", s.parameters.total},
               {"trainable_params", s.parameters.trainable}};
  const Protocol& p = s.protocol;
  json["protocol"] = {{"frames", p.frames},
                      {"stride", p.stride},
                      {"size", p.size},
                      {"sampling", p.sampling},
                      {"temporal_views", p.temporal_views},
                      {"spatial_views", p.spatial_views}};
  json["batch"] = s.batch;  // of the accuracy; latency has its own
  json["peak_vram_bytes"] = nullptr;
  if (s.memory) {
    json["peak_vram_bytes"] = {
        {"allocated", s.memory->allocated},
        {"reserved", s.memory->reserved},
        {"process", s.memory->process > 0 ? Json(s.memory->process) : Json(nullptr)}};
  }
  json["latency_ms"] = nullptr;
  if (s.latency) {
    const Timing& t = s.latency->timing;
    const auto batch = static_cast<double>(s.latency->batch);
    json["latency_ms"] = {{"batch", t.median}, {"median", t.median},           {"p10", t.p10},
                          {"p90", t.p90},      {"per_clip", t.median / batch}, {"mean", t.mean},
                          {"runs", t.runs}};
    json["latency_ms"]["batch"] = s.latency->batch;
  } else {
    json["latency_note"] = s.latency_note;
  }
  json["device"] = s.device;
  json["precision"] = s.precision;
  json["checkpoint"] = s.checkpoint;
  std::vector<std::int64_t> hits(classes.size()), clips(classes.size());
  for (const ClipPrediction& p : e.predictions) {
    const std::int64_t label = test.clips[p.clip].label;
    if (label < 0) continue;
    ++clips[label];
    if (!p.top.empty() && p.top.front() == label) ++hits[label];
  }
  json["per_class"] = Json::array();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    json["per_class"].push_back({{"class", classes[i]},
                                 {"clips", clips[i]},
                                 {"top1", clips[i] > 0 ? Json(100.0 * static_cast<double>(hits[i]) /
                                                              static_cast<double>(clips[i]))
                                                       : Json(nullptr)}});
  }
  json["unreadable_clips"] = Json::array();
  for (const ClipPrediction& p : e.predictions) {
    if (!p.problem.empty())
      json["unreadable_clips"].push_back({{"clip", test.clips[p.clip].id}, {"problem", p.problem}});
  }
  return json;
}

std::string summary_row(const Summary& s, const config::Experiment& e) {
  const double latency =
      s.latency ? s.latency->timing.mean / static_cast<double>(s.latency->batch) : 0;
  const model::FusionKind* fusion = model::find_fusion(e.fusion.name);
  const std::int64_t depth = fusion != nullptr && fusion->sequence ? e.fusion.depth : 0;
  // SPEC: avg_latency_ms is that of a batch of batch_eval clips.
  const std::int64_t batch = s.latency ? s.latency->batch : s.batch;
  return cat(csv_field("omniq_" + e.fusion.name), ",", csv_field(e.vision_backbone), ",", depth,
             ",", e.train.trainable == "lora" ? "True" : "False", ",", csv_field(s.dataset), ",",
             csv_field(s.split), ",", e.frames, ",", e.stride, ",", e.size, ",", batch, ",",
             fixed(s.evaluation.top1, 2), ",", fixed(s.evaluation.top5, 2), ",",
             fixed(static_cast<double>(s.parameters.total) / 1e6, 6), ",",
             fixed(static_cast<double>(s.parameters.trainable) / 1e6, 6), ",",
             s.memory ? fixed(static_cast<double>(s.memory->allocated) / 0x1p30, 4) : "", ",",
             s.latency ? fixed(latency, 4) : "", ",", csv_field(s.checkpoint));
}

Status update_summary_table(const fs::path& path, const std::string& row) {
  OMNIQ_TRY(make_folder(path.parent_path()));
  const TableLock lock(path);
  std::error_code ec;
  std::string table = std::string(kSummaryHeader) + "\n";
  if (fs::exists(path, ec)) {
    OMNIQ_ASSIGN(const std::string text, read_file(path));
    const std::vector<std::string> records = csv_records(text);
    if (records.empty() || trim(records.front()) != kSummaryHeader) {
      return fail(ErrorCode::io,
                  cat(path.string(),
                      " has another header than this program writes; nothing was added to it."),
                  "Move it away and evaluate again.");
    }
    const auto what = evaluated(row);
    for (std::size_t i = 1; i < records.size(); ++i) {
      if (!trim(records[i]).empty() && evaluated(records[i]) != what) table += records[i] + "\n";
    }
  }
  return write_file_atomic(path, table + row + "\n");
}

Status check_reports(const run::RunFolder& folder, const config::Experiment& e) {
  OMNIQ_TRY(check_writable(folder.path() / "eval"));
  return check_writable(folder.results_table(e).parent_path());
}

fs::path reports_folder(const run::RunFolder& folder, const Summary& summary) {
  const fs::path eval = folder.path() / "eval";
  if (summary.own_list) return eval;
  std::string name = cat(summary.dataset, "-", summary.split);
  std::replace(name.begin(), name.end(), '/', '_');
  return eval / name;
}

Status write_reports(const run::RunFolder& folder, const config::Experiment& e,
                     const data::Dataset& dataset, const Summary& summary) {
  const fs::path eval = reports_folder(folder, summary);
  const auto write_files = [&]() -> Status {
    OMNIQ_TRY(make_folder(eval));
    OMNIQ_TRY(
        write_file_atomic(eval / "predictions.csv",
                          predictions_csv(summary.evaluation, dataset.test, dataset.classes)));
    OMNIQ_TRY(write_file_atomic(
        eval / "confusion.csv",
        confusion_csv(confusion_matrix(summary.evaluation, dataset.test, dataset.classes.size()),
                      dataset.classes)));
    return write_file_atomic(eval / "summary.json", summary.record);
  };
  const Status files = write_files();
  const Status table = update_summary_table(folder.results_table(e), summary_row(summary, e));
  return files ? table : files;
}

}  // namespace omniq::eval
