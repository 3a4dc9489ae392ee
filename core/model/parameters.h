// What a model's parameters are for, as the modules say that make them.
#pragma once

#include <torch/nn/module.h>

#include <map>
#include <string>
#include <vector>

namespace omniq::model {

enum class Role {
  weight,   // of a layer
  exempt,   // biases, norms, embeddings, bias tables: weight decay leaves them alone
  rates,    // of a state-space layer (A_log): exempt too
  adapter,  // LoRA's
};
constexpr bool decays(Role role) { return role == Role::weight || role == Role::adapter; }

enum class Part {
  encoder,
  fusion,  // with the projection, class token, positions and types before it
  head,    // new for other classes
};

struct Parameter {
  std::string name;  // in the module that was asked
  at::Tensor tensor;
  Role role;
  Part part = Part::fusion;
};

/// A module of whose parameters some are not what their shape says: vectors exempt, others weights.
class SaysRoles {
 public:
  virtual ~SaysRoles() = default;
  const std::map<std::string, Role>& roles() const { return roles_; }

 protected:
  void set_role(const std::string& parameter, Role role) { roles_[parameter] = role; }

 private:
  std::map<std::string, Role> roles_;
};

/// Of a module and all that is in it, in the order of its named_parameters().
std::vector<Parameter> parameters_with_roles(const torch::nn::Module& module);

}  // namespace omniq::model
