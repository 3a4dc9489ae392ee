#include "core/model/weights/torch_file.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/model/weights/pickle.h"
#include "core/model/weights/zip.h"

namespace omniq::model {
namespace fs = std::filesystem;
namespace {

using pickle::Value;

constexpr const char* kSaveIt =
    "Save it in Python as torch.save(model.state_dict(), path), or as safetensors.";

tl::unexpected<Error> unusable_torch_file(const fs::path& path, const std::string& what,
                                          const std::string& hint) {
  return fail(ErrorCode::checkpoint,
              cat("Cannot read weights from ", path.string(), ": ", what, "."), hint);
}

bool holds_tensor(const Value& dict) {
  return std::any_of(dict.entries.begin(), dict.entries.end(),
                     [](const auto& entry) { return entry.second->kind == Value::Kind::tensor; });
}

Result<StateDict> from_dict(const fs::path& path, const Value& dict) {
  StateDict state;
  std::set<std::string_view> names;
  for (const auto& [key, value] : dict.entries) {
    if (value->kind != Value::Kind::tensor) continue;
    if (key->kind != Value::Kind::text)
      return unusable_torch_file(path, "a tensor's name is not a text", "");
    if (!names.insert(key->text).second)
      return unusable_torch_file(path, cat("it names \"", key->text, "\" twice"), "");
    state.emplace_back(key->text, value->tensor);
  }
  return state;
}

const Value* find_dict(const Value& root) {
  for (const char* wanted : {"model", "state_dict", "model_state", "model_state_dict"}) {
    for (const auto& [key, value] : root.entries) {
      if (key->text == wanted && value->kind == Value::Kind::dict && holds_tensor(*value))
        return value;
    }
  }
  return holds_tensor(root) ? &root : nullptr;
}

// The bytes of a record as a tensor that keeps their mapping, or a copy where they do not lie as
// every dtype wants them.
at::Tensor storage_of(const StoredZip& zip, std::string_view bytes) {
  const auto count = static_cast<std::int64_t>(bytes.size());
  if (count == 0) return at::empty({0}, at::kByte);
  const at::Tensor view = at::from_blob(
      const_cast<char*>(bytes.data()), {count}, [mapping = zip.mapping()](void*) {}, at::kByte);
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % 16 == 0 ? view : view.clone();
}

}  // namespace

Result<StateDict> load_torch_file(const fs::path& path) {
  OMNIQ_ASSIGN(const StoredZip zip, StoredZip::open(path));
  const auto pickled = zip.find("data.pkl");
  if (!pickled) {
    return unusable_torch_file(path, "it is a zip file, but not one that torch.save wrote",
                               kSaveIt);
  }
  if (zip.find("byteorder").value_or("little") != "little")
    return unusable_torch_file(path, "it was written on a big-endian machine", kSaveIt);
  pickle::Document document;
  try {
    document = pickle::read(*pickled, [&](const std::string& key) {
      const auto record = zip.find("data/" + key);
      if (!record) throw pickle::Malformed(cat("it has no record of storage ", key));
      return storage_of(zip, *record);
    });
  } catch (const pickle::Malformed& error) {
    return unusable_torch_file(path, cat("it is damaged (", error.what(), ")"),
                               "Fetch or write the file again.");
  }
  const Value& root = *document.root;
  if (root.kind != Value::Kind::dict)
    return unusable_torch_file(path, "it does not hold a dict of tensors", kSaveIt);
  if (const Value* dict = find_dict(root)) return from_dict(path, *dict);
  std::vector<std::string> keys;
  for (const auto& [key, value] : root.entries) {
    if (key->kind == Value::Kind::text && keys.size() < 8) keys.push_back(key->text);
  }
  return unusable_torch_file(path,
                             cat("there are no tensors in it, nor under \"model\", "
                                 "\"state_dict\" or \"model_state\" (its keys: ",
                                 keys.empty() ? "none" : join(keys, ", "), ")"),
                             kSaveIt);
}

}  // namespace omniq::model
