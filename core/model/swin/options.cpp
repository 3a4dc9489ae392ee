#include "core/model/swin/options.h"

#include "core/base/text.h"

namespace omniq::model {

const std::vector<std::string>& swin_names() {
  static const std::vector<std::string> names = {"swin_nano", "swin_tiny", "swin_small",
                                                 "swin_base"};
  return names;
}

Result<SwinOptions> swin_options(std::string_view name) {
  SwinOptions options;
  if (name == "swin_nano") {
    options.width = 32;
    options.depths = {2, 2};
    options.heads = {2, 4};
    options.window = 4;
    return options;
  }
  options.heads = {3, 6, 12, 24};
  if (name == "swin_tiny") {
    options.depths = {2, 2, 6, 2};
    return options;
  }
  options.depths = {2, 2, 18, 2};
  if (name == "swin_small") return options;
  if (name == "swin_base") {
    options.width = 128;
    options.heads = {4, 8, 16, 32};
    return options;
  }
  const std::string near = nearest(name, swin_names());
  return fail(ErrorCode::config, cat("There is no vision backbone \"", name, "\"."),
              near.empty() ? cat("Known: ", join(swin_names(), ", "), ".")
                           : cat("Did you mean ", near, "?"));
}

std::int64_t swin_parameters(const SwinOptions& o) {
  const std::int64_t table = (2 * o.window - 1) * (2 * o.window - 1);
  // Patches with bias and norm, and the last norm.
  std::int64_t all =
      (o.in_channels * o.patch * o.patch + 1) * o.width + 2 * o.width + 2 * o.output_width();
  for (std::size_t i = 0; i < o.depths.size(); ++i) {
    const std::int64_t w = o.width << i;
    const auto hidden = static_cast<std::int64_t>(static_cast<double>(w) * o.mlp_ratio);
    const std::int64_t attention = 4 * w * w + 4 * w + table * o.heads[i];
    all += o.depths[i] * (attention + 2 * w * hidden + hidden + w + 4 * w);
    if (i + 1 < o.depths.size()) all += 8 * w * w + 8 * w;  // merging of patches
  }
  return all;
}

}  // namespace omniq::model
