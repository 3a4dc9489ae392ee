#include "core/model/weights/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/model/weights/checksum.h"

namespace omniq::model {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr std::size_t kDigits = 16;                // of a checksum
// A damaged name of one of the entries leaves the other.
constexpr const char* kHeaderSum = "omniq.xxh3.header";    // with its own digits as zeros
constexpr const char* kTensorSums = "omniq.xxh3.tensors";  // in the header's order
const std::string kZeros(kDigits, '0');

tl::unexpected<Error> cannot_write(const fs::path& path, int code) {
  return fail(ErrorCode::io, cat("Cannot write ", path.string(), ": ", std::strerror(code), "."),
              code == ENOSPC ? "Free some space on that disk." : "");
}

tl::unexpected<Error> damaged(const fs::path& path, const std::string& what) {
  return fail(ErrorCode::checkpoint,
              cat(path.string(), " is damaged: ", what, " not what was written."));
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Where the digits of the header's own checksum are in its text.
std::size_t find_header_sum(std::string_view text) {
  const std::string before = cat('"', kHeaderSum, "\":\"");
  const std::size_t at = text.find(before);
  return at == std::string_view::npos ? at : at + before.size();
}

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
  const auto utf8 = [](const auto& entry) { return is_utf8(entry.first); };
  if (!std::all_of(tensors.begin(), tensors.end(), utf8) ||
      !std::all_of(metadata.begin(), metadata.end(),
                   [&](const auto& entry) { return utf8(entry) && is_utf8(entry.second); })) {
    return fail(ErrorCode::io,
                cat("Cannot write ", path.string(), ": a name or metadata text is not UTF-8."));
  }
  std::string text = "{\"__metadata__\":" + json_text(metadata);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& tensor = tensors[i].second;
    text += ',' + json_text(tensors[i].first) + ':' +
            json_text({{"dtype", safetensors_dtype(tensor.scalar_type())},
                       {"shape", tensor.sizes().vec()},
                       {"data_offsets", {begins[i], begins[i] + tensor.nbytes()}}});
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxHeader)
    return fail(ErrorCode::io,
                cat("Cannot write ", path.string(), ": its header would be too long."));
  return text;
}

}  // namespace

Result<SafetensorsReader> SafetensorsReader::open(const fs::path& path) {
  SafetensorsReader reader;
  reader.path_ = path;
  OMNIQ_ASSIGN(reader.mapping_, Mapping::open(path));
  const std::string_view bytes = reader.mapping_->bytes();
  if (bytes.size() < kLengthBytes) {
    return broken_safetensors(
        path, cat("it has ", bytes.size(), " bytes, fewer than the 8 of the header's length"));
  }
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  const std::uint64_t rest = bytes.size() - kLengthBytes;
  if (length > rest || length > kMaxHeader) {
    return broken_safetensors(
        path, cat("its header would take ", length, " bytes, but ", rest, " follow"));
  }
  const std::string_view text = bytes.substr(kLengthBytes, length);
  if (!text.starts_with('{')) return broken_safetensors(path, "its header does not begin with '{'");
  OMNIQ_ASSIGN(reader.header_, parse_safetensors_header(path, text, rest - length));
  reader.data_ = kLengthBytes + length;
  for (std::size_t i = 0; i < reader.entries().size(); ++i)
    reader.index_.emplace(reader.entries()[i].name, i);

  auto& metadata = reader.header_.metadata;
  const auto header_sum = metadata.extract(kHeaderSum), tensor_sums = metadata.extract(kTensorSums);
  if (header_sum.empty() && tensor_sums.empty()) return reader;
  const std::size_t at = find_header_sum(text);
  if (header_sum.empty() || tensor_sums.empty() || at > text.size() - kDigits)
    return damaged(path, "its header is");
  std::string blanked(text);
  blanked.replace(at, kDigits, kZeros);
  if (checksum(blanked.data(), blanked.size()) != header_sum.mapped() ||
      tensor_sums.mapped().size() != kDigits * reader.entries().size()) {
    return damaged(path, "its header is");
  }
  reader.checksums_ = std::move(tensor_sums.mapped());
  return reader;
}

std::ptrdiff_t SafetensorsReader::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? -1 : static_cast<std::ptrdiff_t>(found->second);
}

Result<at::Tensor> SafetensorsReader::read(std::size_t i) const {
  const SafetensorsEntry& entry = entries()[i];
  const std::uint64_t bytes = entry.end - entry.begin;
  char* data = mapping_->data() + data_ + entry.begin;
  if (checked() && checksum(data, bytes) != checksums_.substr(i * kDigits, kDigits))
    return damaged(path_, cat("the values of ", entry.name, " are"));
  const auto options = at::TensorOptions().dtype(entry.type);
  if (bytes == 0) return at::empty(entry.shape, options);
  // Any byte but 0 and 1 in a bool is undefined behaviour for whoever reads it.
  if (entry.type == at::kBool &&
      std::any_of(data, data + bytes, [](char c) { return (c & ~1) != 0; })) {
    return broken_safetensors(
        path_, cat("tensor \"", entry.name, "\" is BOOL but has bytes other than 0 and 1"));
  }
  if (reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(entry.type) == 0) {
    return at::from_blob(
        data, entry.shape, [mapping = mapping_](void*) {}, options);
  }
  at::Tensor copy = at::empty(entry.shape, options);
  std::memcpy(copy.mutable_data_ptr(), data, bytes);
  return copy;
}

Status SafetensorsReader::check() const {
  for (std::size_t i = 0; i < entries().size(); ++i) OMNIQ_TRY(read(i));
  return {};
}

at::Tensor SafetensorsFile::find(std::string_view name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  return {};
}

Result<SafetensorsFile> load_safetensors(const fs::path& path) {
  OMNIQ_ASSIGN(const SafetensorsReader reader, SafetensorsReader::open(path));
  SafetensorsFile file{{}, reader.metadata()};
  for (std::size_t i = 0; i < reader.entries().size(); ++i) {
    OMNIQ_ASSIGN(at::Tensor tensor, reader.read(i));
    file.tensors.emplace_back(reader.entries()[i].name, std::move(tensor));
  }
  return file;
}

Result<fs::path> write_safetensors(const fs::path& path, const StateDict& tensors,
                                   const std::map<std::string, std::string>& metadata) {
  const auto cannot = [&](const std::string& name, const std::string& what) {
    return fail(ErrorCode::io,
                cat("Cannot write ", path.string(), ": tensor \"", name, "\" ", what, "."));
  };
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) return cannot(name, "is undefined");
    if (tensor.layout() != at::kStrided) return cannot(name, "is not dense");
    if (safetensors_dtype(tensor.scalar_type()) == nullptr)
      return cannot(name, cat("has the dtype ", tensor.scalar_type(), ", which the format lacks"));
    if (name == "__metadata__") return cannot(name, "has a name that the format reserves");
    if (!names.insert(name).second) return cannot(name, "is given twice");
  }
  std::vector<std::size_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tensors[a].second.element_size() > tensors[b].second.element_size();
  });
  // The checksums are known when the tensors were written; their places in the header are kept.
  auto extended = metadata;
  extended[kHeaderSum] = kZeros;
  std::string& sums = extended[kTensorSums];
  sums.assign(kDigits * tensors.size(), '0');
  OMNIQ_ASSIGN(std::string header, make_header(path, tensors, order, extended));

  const fs::path temporary = path.string() + ".tmp";
  std::unique_ptr<std::FILE, CloseFile> out(std::fopen(temporary.c_str(), "wb"));
  if (!out) return cannot_write(temporary, errno);
  const auto write = [&](const void* data, std::size_t bytes) {
    return bytes == 0 || std::fwrite(data, 1, bytes, out.get()) == bytes;
  };
  const auto give_up = [&](int code) {
    out.reset();
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return cannot_write(temporary, code);
  };
  unsigned char length[kLengthBytes];
  for (std::uint64_t i = 0; i < kLengthBytes; ++i)
    length[i] = static_cast<unsigned char>(header.size() >> (8 * i));
  if (!write(length, kLengthBytes) || !write(header.data(), header.size())) return give_up(errno);
  for (const std::size_t i : order) {
    // One tensor at a time comes from the device, so that saving needs little memory.
    const at::Tensor tensor = tensors[i].second.detach().cpu().resolve_neg().contiguous();
    sums.replace(i * kDigits, kDigits, checksum(tensor.const_data_ptr(), tensor.nbytes()));
    if (!write(tensor.const_data_ptr(), tensor.nbytes())) return give_up(errno);
  }
  OMNIQ_ASSIGN(header, make_header(path, tensors, order, extended));
  header.replace(find_header_sum(header), kDigits, checksum(header.data(), header.size()));
  if (std::fseek(out.get(), kLengthBytes, SEEK_SET) != 0 || !write(header.data(), header.size()) ||
      std::fflush(out.get()) != 0) {
    return give_up(errno);
  }
  return temporary;
}

Status save_safetensors(const fs::path& path, const StateDict& tensors,
                        const std::map<std::string, std::string>& metadata) {
  OMNIQ_ASSIGN(const fs::path temporary, write_safetensors(path, tensors, metadata));
  return commit_file(temporary, path);
}

}  // namespace omniq::model
