#include "core/model/weights/load_into.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string_view>

#include "core/base/text.h"
#include "core/model/weights/layouts.h"

namespace omniq::model {
namespace {

using Sources = std::vector<std::pair<std::string_view, at::Tensor>>;

// The file's names without the prefixes that all of them share, and without tensors that are
// computed here.
Sources stripped(const StateDict& state) {
  std::size_t shared = 0;
  for (bool again = !state.empty(); again;) {
    again = false;
    for (const std::string_view prefix : {"module.", "backbone.", "trunk."}) {
      if (!std::all_of(state.begin(), state.end(), [&](const auto& item) {
            return item.first.compare(shared, prefix.size(), prefix) == 0;
          }))
        continue;
      shared += prefix.size();
      again = true;
    }
  }
  Sources named;
  for (const auto& [full, tensor] : state) {
    const std::string_view name = std::string_view(full).substr(shared);
    if (!name.ends_with("relative_position_index") && !name.ends_with("attn_mask"))
      named.emplace_back(name, tensor);
  }
  return named;
}

std::string_view first_part(std::string_view name) { return name.substr(0, name.find('.')); }

bool is_head(std::string_view name) {
  const std::string_view part = first_part(name);
  return part == "head" || part == "heads" || part == "head_dist" || part == "classifier" ||
         part == "fc";
}

std::string a_few(const std::vector<std::string>& names) {
  std::vector<std::string> few(names.begin(),
                               names.begin() + std::min<std::ptrdiff_t>(3, std::ssize(names)));
  if (few.size() < names.size()) few.emplace_back("…");
  return cat(names.size(), " (", join(few, ", "), ")");
}

bool is_shard(const std::string& file) {
  static const std::regex pattern("-[0-9]{5}-of-[0-9]{5}\\.[a-z]+$");
  return std::regex_search(file, pattern);
}

tl::unexpected<Error> does_not_fit(const LoadReport& report, const StateDict& state,
                                   const LoadOptions& options, bool other_window) {
  std::string message = cat("The weights in ", options.file, " do not fit ", options.module, ": ",
                            report.loaded.size(), " of its ",
                            report.loaded.size() + report.missing.size() + report.mismatched.size(),
                            " tensors can be taken");
  const auto list = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) message += cat("; ", what, ": ", a_few(names));
  };
  list("missing", report.missing);
  list("left over", report.unexpected);
  list("of another shape", report.mismatched);
  if (other_window) message += "; the attention windows are of another size";
  const std::string layout = describe_layout(state);
  if (!layout.empty()) message += cat("; the names are those of ", layout);
  if (is_shard(options.file)) message += "; the file is one shard of several";
  message += '.';

  std::string hint = "Name weights that belong to it, with torchvision's names.";
  if (is_shard(options.file)) {
    hint = "Join the shards to one file in Python.";
  } else if (layout == "an OmniQ checkpoint") {
    hint = "init_from_pretrain takes the checkpoint of a run.";
  }
  if (!report.loaded.empty()) {
    hint +=
        cat(" To take what fits all the same, and leave the rest at random: ", options.how_partial,
            ".");
  }
  return fail(ErrorCode::checkpoint, std::move(message), std::move(hint));
}

// Of which of the values that are to be copied some are not finite, and how many.
std::vector<std::string> not_finite(const Sources& values) {
  std::vector<std::string> found;
  for (const auto& [name, value] : values) {
    if (!value.is_floating_point()) continue;
    const auto bad = value.numel() - at::isfinite(value).sum().item<std::int64_t>();
    if (bad > 0) found.push_back(cat(name, ": ", bad, " of ", value.numel()));
  }
  return found;
}

}  // namespace

Result<LoadReport> load_into(torch::nn::Module& module, const StateDict& state,
                             const LoadOptions& options) {
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (const auto& item : module.named_parameters()) targets.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) targets.emplace_back(item.key(), item.value());
  const Sources named = stripped(state);
  const std::map<std::string_view, at::Tensor> sources(named.begin(), named.end());

  LoadReport report;
  bool head_fits = true;  // or it may be a new one
  bool other_window = false;
  std::set<std::string_view> known, parts;
  Sources values;  // converted and checked first, so that an error changes nothing
  std::vector<at::Tensor> filled;
  for (const auto& [name, target] : targets) {
    known.insert(name);
    parts.insert(first_part(name));
    const bool may_differ = options.new_head.contains(name);
    const auto found = sources.find(name);
    if (found == sources.end()) {
      report.missing.push_back(name);
      head_fits &= may_differ;
      continue;
    }
    const at::Tensor& source = found->second;
    const std::string what = cat(name, ": file ", source.sizes(), ", model ", target.sizes());
    if (source.sizes() == target.sizes() &&
        source.is_floating_point() == target.is_floating_point() && !source.is_complex()) {
      values.emplace_back(name, source.to(target.scalar_type()));
      filled.push_back(target);
      report.loaded.push_back(name);
      continue;
    }
    other_window |= name.ends_with("relative_position_bias_table") && source.dim() == 2 &&
                    source.size(0) != target.size(0);
    report.mismatched.push_back(
        source.sizes() == target.sizes()
            ? cat(name, ": file ", source.scalar_type(), ", model ", target.scalar_type())
            : what);
    // Another number of classes, of the same features.
    head_fits &= may_differ && source.dim() == target.dim() &&
                 source.sizes().slice(1) == target.sizes().slice(1);
  }
  bool surplus = false;
  for (const auto& [name, tensor] : named) {
    if (known.contains(name)) continue;
    report.unexpected.emplace_back(name);
    surplus |= !is_head(name) || parts.contains(first_part(name));
  }
  const bool fits = (report.complete() || head_fits) && !surplus;
  if (report.loaded.empty() || (!fits && !options.partial))
    return does_not_fit(report, state, options, other_window);
  if (const auto bad = not_finite(values); !bad.empty()) {
    return fail(ErrorCode::numeric,
                cat("The weights in ", options.file, " have values that are not finite, in ",
                    a_few(bad), "."),
                "Fetch or write the file again.");
  }
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < values.size(); ++i) filled[i].copy_(values[i].second);
  return report;
}

}  // namespace omniq::model
