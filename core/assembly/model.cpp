#include "core/assembly/model.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/assembly/checkpoint.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/config/settings.h"
#include "core/model/weights/adapter.h"
#include "core/model/weights/weights.h"

namespace omniq::assembly {
namespace {

model::OmniqOptions model_options(const config::Experiment& e, std::int64_t classes) {
  model::OmniqOptions options;
  options.seed = static_cast<std::uint64_t>(e.seed);
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
  std::set<std::string> head;
  for (const model::Parameter& p : model.parameters_by_role()) {
    if (p.part == model::Part::head) head.insert(p.name);
  }
  return load_pretrained(model, weights,
                         {.file = e.init_from_pretrain,
                          .module = cat("a model of ", e.vision_backbone, " and ", e.fusion.name),
                          .how_partial = "init_allow_partial=true",
                          .partial = e.init_allow_partial,
                          .new_head = head});
}

}  // namespace

Result<BuiltModel> build_model(const config::Experiment& e, std::int64_t classes) {
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

}  // namespace omniq::assembly
