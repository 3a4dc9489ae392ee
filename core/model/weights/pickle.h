// Reads the pickles that torch.save writes, without Python and without running what they ask for:
// only containers, numbers, texts and tensors are built, everything else becomes an opaque value.
// libtorch's own reader knows what its writer makes, which lacks what Python's does (an OrderedDict
// with attributes, a dict of one entry, long integers, objects).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace omniq::model::pickle {

struct Value {
  enum class Kind { opaque, integer, text, list, dict, global, storage, tensor };
  Kind kind = Kind::opaque;
  std::int64_t integer = 0;   // integers and booleans
  std::string text;           // texts; of a global "module.name"; of a storage its key
  std::vector<Value*> items;  // lists and tuples
  std::vector<std::pair<Value*, Value*>> entries;  // dicts, in the file's order
  at::Tensor tensor;                               // tensors; of a storage its elements
};

/// What is wrong with the bytes.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// All values of a pickle; the root holds pointers to the others.
struct Document {
  std::deque<Value> values;
  const Value* root = nullptr;
};

/// Gives the bytes of a storage, by its key, as a tensor of uint8.
using ReadStorage = std::function<at::Tensor(const std::string& key)>;

/// Throws Malformed, also where the values would take memory out of proportion to the bytes, or
/// whatever `read_storage` throws. A tensor of a dtype that libtorch lacks
/// here (quantised, complex) is opaque.
Document read(std::string_view bytes, const ReadStorage& read_storage);

}  // namespace omniq::model::pickle
