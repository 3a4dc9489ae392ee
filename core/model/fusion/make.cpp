#include <c10/util/Exception.h>

#include <array>

#include "core/model/fusion/average.h"
#include "core/model/fusion/fusion.h"
#include "core/model/fusion/gated_conv.h"
#include "core/model/fusion/mamba.h"
#include "core/model/fusion/mamba2.h"
#include "core/model/fusion/transformer.h"

namespace omniq::model {

std::shared_ptr<Fusion> make_fusion(const std::string& name, const FusionOptions& options) {
  struct Maker {
    const char* name;
    std::shared_ptr<Fusion> (*make)(const FusionOptions&);
  };
  static constexpr std::array makers = {
      Maker{"average", make_average_fusion},       Maker{"transformer", make_transformer_fusion},
      Maker{"mamba", make_mamba_fusion},           Maker{"mamba2", make_mamba2_fusion},
      Maker{"gated_conv", make_gated_conv_fusion},
  };
  for (const Maker& maker : makers) {
    if (name == maker.name) return maker.make(options);
  }
  TORCH_CHECK(false, "there is no fusion called ", name);
}

}  // namespace omniq::model
