// omniq features
#include <torch/types.h>
#include <torch/utils.h>

#include <iostream>

#include "app/omniq/command.h"
#include "core/base/text.h"
#include "core/model/device.h"
#include "core/model/safetensors.h"
#include "core/model/swin.h"
#include "core/model/weights.h"

namespace omniq::app {
namespace {

struct Options {
  std::string weights, input, output, backbone = "swin_tiny", device = "auto";
};

Result<at::Tensor> read_video(const std::string& path) {
  OMNIQ_ASSIGN(const model::SafetensorsFile file, model::load_safetensors(path));
  for (const auto& [name, tensor] : file.tensors) {
    if (name != "video") continue;
    if (tensor.dim() != 4 || tensor.size(1) != 3 || !tensor.is_floating_point()) {
      return fail(ErrorCode::data,
                  cat(path, ": tensor 'video' has shape ", tensor.sizes(), " and type ",
                      tensor.scalar_type(), "."),
                  "It must be [T, 3, H, W], floating and already normalised.");
    }
    return tensor.to(at::kFloat);
  }
  return fail(ErrorCode::data, path + " has no tensor 'video'.",
              "It must hold one of shape [T, 3, H, W].");
}

}  // namespace

void add_features(CommandLine& line) {
  auto o = std::make_shared<Options>();
  Command command = add_command(
      line, "features", "Per-frame features of the encoder", [=, &line]() -> Result<int> {
        const torch::InferenceMode inference;
        OMNIQ_ASSIGN(const model::SwinOptions swin, model::swin_options(o->backbone));
        OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(o->device));
        OMNIQ_ASSIGN(const at::Tensor video, read_video(o->input));
        OMNIQ_ASSIGN(const model::StateDict weights, model::load_weights(o->weights));
        model::Swin encoder(swin);
        OMNIQ_ASSIGN(const model::LoadReport report, model::load_into(*encoder, weights, ""));
        if (!report.missing.empty()) {
          return fail(ErrorCode::checkpoint,
                      cat(o->weights, " lacks ", report.missing.size(), " tensors of ", o->backbone,
                          ", among them ", report.missing.front(), "."),
                      "Name the encoder that the weights belong to with --backbone.");
        }
        encoder->to(device);
        encoder->eval();
        std::vector<at::Tensor> parts;
        for (const at::Tensor& frames : video.split(32))
          parts.push_back(encoder->forward(frames.to(device)).cpu());
        const at::Tensor features = torch::cat(parts);
        OMNIQ_TRY(model::save_safetensors(o->output, {{"features", features}}, {}));
        if (line.json) {
          print_json({{"output", o->output},
                      {"shape", features.sizes().vec()},
                      {"missing", report.missing},
                      {"unexpected", report.unexpected}});
        } else {
          std::cout << "features [" << features.size(0) << ", " << features.size(1) << "] -> "
                    << o->output << "\n";
        }
        return kDone;
      });
  command.required("--weights", o->weights, "Weights of the encoder (.safetensors or .pth)")
      .required("--input", o->input, "Safetensors file with 'video' [T, 3, H, W], normalised")
      .required("--output", o->output, "Safetensors file that 'features' [T, D] is written to")
      .option("--backbone", o->backbone, "Which encoder")
      .option("--device", o->device, "auto, cpu or cuda");
}

}  // namespace omniq::app
