#include "core/assembly/checkpoint.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/model/weights/safetensors.h"
#include "core/run/metrics.h"
#include "core/run/run_folder.h"

namespace omniq::assembly {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr const char* kStateKey = "omniq.trainer";
constexpr const char* kTop1 = run::info(run::Metric::top1).name;
constexpr const char* kTop5 = run::info(run::Metric::top5).name;
constexpr const char* kAlphaKey = "omniq.lora_alpha";

std::string state_to_json(const TrainerState& s) {
  return json_text(Json{{"step", s.step},
                        {"epoch", s.epoch},
                        {"batch", s.batch},
                        {"window", s.window},
                        {"of_epoch", s.of_epoch},
                        {"best", s.best},
                        {"best_epoch", s.best_epoch},
                        {"seconds", s.seconds},
                        {"loss_scale", s.loss_scale},
                        {"scale_steps", s.scale_steps},
                        {"classes", s.classes}});
}

// What is wrong with a state, or "".
std::string state_problem(const TrainerState& s, const std::optional<RunExtent>& extent) {
  const auto negative = [](std::initializer_list<std::int64_t> counts) {
    return std::any_of(counts.begin(), counts.end(), [](std::int64_t n) { return n < 0; });
  };
  if (negative({s.step, s.epoch, s.batch, s.scale_steps})) return "a count is negative";
  for (const run::Numbers* sums : {&s.window, &s.of_epoch}) {
    const double top1 = run::number(*sums, kTop1), top5 = run::number(*sums, kTop5);
    if (!(0 <= top1 && top1 <= top5 && top5 <= run::number(*sums, "clips")))
      return "the clips since the last row of metrics are no counts";
  }
  if (!(s.loss_scale > 0) || !std::isfinite(s.loss_scale))
    return cat("the loss scale is ", s.loss_scale);
  if (!(s.seconds >= 0) || !std::isfinite(s.seconds)) return cat("its time is ", s.seconds, " s");
  if (const double top1 = run::number(s.best, kTop1); !(top1 >= 0 && top1 <= 100))
    return cat("the best Top-1 is ", top1, " %");
  if (s.best_epoch < 0 || s.best_epoch > s.epoch + 1)
    return cat("epoch ", s.best_epoch, " is the best of ", s.epoch);
  if (s.classes.empty()) return "it has no classes";
  if (!extent) return {};
  if (s.epoch > extent->epochs)
    return cat("it has done ", s.epoch, " of ", extent->epochs, " epochs");
  if (s.batch > extent->batches)
    return cat("it has done ", s.batch, " of the ", extent->batches, " batches of an epoch");
  if (s.step < s.epoch) return cat("it has done ", s.step, " steps in ", s.epoch, " epochs");
  return {};
}

Result<TrainerState> state_from(const model::SafetensorsReader& file, const fs::path& path,
                                const std::optional<RunExtent>& extent) {
  const auto impossible = [&](const std::string& problem) {
    return fail(ErrorCode::checkpoint,
                cat("The trainer's state in ", path.string(), " is impossible: ", problem, "."));
  };
  const auto found = file.metadata().find(kStateKey);
  if (found == file.metadata().end()) {
    return fail(
        ErrorCode::checkpoint,
        cat(path.string(), " is not a checkpoint of a run: its metadata has no trainer state."),
        "Name a file of a run's checkpoints folder.");
  }
  const Json json = Json::parse(found->second, nullptr, false);
  TrainerState s;
  try {
    json.at("step").get_to(s.step);
    json.at("epoch").get_to(s.epoch);
    json.at("batch").get_to(s.batch);
    json.at("window").get_to(s.window);
    // Earlier versions have no sums of the epoch, and gave the best keys of its own: -1 and null
    // where there was none yet.
    if (json.contains("of_epoch")) json["of_epoch"].get_to(s.of_epoch);
    if (json.contains("best")) {
      json["best"].get_to(s.best);
    } else if (const double top1 = json.at("best_top1").get<double>(); top1 >= 0) {
      s.best[kTop1] = top1;
      if (json.contains("best_loss") && json["best_loss"].is_number())
        json["best_loss"].get_to(s.best[run::info(run::Metric::loss).name]);
    }
    json.at("best_epoch").get_to(s.best_epoch);
    json.at("seconds").get_to(s.seconds);
    json.at("loss_scale").get_to(s.loss_scale);
    json.at("scale_steps").get_to(s.scale_steps);
    json.at("classes").get_to(s.classes);
  } catch (const nlohmann::json::exception&) {
    return impossible("its record cannot be read");
  }
  if (const std::string problem = state_problem(s, extent); !problem.empty())
    return impossible(problem);
  return s;
}

struct OpenCheckpoint {
  model::SafetensorsReader file;
  TrainerState state;
};

Result<OpenCheckpoint> open_checkpoint(const fs::path& path,
                                       const std::optional<RunExtent>& extent = {}) {
  OMNIQ_ASSIGN(auto file, model::SafetensorsReader::open(path));
  OMNIQ_ASSIGN(auto state, state_from(file, path, extent));
  return OpenCheckpoint{std::move(file), std::move(state)};
}

bool is_optimizer(const model::SafetensorsEntry& entry) {
  return entry.name.starts_with("optimizer.");
}

// Names the newest whole checkpoint beside a damaged one.
Error with_what_is_whole(Error error, const fs::path& path, bool to_resume,
                         const std::optional<RunExtent>& extent) {
  fs::path newest;
  std::int64_t newest_step = -1;
  for (const char* name : {"last.safetensors", "previous.safetensors", "best.safetensors"}) {
    const fs::path other = path.parent_path() / name;
    if (other == path || !fs::exists(other)) continue;
    const auto opened = open_checkpoint(other, extent);
    if (!opened || opened->state.step <= newest_step || !opened->file.check()) continue;
    const auto& entries = opened->file.entries();
    if (to_resume && std::none_of(entries.begin(), entries.end(), is_optimizer)) continue;
    newest = other;
    newest_step = opened->state.step;
  }
  error.hint =
      newest.empty()
          ? "There is no other whole checkpoint beside it."
          : cat("The last whole one is ", newest.string(), ", of step ", newest_step,
                path.filename() == "best.safetensors" ? ", which is not the epoch that was chosen"
                                                      : "",
                "; to go on from it: cp --remove-destination '", newest.string(), "' '",
                path.string(), "'.");
  return error;
}

// The checkpoint that is about to be replaced gets a second name.
Status keep_previous(const fs::path& path) {
  if (!fs::exists(path)) return {};
  const fs::path previous = path.parent_path() / "previous.safetensors";
  const fs::path temporary = previous.string() + ".tmp";
  std::error_code ec;
  fs::remove(temporary, ec);
  fs::create_hard_link(path, temporary, ec);
  if (ec) fs::copy_file(path, temporary, fs::copy_options::overwrite_existing, ec);
  if (ec) {
    return fail(ErrorCode::io, cat("Cannot write ", temporary.string(), ": ", ec.message(), "."));
  }
  return commit_file(temporary, previous);
}

}  // namespace

Status save_checkpoint(const fs::path& path, const model::OmniQ& model,
                       const NamedTensors* optimizer, const TrainerState& state) {
  NamedTensors tensors;
  for (const auto& item : model.named_parameters())
    tensors.emplace_back(item.key(), item.value().detach());
  for (const auto& item : model.named_buffers()) tensors.emplace_back(item.key(), item.value());
  if (optimizer) tensors.insert(tensors.end(), optimizer->begin(), optimizer->end());
  std::map<std::string, std::string> metadata = {{kStateKey, state_to_json(state)},
                                                 {"format", "pt"}};
  for (const auto& module : model.modules(false)) {
    const auto* linear = module->as<model::Linear>();
    if (linear && linear->has_adapter())
      metadata[kAlphaKey] = json_text(linear->adapter_options().alpha);
  }
  OMNIQ_ASSIGN(const fs::path temporary, model::write_safetensors(path, tensors, metadata));
  Status saved = optimizer ? keep_previous(path) : Status();
  if (saved) saved = commit_file(temporary, path);
  std::error_code ec;
  if (!saved) fs::remove(temporary, ec);  // it may be what fills the disk
  return saved;
}

Result<TrainerState> load_checkpoint(const fs::path& path, model::OmniQ& model,
                                     NamedTensors* optimizer,
                                     const std::optional<RunExtent>& extent) {
  const auto damaged = [&](Error error) {
    return tl::unexpected(with_what_is_whole(std::move(error), path, optimizer != nullptr, extent));
  };
  auto opened = open_checkpoint(path, extent);
  if (!opened) return damaged(std::move(opened).error());
  const model::SafetensorsReader& file = opened->file;
  if (!file.checked()) {
    log::info(cat(path.string(),
                  " was written by an earlier version, without checksums: damage to it would not "
                  "be noticed."));
  }
  NamedTensors targets;
  for (const auto& item : model.named_parameters()) targets.emplace_back(item.key(), item.value());
  for (const auto& item : model.named_buffers()) targets.emplace_back(item.key(), item.value());
  const auto differs = [&](const char* what, const std::string& name) {
    return fail(
        ErrorCode::checkpoint, cat(path.string(), what, name, "."),
        "The model's settings (fusion, sizes, what trains) must be those that the checkpoint was "
        "written with.");
  };
  std::set<std::string_view> known;
  for (const auto& [name, target] : targets) {
    const std::ptrdiff_t at = file.find(name);
    if (at < 0) return differs(" has no tensor ", name);
    if (at::IntArrayRef(file.entries()[at].shape) != target.sizes())
      return differs(" has another shape for ", name);
    known.insert(name);
  }
  NamedTensors moments;
  for (std::size_t i = 0; i < file.entries().size(); ++i) {
    const model::SafetensorsEntry& entry = file.entries()[i];
    if (!is_optimizer(entry)) {
      if (!known.contains(entry.name))
        return differs(" has a tensor that the model lacks, ", entry.name);
    } else if (optimizer) {
      auto tensor = file.read(i);
      if (!tensor) return damaged(std::move(tensor).error());
      moments.emplace_back(entry.name, std::move(*tensor));
    }
  }
  const torch::NoGradGuard no_grad;
  for (auto& [name, target] : targets) {
    const auto tensor = file.read(static_cast<std::size_t>(file.find(name)));
    if (!tensor) return damaged(tensor.error());
    target.copy_(*tensor);
  }
  if (optimizer) *optimizer = std::move(moments);
  return std::move(opened->state);
}

Result<TrainerState> read_checkpoint_state(const fs::path& path) {
  auto opened = open_checkpoint(path);
  if (!opened)
    return tl::unexpected(
        with_what_is_whole(std::move(opened).error(), path, /*to_resume=*/false, {}));
  return std::move(opened->state);
}

bool has_begun(const run::RunFolder& folder) {
  const fs::path last = folder.last_checkpoint();
  return fs::exists(last) || fs::exists(folder.best_checkpoint()) ||
         fs::exists(last.parent_path() / "previous.safetensors");
}

Result<fs::path> reported_checkpoint(const run::RunFolder& folder) {
  const fs::path best = folder.best_checkpoint(), last = folder.last_checkpoint();
  if (fs::exists(best)) return best;
  if (!has_begun(folder)) {
    return fail(ErrorCode::checkpoint,
                cat("The run ", folder.path().string(), " has no checkpoint yet."),
                "Train it first: omniq resume " + folder.path().string() + ".");
  }
  OMNIQ_ASSIGN(const TrainerState state, read_checkpoint_state(last));
  OMNIQ_ASSIGN(const config::Experiment e, folder.experiment());
  if (e.data.val > 0 && state.best_epoch > 0) {
    return fail(ErrorCode::checkpoint,
                cat(best.string(), " is missing, the checkpoint of epoch ", state.best_epoch,
                    " that was chosen on the held-out clips."),
                cat("Restore it; or take the last, of epoch ", state.epoch, ", in its place: cp '",
                    last.string(), "' '", best.string(), "'."));
  }
  return last;
}

Result<double> adapter_alpha(const fs::path& checkpoint) {
  if (const auto file = model::SafetensorsReader::open(checkpoint)) {
    if (const auto found = file->metadata().find(kAlphaKey); found != file->metadata().end()) {
      const Json alpha = Json::parse(found->second, nullptr, false);
      if (alpha.is_number()) return alpha.get<double>();
    }
  }
  const fs::path run = fs::absolute(checkpoint).parent_path().parent_path();
  if (const auto folder = run::RunFolder::open(run)) {
    OMNIQ_ASSIGN(const config::Experiment e, folder->experiment());
    return e.lora.alpha;
  }
  return fail(ErrorCode::checkpoint,
              cat(checkpoint.string(), " has adapters, but nothing says their scale (lora.alpha)."),
              "Name the file within its run folder, whose config.yaml says it.");
}

}  // namespace omniq::assembly
