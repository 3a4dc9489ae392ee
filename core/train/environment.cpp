#include "core/train/environment.h"

#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/assembly/model.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/run/environment.h"

namespace omniq::train {
namespace {

using Json = nlohmann::ordered_json;

Json problems_to_json(const data::Split& split) {
  Json out = Json::array();
  for (const data::Problem& problem : split.problems)
    out.push_back({{"clip", problem.id}, {"problem", problem.what}});
  return out;
}

}  // namespace

Json describe_machine(c10::Device device) {
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  return {{"omniq", kVersion},
          {"commit", kCommit},
          {"compiler", kCompiler},
          {"torch", TORCH_VERSION},
          {"cuda", kCudaVersion},
          {"driver", model::driver_version()},
          {"host", run::host_name()},
          {"device", device.str()},
          {"device_name", model::device_name(device)},
          {"threads", torch::get_num_threads()},
          {"omp_wait_policy", policy != nullptr ? Json(shown(policy)) : Json(nullptr)}};
}

Status write_environment(const run::RunFolder& folder, const config::Experiment& e,
                         c10::Device device, model::Precision precision,
                         const assembly::BuiltModel& built, const data::Dataset& dataset) {
  Json json = describe_machine(device);
  json["seed"] = e.seed;
  json["precision"] = model::precision_name(precision);
  const auto words = [&](bool training) {
    return built.model->describe(built.model->execution(precision, training));
  };
  const model::ExecutionWords evaluation = words(/*training=*/false);
  if (!evaluation.scan.empty()) json["scan"] = evaluation.scan;
  json["encoder"] = evaluation.encoder;
  if (!built.model->backbone_frozen()) json["encoder_training"] = words(/*training=*/true).encoder;
  const ParameterCount count = built.model->count_parameters();
  json["params"] = count.total;
  json["trainable_params"] = count.trainable;
  json["weights"] = Json::array();
  for (const assembly::WeightsRecord& w : built.weights) {
    json["weights"].push_back({{"file", w.file},
                               {"sha256", w.sha256},
                               {"loaded", w.report.loaded.size()},
                               {"missing", w.report.missing},
                               {"unexpected", w.report.unexpected},
                               {"mismatched", w.report.mismatched}});
  }
  json["adapters"] = {{"count", built.adapters.adapters}, {"capped", built.adapters.capped}};
  json["clips"] = {{"train", dataset.train.clips.size()},
                   {"val", dataset.val.clips.size()},
                   {"test", dataset.test.clips.size()}};
  json["problems"] = {{"train", problems_to_json(dataset.train)},
                      {"val", problems_to_json(dataset.val)},
                      {"test", problems_to_json(dataset.test)}};
  return write_file_atomic(folder.file(run::kEnvironmentFile), json_text(json, 2) + "\n");
}

}  // namespace omniq::train
