#include "core/model/parameters.h"

#include <torch/types.h>

namespace omniq::model {

std::vector<Parameter> parameters_with_roles(const torch::nn::Module& root) {
  std::vector<Parameter> all;
  root.apply([&](const std::string& path, const torch::nn::Module& module) {
    const auto* says = dynamic_cast<const SaysRoles*>(&module);
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
      Role role = item.value().dim() <= 1 ? Role::exempt : Role::weight;
      if (says && says->roles().contains(item.key())) role = says->roles().at(item.key());
      all.push_back({path.empty() ? item.key() : path + "." + item.key(), item.value(), role});
    }
  });
  return all;
}

}  // namespace omniq::model
