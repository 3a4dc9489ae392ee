#include "core/model/weights/weights.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "core/base/sha256.h"
#include "core/base/text.h"
#include "core/model/weights/pickle.h"

namespace omniq::model {
namespace fs = std::filesystem;
namespace {

tl::unexpected<Error> unusable(const fs::path& path, const std::string& what,
                               const std::string& hint) {
  return fail(ErrorCode::checkpoint,
              cat("Cannot read weights from ", path.string(), ": ", what, "."), hint);
}

using pickle::Value;

bool holds_tensor(const Value& dict) {
  return std::any_of(dict.entries.begin(), dict.entries.end(),
                     [](const auto& entry) { return entry.second->kind == Value::Kind::tensor; });
}

Result<StateDict> from_dict(const fs::path& path, const Value& dict) {
  StateDict state;
  std::set<std::string_view> names;
  for (const auto& [key, value] : dict.entries) {
    if (value->kind != Value::Kind::tensor) continue;
    if (key->kind != Value::Kind::text) return unusable(path, "a tensor's name is not a text", "");
    if (!names.insert(key->text).second)
      return unusable(path, cat("it names \"", key->text, "\" twice"), "");
    state.emplace_back(key->text, value->tensor);
  }
  return state;
}

std::string text_of(const at::Tensor& bytes) {
  return {static_cast<const char*>(bytes.const_data_ptr()),
          static_cast<std::size_t>(bytes.numel())};
}

// A record of the archive as bytes that the tensor owns.
at::Tensor read_record(caffe2::serialize::PyTorchStreamReader& reader, const std::string& name) {
  auto [data, size] = reader.getRecord(name);
  auto owner = std::make_shared<at::DataPtr>(std::move(data));
  if (size == 0) return at::empty({0}, at::kByte);
  return at::from_blob(
      owner->get(), {static_cast<std::int64_t>(size)}, [owner](void*) {}, at::kByte);
}

Result<StateDict> load_pickled(const fs::path& path) {
  const char* const kHint =
      "Save it in Python as torch.save(model.state_dict(), path), or as safetensors.";
  pickle::Document document;
  try {
    caffe2::serialize::PyTorchStreamReader reader(path.string());
    if (!reader.hasRecord("data.pkl"))
      return unusable(path, "it is a zip file, but not one that torch.save wrote", kHint);
    if (reader.hasRecord("byteorder") && text_of(read_record(reader, "byteorder")) != "little") {
      return unusable(path, "it was written on a big-endian machine", kHint);
    }
    document = pickle::read(text_of(read_record(reader, "data.pkl")), [&](const std::string& key) {
      return read_record(reader, "data/" + key);
    });
  } catch (const pickle::Malformed& error) {
    return unusable(path, cat("it is damaged (", error.what(), ")"),
                    "Fetch or write the file again.");
  } catch (const c10::Error& error) {
    // The first line says what is wrong with the archive; a stack trace follows.
    return unusable(
        path, cat("it is damaged (", split(error.what_without_backtrace(), '\n').front(), ")"),
        "Fetch or write the file again.");
  }
  if (document.root->kind != Value::Kind::dict)
    return unusable(path, "it does not hold a dict of tensors", kHint);
  if (holds_tensor(*document.root)) return from_dict(path, *document.root);
  for (const char* wanted : {"model", "state_dict", "model_state", "model_state_dict"}) {
    for (const auto& [key, value] : document.root->entries) {
      if (key->text == wanted && value->kind == Value::Kind::dict && holds_tensor(*value))
        return from_dict(path, *value);
    }
  }
  std::vector<std::string> keys;
  for (const auto& [key, value] : document.root->entries) {
    if (key->kind == Value::Kind::text && keys.size() < 8) keys.push_back(key->text);
  }
  return unusable(path,
                  cat("there are no tensors in it, nor under \"model\", \"state_dict\" or "
                      "\"model_state\" (its keys: ",
                      keys.empty() ? "none" : join(keys, ", "), ")"),
                  kHint);
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// The file's names as the module would say them, without those of tensors that are computed here.
// `others` gets the names without the prefix.
StateDict stripped(const StateDict& state, const std::string& prefix,
                   std::vector<std::string>& others) {
  StateDict named;
  for (const auto& [name, tensor] : state) {
    if (!starts_with(name, prefix)) {
      others.push_back(name);
    } else if (!ends_with(name, "relative_position_index") && !ends_with(name, "attn_mask")) {
      named.emplace_back(name.substr(prefix.size()), tensor);
    }
  }
  for (bool again = !named.empty(); again;) {
    again = false;
    for (const std::string_view extra : {"module.", "backbone.", "trunk."}) {
      if (!std::all_of(named.begin(), named.end(),
                       [&](const auto& item) { return starts_with(item.first, extra); }))
        continue;
      for (auto& item : named) item.first.erase(0, extra.size());
      again = true;
    }
  }
  return named;
}

template <class Names>
std::string a_few(const Names& names) {
  std::vector<std::string> few;
  for (const auto& name : names) {
    if (few.size() == 3) {
      few.push_back("…");
      break;
    }
    few.push_back(name.first);
  }
  return few.empty() ? "none" : join(few, ", ");
}

}  // namespace

Result<StateDict> load_weights(const fs::path& path) {
  std::error_code ec;
  if (fs::is_directory(path, ec))
    return fail(ErrorCode::io,
                cat("Cannot read weights from ", path.string(), ": it is a folder."));
  std::array<char, 9> start{};
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return fail(ErrorCode::io,
                cat("Cannot read weights from ", path.string(), ": ", std::strerror(errno), "."));
  in.read(start.data(), start.size());
  const std::string_view magic(start.data(), static_cast<std::size_t>(in.gcount()));
  in.close();

  if (starts_with(magic, "PK\x03\x04")) return load_pickled(path);
  if (starts_with(magic, "\x80\x02")) {
    return unusable(path, "it is in the format of torch before 1.6",
                    "Convert it in Python: torch.save(torch.load(old, weights_only=True), new).");
  }
  if (path.extension() == ".safetensors" || (magic.size() == 9 && magic[8] == '{')) {
    OMNIQ_ASSIGN(SafetensorsFile file, load_safetensors(path));
    return std::move(file.tensors);
  }
  return unusable(path, "it is neither a safetensors file nor one of torch.save",
                  "Give a .safetensors, .pth or .pt file.");
}

Result<LoadReport> load_into(torch::nn::Module& module, const StateDict& state,
                             const std::string& prefix_in_file) {
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (const auto& item : module.named_parameters()) targets.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) targets.emplace_back(item.key(), item.value());

  LoadReport report;
  const StateDict named = stripped(state, prefix_in_file, report.unexpected);
  std::map<std::string_view, at::Tensor> sources;
  for (const auto& [name, tensor] : named) sources.emplace(name, tensor);

  std::set<std::string_view> known;
  std::vector<std::pair<at::Tensor, at::Tensor>>
      copies;  // checked first, so that an error changes nothing
  for (const auto& [name, target] : targets) {
    known.insert(name);
    const auto found = sources.find(name);
    if (found == sources.end()) {
      report.missing.push_back(name);
      continue;
    }
    const at::Tensor& source = found->second;
    if (source.sizes() != target.sizes()) {
      const std::string what = cat(name, ": file ", source.sizes(), ", model ", target.sizes());
      if (ends_with(name, "relative_position_bias_table")) {
        return fail(ErrorCode::checkpoint,
                    cat("The weights were made for another attention window (", what, ")."),
                    "Choose the vision backbone that they belong to.");
      }
      report.mismatched.push_back(what);
    } else if (source.is_floating_point() != target.is_floating_point()) {
      report.mismatched.push_back(
          cat(name, ": file ", source.scalar_type(), ", model ", target.scalar_type()));
    } else {
      copies.emplace_back(target, source);
      report.loaded.push_back(name);
    }
  }
  for (const auto& [name, tensor] : named) {
    if (!known.contains(name)) report.unexpected.push_back(name);
  }
  if (report.loaded.empty()) {
    std::string what =
        report.mismatched.empty()
            ? cat("no name in the weights is one of the model's (weights: ", a_few(state),
                  "; model: ", a_few(targets), ")")
            : cat("no tensor of the weights fits (", report.mismatched.front(), ")");
    if (!prefix_in_file.empty())
      what += cat("; names were looked for under \"", prefix_in_file, "\"");
    return fail(ErrorCode::checkpoint, cat("Nothing was loaded: ", what, "."),
                "Check that the file belongs to this model.");
  }
  const torch::NoGradGuard no_grad;
  for (auto& [target, source] : copies) target.copy_(source);
  return report;
}

Result<std::string> file_sha256(const fs::path& path) {
  std::error_code ec;
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path, ec))
    return fail(ErrorCode::io, cat("Cannot read ", path.string(), "."));
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (in.bad()) return fail(ErrorCode::io, cat("Cannot read ", path.string(), "."));
  return hash.hex();
}

}  // namespace omniq::model
