#include "core/model/weights/safetensors.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"

namespace omniq::model {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit

struct Dtype {
  const char* name;
  at::ScalarType type;
};
constexpr Dtype kDtypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},    {"BOOL", at::kBool},
};

std::optional<at::ScalarType> find_dtype(std::string_view name) {
  for (const Dtype& dtype : kDtypes) {
    if (name == dtype.name) return dtype.type;
  }
  return std::nullopt;
}

const char* dtype_name(at::ScalarType type) {
  for (const Dtype& dtype : kDtypes) {
    if (type == dtype.type) return dtype.name;
  }
  return nullptr;
}

tl::unexpected<Error> broken(const fs::path& path, const std::string& what) {
  return fail(ErrorCode::checkpoint,
              cat(path.string(), " is not a usable safetensors file: ", what, "."),
              "Fetch or write the file again.");
}

tl::unexpected<Error> system_error(const char* verb, const fs::path& path, int code) {
  return fail(ErrorCode::io,
              cat("Cannot ", verb, " ", path.string(), ": ", std::strerror(code), "."),
              code == ENOSPC ? "Free some space on that disk." : "");
}

// A private mapping of a whole file.
class Mapping {
 public:
  Mapping(void* data, std::uint64_t size) : data_(static_cast<char*>(data)), size_(size) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(data_, size_); }
  char* data() const { return data_; }
  std::uint64_t size() const { return size_; }

 private:
  char* data_;
  std::uint64_t size_;
};

Result<std::shared_ptr<Mapping>> map_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("read", path, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return fail(ErrorCode::io, cat("Cannot read ", path.string(), ": it is not a regular file."));
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < kLengthBytes) {
    ::close(fd);
    return broken(path, cat("it has ", size, " bytes, fewer than the 8 of the header's length"));
  }
  // Private and writable: in-place operations on a loaded tensor work and stay in memory.
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  const int code = errno;
  ::close(fd);
  if (data == MAP_FAILED) return system_error("map", path, code);
  return std::make_shared<Mapping>(data, size);
}

struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;  // bytes after the header
};

// Parses the header and finds names that are given twice, which the parser would merge.
Result<Json> parse_header(const fs::path& path, std::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second && twice.empty()) twice = key;
    }
    return true;
  };
  try {
    Json header = Json::parse(text, watch);
    if (!twice.empty()) return broken(path, cat("its header names \"", twice, "\" twice"));
    if (!header.is_object()) return broken(path, "its header is not a JSON object");
    return header;
  } catch (const Json::parse_error& error) {
    return broken(path, cat("its header is not valid JSON (at byte ", error.byte, ")"));
  }
}

Result<Entry> read_entry(const fs::path& path, const std::string& name, const Json& json) {
  const auto bad = [&](const std::string& what) {
    return broken(path, cat("tensor \"", name, "\" ", what));
  };
  if (!json.is_object()) return bad("is not described by an object");
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!json.contains(key)) return bad(cat("has no ", key));
  }
  for (const auto& [key, value] : json.items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      return bad(cat("has an unknown field \"", key, "\""));
  }
  Entry entry{name, at::kFloat, {}, 0, 0};
  if (!json["dtype"].is_string()) return bad("has a dtype that is not a string");
  const std::string dtype = json["dtype"];
  const auto type = find_dtype(dtype);
  if (!type) return bad(cat("has the dtype ", dtype, ", which is not read here"));
  entry.type = *type;

  if (!json["shape"].is_array()) return bad("has a shape that is not a list");
  std::uint64_t bytes = c10::elementSize(entry.type);
  for (const Json& side : json["shape"]) {
    if (!side.is_number_unsigned() || side.get<std::uint64_t>() > INT64_MAX)
      return bad("has a shape that is not a list of sizes");
    entry.shape.push_back(side.get<std::int64_t>());
  }
  // A zero anywhere makes the tensor empty, however large the other sides are; libtorch still
  // multiplies those for its strides, so overflow is checked over the non-zero sides.
  const bool empty = std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end();
  for (const std::int64_t side : entry.shape) {
    if (side != 0 && __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(side), &bytes))
      return bad("has a shape that is too large");
  }
  if (bytes > INT64_MAX) return bad("has a shape that is too large");
  if (empty) bytes = 0;

  const Json& offsets = json["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    return bad("has data_offsets that are not two byte positions");
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.begin > entry.end)
    return bad(cat("has data_offsets that run backwards (", entry.begin, " to ", entry.end, ")"));
  if (entry.end - entry.begin != bytes) {
    return bad(
        cat("needs ", bytes, " bytes for its dtype and shape but has ", entry.end - entry.begin));
  }
  return entry;
}

// Every byte after the header belongs to exactly one tensor.
Status check_coverage(const fs::path& path, const std::vector<Entry>& entries,
                      std::uint64_t bytes) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t reached = 0;
  const Entry* last = nullptr;
  for (const Entry* entry : sorted) {
    const auto bad = [&](const std::string& what) {
      return broken(path, cat("tensor \"", entry->name, "\" ", what));
    };
    if (entry->end > bytes) {
      return bad(cat("ends at byte ", entry->end, " of the data, but the file has only ", bytes,
                     "; it may be cut off"));
    }
    if (entry->begin < reached) return bad(cat("overlaps tensor \"", last->name, "\""));
    if (entry->begin > reached)
      return bad(cat("follows a hole of ", entry->begin - reached, " bytes"));
    reached = entry->end;
    last = entry;
  }
  if (reached != bytes)
    return broken(path, cat(bytes - reached, " bytes at its end belong to no tensor"));
  return {};
}

Result<at::Tensor> make_tensor(const fs::path& path, const Entry& entry,
                               const std::shared_ptr<Mapping>& mapping, std::uint64_t data_start,
                               Loading loading) {
  const auto options = at::TensorOptions().dtype(entry.type);
  const std::uint64_t bytes = entry.end - entry.begin;
  if (bytes == 0) return at::empty(entry.shape, options);
  char* data = mapping->data() + data_start + entry.begin;
  // Any byte but 0 and 1 in a bool is undefined behaviour for whoever reads it.
  if (entry.type == at::kBool &&
      std::any_of(data, data + bytes, [](char c) { return (c & ~1) != 0; })) {
    return broken(path,
                  cat("tensor \"", entry.name, "\" is BOOL but has bytes other than 0 and 1"));
  }
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(entry.type) == 0;
  if (loading == Loading::mapped && aligned) {
    return at::from_blob(
        data, entry.shape, [mapping](void*) {}, options);
  }
  at::Tensor copy = at::empty(entry.shape, options);
  std::memcpy(copy.mutable_data_ptr(), data, bytes);
  return copy;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The header as text, padded so that the data start on a multiple of 8 bytes.
Result<std::string> make_header(const fs::path& path, const StateDict& tensors,
                                const std::vector<std::size_t>& order,
                                const std::map<std::string, std::string>& metadata) {
  std::vector<std::uint64_t> begins(tensors.size());
  std::uint64_t position = 0;
  for (const std::size_t i : order) {
    begins[i] = position;
    position += tensors[i].second.nbytes();
  }
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& tensor = tensors[i].second;
    header[tensors[i].first] = {{"dtype", dtype_name(tensor.scalar_type())},
                                {"shape", tensor.sizes().vec()},
                                {"data_offsets", {begins[i], begins[i] + tensor.nbytes()}}};
  }
  const auto utf8 = [](const auto& entry) { return is_utf8(entry.first); };
  if (!std::all_of(tensors.begin(), tensors.end(), utf8) ||
      !std::all_of(metadata.begin(), metadata.end(),
                   [&](const auto& entry) { return utf8(entry) && is_utf8(entry.second); })) {
    return fail(ErrorCode::io,
                cat("Cannot write ", path.string(), ": a name or metadata text is not UTF-8."));
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxHeader)
    return fail(ErrorCode::io,
                cat("Cannot write ", path.string(), ": its header would be too long."));
  return text;
}

}  // namespace

at::Tensor SafetensorsFile::find(std::string_view name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  return {};
}

Result<SafetensorsFile> load_safetensors(const fs::path& path, Loading loading) {
  OMNIQ_ASSIGN(const std::shared_ptr<Mapping> mapping, map_file(path));
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | static_cast<unsigned char>(mapping->data()[i]);
  const std::uint64_t rest = mapping->size() - kLengthBytes;
  if (length > rest || length > kMaxHeader) {
    return broken(path, cat("its header would take ", length, " bytes, but ", rest, " follow"));
  }
  const std::string_view text(mapping->data() + kLengthBytes, length);
  if (text.empty() || text.front() != '{')
    return broken(path, "its header does not begin with '{'");
  OMNIQ_ASSIGN(const Json header, parse_header(path, text));

  SafetensorsFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) return broken(path, "its __metadata__ is not an object");
      for (const auto& [key, content] : value.items()) {
        if (!content.is_string())
          return broken(path, cat("its __metadata__ entry \"", key, "\" is not a string"));
        file.metadata[key] = content;
      }
      continue;
    }
    OMNIQ_ASSIGN(Entry entry, read_entry(path, name, value));
    entries.push_back(std::move(entry));
  }
  OMNIQ_TRY(check_coverage(path, entries, rest - length));
  for (const Entry& entry : entries) {
    OMNIQ_ASSIGN(at::Tensor tensor,
                 make_tensor(path, entry, mapping, kLengthBytes + length, loading));
    file.tensors.emplace_back(entry.name, std::move(tensor));
  }
  return file;
}

Status save_safetensors(const fs::path& path, const StateDict& tensors,
                        const std::map<std::string, std::string>& metadata) {
  const auto cannot = [&](const std::string& name, const std::string& what) {
    return fail(ErrorCode::io,
                cat("Cannot write ", path.string(), ": tensor \"", name, "\" ", what, "."));
  };
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) return cannot(name, "is undefined");
    if (tensor.layout() != at::kStrided) return cannot(name, "is not dense");
    if (dtype_name(tensor.scalar_type()) == nullptr)
      return cannot(name, cat("has the dtype ", tensor.scalar_type(), ", which the format lacks"));
    if (name == "__metadata__") return cannot(name, "has a name that the format reserves");
    if (!names.insert(name).second) return cannot(name, "is given twice");
  }
  std::vector<std::size_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tensors[a].second.element_size() > tensors[b].second.element_size();
  });
  OMNIQ_ASSIGN(const std::string header, make_header(path, tensors, order, metadata));

  const fs::path temporary = path.string() + ".tmp";
  std::unique_ptr<std::FILE, CloseFile> out(std::fopen(temporary.c_str(), "wb"));
  if (!out) return system_error("write", temporary, errno);
  const auto write = [&](const void* data, std::size_t bytes) {
    return bytes == 0 || std::fwrite(data, 1, bytes, out.get()) == bytes;
  };
  const auto give_up = [&](int code) {
    out.reset();
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return system_error("write", temporary, code);
  };
  unsigned char length[kLengthBytes];
  for (std::uint64_t i = 0; i < kLengthBytes; ++i)
    length[i] = static_cast<unsigned char>(header.size() >> (8 * i));
  if (!write(length, kLengthBytes) || !write(header.data(), header.size())) return give_up(errno);
  for (const std::size_t i : order) {
    // One tensor at a time comes from the device, so that saving needs little memory.
    const at::Tensor tensor = tensors[i].second.detach().cpu().resolve_neg().contiguous();
    if (!write(tensor.const_data_ptr(), tensor.nbytes())) return give_up(errno);
  }
  if (std::fflush(out.get()) != 0) return give_up(errno);
  out.reset();
  return commit_file(temporary, path);
}

}  // namespace omniq::model
