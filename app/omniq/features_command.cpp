// omniq features
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/text.h"
#include "core/model/device.h"
#include "core/model/initial.h"
#include "core/model/precision.h"
#include "core/model/swin/encoder_path.h"
#include "core/model/swin/inference.h"
#include "core/model/swin/swin.h"
#include "core/model/weights/load_into.h"
#include "core/model/weights/safetensors.h"
#include "core/model/weights/weights.h"
#include "core/train/step.h"

namespace omniq::app {
namespace {

struct Options {
  std::string weights, input, output, backbone = "swin_tiny", device = "auto";
  bool float32 = false, partial = false;
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

// video [T, 3, H, W] → [T, D] on the CPU, float32 whatever the precision.
at::Tensor encode(model::SwinImpl& encoder, const at::Tensor& video, c10::Device device,
                  model::Precision precision) {
  const torch::InferenceMode inference;
  const bool half_on_gpu = device.is_cuda() && precision != model::Precision::float32;
  const auto path = model::choose_encoder_path({.half_on_gpu = half_on_gpu});
  model::SwinInference half(encoder);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : video.split(32)) {
    const at::Tensor frames = part.to(device);
    parts.push_back((path == model::EncoderPath::inference
                         ? half.features(frames, model::precision_dtype(precision))
                         : encoder.forward(frames))
                        .cpu());
  }
  return torch::cat(parts);
}

}  // namespace

void add_features(CommandLine& line) {
  auto o = std::make_shared<Options>();
  Command command = add_command(
      line, "features", "Per-frame features of the encoder", [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(const model::SwinOptions swin, model::swin_options(o->backbone));
        OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(o->device));
        OMNIQ_ASSIGN(const at::Tensor video, read_video(o->input));
        if (video.size(0) < 1 || std::min(video.size(2), video.size(3)) < swin.patch)
          return fail(
              ErrorCode::data, cat(o->input, ": tensor 'video' has shape ", video.sizes(), "."),
              cat("It needs a frame of ", swin.patch, " × ", swin.patch, " pixels at least."));
        OMNIQ_ASSIGN(const model::StateDict weights, model::load_weights(o->weights));
        model::Swin encoder(swin);
        model::initialise(*encoder, /*seed=*/0);  // what weights for a part leave at random
        OMNIQ_ASSIGN(const model::LoadReport report,
                     model::load_into(*encoder, weights,
                                      {.file = o->weights,
                                       .module = o->backbone,
                                       .how_partial = "--allow-partial",
                                       .partial = o->partial}));
        encoder->to(device);
        encoder->eval();
        const auto precision = model::choose_precision(device, /*amp=*/!o->float32);
        const at::Tensor features = encode(*encoder, video, device, precision);
        if (!features.isfinite().all().item<bool>())
          return fail(ErrorCode::numeric,
                      cat("The features of ", o->input, " are not finite in ",
                          model::precision_name(precision), "; nothing was written."),
                      "--float32 computes with a wider range.");
        OMNIQ_TRY(model::save_safetensors(o->output, {{"features", features}}, {}));
        if (line.json) {
          print_json({{"output", o->output},
                      {"precision", model::precision_name(precision)},
                      {"shape", features.sizes().vec()},
                      {"missing", report.missing},
                      {"unexpected", report.unexpected},
                      {"mismatched", report.mismatched}});
        } else {
          std::cout << "features [" << features.size(0) << ", " << features.size(1)
                    << "], computed in " << model::precision_name(precision) << " -> " << o->output
                    << "\n";
        }
        return kDone;
      });
  command.required("--weights", o->weights, "Weights of the encoder (.safetensors or .pth)")
      .required("--input", o->input, "Safetensors file with 'video' [T, 3, H, W], normalised")
      .required("--output", o->output, "Safetensors file that 'features' [T, D] is written to")
      .option("--backbone", o->backbone, "Which encoder")
      .option("--device", o->device, "auto, cpu or cuda")
      .flag("--float32", o->float32, "Compute in float32 on a GPU too, as train.amp=false does")
      .flag("--allow-partial", o->partial,
            "Take weights that fill a part of the encoder; the rest is random")
      .footer(
          "On a GPU frames are encoded as in evaluation: in bfloat16, or float16 where it has no\n"
          "bfloat16. The features are written in float32.");
}

}  // namespace omniq::app
