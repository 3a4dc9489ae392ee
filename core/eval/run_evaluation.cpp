#include "core/eval/run_evaluation.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <filesystem>

#include "core/assembly/checkpoint.h"
#include "core/assembly/clip_record.h"
#include "core/assembly/dataset.h"
#include "core/assembly/model.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/base/text.h"
#include "core/eval/evaluator.h"
#include "core/eval/timing.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/run/results.h"
#include "kernels/keyed_dropout/keyed_dropout.h"

namespace omniq::eval {
namespace {

constexpr std::int64_t kLatencyBatch = 8, kWarmup = 20, kRuns = 100;

class StopRequested {};

std::string dataset_name(const config::Experiment& e) {
  const std::filesystem::path root = std::filesystem::path(e.data.root).lexically_normal();
  return (root.has_filename() ? root : root.parent_path()).filename().string();
}

/// What the test list says; nothing where the class folders are the list.
Result<std::string> read_test_list(const config::Experiment& e) {
  if (e.data.testlist.empty()) return "";
  OMNIQ_ASSIGN(const auto file, data::find_list(e.data.testlist, e.data.root));
  return read_file(file);
}

/// Whether two configurations have the same folder of data.
bool same_root(const config::Experiment& a, const config::Experiment& b) {
  std::error_code ec;
  return std::filesystem::weakly_canonical(a.data.root, ec) ==
         std::filesystem::weakly_canonical(b.data.root, ec);
}

/// Names what is evaluated, `own` being the run's configuration and `e` that with overrides.
Status name_list(const run::RunFolder& folder, const config::Experiment& own,
                 const config::Experiment& e, const data::Dataset& dataset, run::Summary& summary) {
  summary.dataset = dataset_name(e);
  summary.split = e.data.split;
  summary.testlist = e.data.testlist;
  const bool renamed = e.data.split != own.data.split;
  bool own_data = same_root(own, e);
  if (!own_data) {  // it may have been moved
    OMNIQ_ASSIGN(const auto as_recorded, assembly::tests_as_recorded(folder, dataset));
    own_data = as_recorded.value_or(summary.dataset == dataset_name(own));
  }
  summary.own_list = !renamed && own_data;
  if (!renamed && !own_data && summary.dataset == dataset_name(own))
    summary.split += "-" + assembly::name_of_test_clips(dataset);
  if (e.data.testlist == own.data.testlist) return {};
  OMNIQ_ASSIGN(const std::string list, read_test_list(e));
  const auto own_list = read_test_list(own);
  if (own_list && *own_list == list) return {};  // it was moved
  summary.own_list = false;
  if (renamed) return {};
  Sha256 digest;
  digest.update(list);
  summary.split = e.data.testlist.empty()
                      ? "class-folders"
                      : cat(std::filesystem::path(e.data.testlist).stem().string(), "-",
                            digest.hex().substr(0, 8));
  return {};
}

/// By name what was computed by number.
std::vector<run::ClipPrediction> named(const std::vector<ClipPrediction>& predictions,
                                       const data::Dataset& dataset) {
  std::vector<run::ClipPrediction> out;
  for (const ClipPrediction& p : predictions) {
    const data::ClipRef& clip = dataset.test.clips[p.clip];
    run::ClipPrediction& one = out.emplace_back();
    one.clip = clip.id;
    if (clip.label >= 0) one.label = dataset.classes[clip.label];
    one.correct = !p.top.empty() && p.top.front() == clip.label;
    one.problem = p.problem;
    for (std::size_t k = 0; k < p.top.size(); ++k)
      one.top.push_back({dataset.classes[p.top[k]], p.probabilities[k]});
  }
  return out;
}

Status write(const run::RunFolder& folder, const config::Experiment& e,
             const run::Evaluation& evaluation) {
  const run::Summary& summary = evaluation.summary;
  const Status files = run::write_evaluation(run::evaluation_folder(folder, summary), evaluation);
  const Status table = run::update_results(folder.results_table(e), run::results_row(summary, e));
  return files ? table : files;
}

}  // namespace

std::optional<run::Latency> measure_latency(
    model::OmniQ& model, std::int64_t frames, std::int64_t size, c10::Device device,
    model::Precision precision, const std::function<void(std::int64_t, std::int64_t)>& progress,
    std::stop_token stop) {
  const torch::InferenceMode inference;
  model.eval();
  const model::Execution execution = model.execution(precision, /*training=*/false);
  const auto clips = torch::arange(kLatencyBatch, torch::dtype(torch::kLong).device(device));
  const auto video = kernels::keyed_uniform(clips, /*key=*/0, frames * 3 * size * size)
                         .sub_(0.5)
                         .view({kLatencyBatch, frames, 3, size, size});
  run::Latency latency;
  latency.batch = kLatencyBatch;
  try {
    latency.timing = measure(
        device,
        [&](std::int64_t i) {
          if (stop.stop_requested()) throw StopRequested{};
          if (progress) progress(i, kWarmup + kRuns);
          model.forward(video, execution);
        },
        kWarmup, kRuns);
  } catch (const StopRequested&) {
    return std::nullopt;
  }
  return latency;
}

Result<RunEvaluation> evaluate_run(const run::RunFolder& folder,
                                   std::span<const std::string> overrides,
                                   const std::function<void(const EvaluationProgress&)>& progress,
                                   std::stop_token stop) {
  OMNIQ_ASSIGN(const config::Experiment e, folder.experiment(overrides));
  if (const auto writable = run::check_recordable(folder, e); !writable)
    log::warning(cat("The evaluation will not be recorded: ", writable.error().text()));
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(e.device));
  const model::ThreadScope threads(e.threads);
  OMNIQ_ASSIGN(const std::filesystem::path checkpoint, assembly::reported_checkpoint(folder));
  OMNIQ_ASSIGN(const assembly::LoadedModel loaded, assembly::load_trained(e, checkpoint, device));
  OMNIQ_ASSIGN(data::Dataset dataset, assembly::open_dataset(e));
  if (dataset.classes != loaded.classes) {
    return fail(
        ErrorCode::data,
        cat("The dataset under ", e.data.root, " has other classes than the run was trained on."),
        "Evaluate on a dataset with the same class list.");
  }
  RunEvaluation result;
  run::Summary& summary = result.record.summary;
  summary.run = folder.id();
  OMNIQ_ASSIGN(const config::Experiment own, folder.experiment());
  OMNIQ_TRY(name_list(folder, own, e, dataset, summary));
  if (summary.own_list) OMNIQ_TRY(assembly::keep_recorded_parts(folder, dataset));
  if (dataset.test.clips.empty()) {
    return fail(ErrorCode::data, "The test list has no clips.", "Check data.testlist.");
  }
  OMNIQ_ASSIGN(summary.trained_on, assembly::count_trained_on(folder, dataset.test));
  if (summary.trained_on > 0)
    log::warning(cat("The run was trained on ", summary.trained_on, " of the ",
                     dataset.test.clips.size(), " clips: the figures look better than they are."));
  for (const data::Problem& problem : dataset.test.problems)
    log::warning(cat(problem.id, ": ", problem.what));

  summary.batch = e.eval.batch_size;
  summary.protocol = run::protocol_of(e);
  summary.checkpoint = checkpoint.string();
  summary.device = model::device_name(device);
  const model::Precision precision = model::choose_precision(device, e.train.amp);
  summary.precision = model::precision_name(precision);
  summary.parameters = loaded.model->count_parameters();
  loaded.model->merge_adapters();

  model::reset_peak_memory(device);
  DeviceMemory peak;
  const auto sample_memory = [&] {
    const auto memory = model::device_memory(device);
    if (!memory) return;
    peak = {memory->allocated, memory->reserved, std::max(peak.process, memory->process)};
    summary.memory = peak;
  };
  const auto total = static_cast<std::int64_t>(dataset.test.clips.size());
  data::LoaderOptions options = assembly::loader_options(e, /*training=*/false);
  options.cache_bytes = 0;  // every clip is seen once
  data::Loader loader(dataset.test, options);
  const auto clips_done = [&](std::int64_t done) {
    sample_memory();
    if (progress) progress({"clips", done, total});
  };
  OMNIQ_ASSIGN(const Evaluation evaluation,
               evaluate(*loaded.model, loader, dataset.test, device, precision, clips_done, stop));
  summary.clips = evaluation.clips;
  summary.unreadable = evaluation.unreadable;
  summary.top1 = evaluation.top1;
  summary.top5 = evaluation.top5;
  summary.loss = evaluation.loss;
  result.record.classes = dataset.classes;
  result.record.predictions = named(evaluation.predictions, dataset);
  result.record.confusion = run::confusion_of(dataset.classes, result.record.predictions);
  if (e.eval.latency) {
    summary.latency = measure_latency(
        *loaded.model, e.frames, e.size, device, precision,
        [&](std::int64_t done, std::int64_t runs) {
          if (progress) progress({"latency", done, runs});
        },
        stop);
    if (!summary.latency) return evaluation_stopped();
    sample_memory();
  } else {
    summary.latency_note = "not measured: eval.latency is false";
  }
  if (auto written = write(folder, e, result.record); !written)
    result.not_recorded = written.error();
  return result;
}

}  // namespace omniq::eval
