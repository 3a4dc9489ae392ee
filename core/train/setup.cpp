#include "core/train/setup.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <thread>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/config/settings.h"
#include "core/model/device.h"
#include "core/model/weights/adapter.h"
#include "core/model/weights/weights.h"
#include "core/train/checkpoint.h"
#include "core/train/fit.h"

namespace omniq::train {
namespace {

model::OmniqOptions model_options(const config::Experiment& e, std::int64_t classes) {
  model::OmniqOptions options;
  options.backbone = e.vision_backbone;
  options.stochastic_depth = e.backbone.stochastic_depth;
  options.recompute = e.train.recompute;
  options.fusion = e.fusion.name;
  options.fusion_options = config::fusion_options(e);
  options.max_frames = e.fusion.max_frames;
  options.classes = classes;
  options.init_std = e.model.init_std;
  options.position_std = e.model.position_std;
  return options;
}

model::AdapterReport apply_trainable(model::OmniQ& model, const config::Experiment& e) {
  const auto what = e.train.trainable == "all"      ? model::Trainable::all
                    : e.train.trainable == "fusion" ? model::Trainable::fusion
                                                    : model::Trainable::lora;
  return model.set_trainable(what, {e.lora.r, e.lora.alpha, e.lora.dropout}, e.lora.head == "lora");
}

std::string a_few(const std::vector<std::string>& names) {
  return names.size() <= 3
             ? join(names, ", ")
             : cat(join(std::span(names).first(3), ", "), " and ", names.size() - 3, " more");
}

Result<WeightsRecord> load_pretrained(torch::nn::Module& module, const model::StateDict& weights,
                                      const model::LoadOptions& options) {
  OMNIQ_ASSIGN(model::LoadReport report, model::load_into(module, weights, options));
  OMNIQ_ASSIGN(std::string sha256, model::file_sha256(options.file));
  log::info(cat("Loaded ", report.loaded.size(), " tensors of ", options.file, " (",
                report.missing.size(), " missing, ", report.unexpected.size(), " left over, ",
                report.mismatched.size(), " of another shape)."));
  std::vector<std::string> random = report.missing;
  random.insert(random.end(), report.mismatched.begin(), report.mismatched.end());
  if (!random.empty()) log::warning(cat("These start at random: ", a_few(random), "."));
  return WeightsRecord{options.file, std::move(sha256), std::move(report)};
}

Result<WeightsRecord> load_encoder(model::OmniQ& model, const config::Experiment& e) {
  OMNIQ_ASSIGN(const model::StateDict weights, model::load_weights(e.backbone.weights));
  return load_pretrained(model.backbone(), weights,
                         {.file = e.backbone.weights,
                          .module = e.vision_backbone,
                          .how_partial = "backbone.allow_partial=true",
                          .partial = e.backbone.allow_partial});
}

Result<WeightsRecord> load_checkpoint_of_another_run(model::OmniQ& model,
                                                     const config::Experiment& e) {
  OMNIQ_ASSIGN(model::StateDict weights, model::load_weights(e.init_from_pretrain));
  std::erase_if(weights, [](const auto& item) { return item.first.starts_with("optimizer."); });
  if (model::has_adapters(weights)) {
    OMNIQ_ASSIGN(const double alpha, adapter_alpha(e.init_from_pretrain));
    OMNIQ_ASSIGN(weights, model::merge_adapters(weights, alpha, e.init_from_pretrain));
    log::info(cat("The adapters in ", e.init_from_pretrain, " were merged into its weights."));
  }
  return load_pretrained(model, weights,
                         {.file = e.init_from_pretrain,
                          .module = cat("a model of ", e.vision_backbone, " and ", e.fusion.name),
                          .how_partial = "init_allow_partial=true",
                          .partial = e.init_allow_partial,
                          .new_head = true});
}

}  // namespace

data::ClipOptions clip_options(const config::Experiment& e) {
  data::ClipOptions options;
  options.frames = e.frames;
  options.stride = e.stride;
  options.sampling =
      e.data.sampling == "segments" ? data::Sampling::segments : data::Sampling::stride;
  options.size = e.size;
  options.hflip = e.data.hflip;
  options.temporal_views = e.eval.temporal_views;
  options.spatial_views = e.eval.spatial_views;
  return options;
}

Result<data::Dataset> open_dataset(const config::Experiment& e) {
  data::DatasetOptions options;
  options.root = e.data.root;
  options.trainlist = e.data.trainlist;
  options.testlist = e.data.testlist;
  options.classind = e.data.classind;
  options.val_fraction = e.data.val;
  options.seed = static_cast<std::uint64_t>(e.seed);
  OMNIQ_ASSIGN(data::Dataset dataset, data::load_dataset(options));
  const auto classes = static_cast<std::int64_t>(dataset.classes.size());
  if (e.num_classes > 0 && e.num_classes != classes) {
    return fail(
        ErrorCode::config,
        cat("num_classes is ", e.num_classes, ", but the dataset has ", classes, " classes."),
        "Set num_classes=0 to take the dataset's number.");
  }
  return dataset;
}

Status prepare(config::Experiment& e, bool force) {
  e.threads = apply_threads(e.threads);
  OMNIQ_ASSIGN(const data::Dataset dataset, open_dataset(e));
  if (force) return {};
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(e.device));
  return check_fits(e, dataset, free_memory(device));
}

tl::unexpected<Error> no_training_clips(const config::Experiment& e) {
  return fail(ErrorCode::data, cat("There is no training clip under ", e.data.root, "."),
              "Check data.root and data.trainlist; omniq demo-data makes a small set to try.");
}

data::LoaderOptions loader_options(const config::Experiment& e, bool training) {
  data::LoaderOptions options;
  options.clip = clip_options(e);
  options.training = training;
  options.batch_size = training ? e.train.batch_size : e.eval.batch_size;
  options.seed = static_cast<std::uint64_t>(e.seed);
  options.workers = static_cast<int>(e.train.num_workers);
  options.cache_bytes = static_cast<std::size_t>(e.data.cache_gb * 0x1p30);
  return options;
}

Result<BuiltModel> build_model(const config::Experiment& e, std::int64_t classes) {
  torch::manual_seed(static_cast<std::uint64_t>(e.seed));
  BuiltModel built;
  built.model = std::make_shared<model::OmniQ>(model_options(e, classes));
  if (!e.backbone.weights.empty()) {
    OMNIQ_ASSIGN(WeightsRecord record, load_encoder(*built.model, e));
    built.weights.push_back(std::move(record));
  }
  if (!e.init_from_pretrain.empty()) {
    OMNIQ_ASSIGN(WeightsRecord record, load_checkpoint_of_another_run(*built.model, e));
    built.weights.push_back(std::move(record));
  }
  built.adapters = apply_trainable(*built.model, e);
  return built;
}

Result<LoadedModel> load_trained(const config::Experiment& e,
                                 const std::filesystem::path& checkpoint, c10::Device device) {
  LoadedModel loaded;
  OMNIQ_ASSIGN(const TrainerState state, read_checkpoint_state(checkpoint));
  loaded.classes = state.classes;
  loaded.epoch = state.epoch;
  loaded.model = std::make_shared<model::OmniQ>(
      model_options(e, static_cast<std::int64_t>(state.classes.size())));
  apply_trainable(*loaded.model, e);
  OMNIQ_TRY(load_checkpoint(checkpoint, *loaded.model, nullptr));
  loaded.model->to(device);
  loaded.model->eval();
  return loaded;
}

std::vector<ParameterGroup> parameter_groups(const model::OmniQ& model,
                                             const config::Experiment& e) {
  std::vector<ParameterGroup> groups;
  for (const bool backbone : {true, false}) {
    for (const bool decays : {true, false}) {
      ParameterGroup group;
      group.peak_lr = backbone ? e.optim.lr_backbone : e.optim.lr_head;
      group.weight_decay = decays ? e.optim.weight_decay : 0;
      for (const auto& item : model.named_parameters()) {
        if (!item.value().requires_grad() || item.key().starts_with("backbone.") != backbone ||
            model::exempt_from_decay(item.key(), item.value()) == decays) {
          continue;
        }
        group.names.push_back(item.key());
        group.parameters.push_back(item.value());
      }
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

StepOptions step_options(const config::Experiment& e, Precision precision) {
  return {precision, e.train.label_smoothing, e.optim.clip_norm,
          static_cast<std::uint64_t>(e.seed)};
}

std::int64_t apply_threads(std::int64_t threads) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  if (threads != torch::get_num_threads()) torch::set_num_threads(static_cast<int>(threads));
  return threads;
}

}  // namespace omniq::train
