#include "core/model/weights/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "core/base/text.h"

namespace omniq::model {
namespace {

constexpr std::size_t kMaxDepth = 128;  // of the official library's JSON
constexpr std::size_t kMaxRank = 64;    // of libtorch's operators

struct Dtype {
  const char* name;
  std::uint64_t bits;
  at::ScalarType type;
};
constexpr Dtype kDtypes[] = {
    {"F64", 64, at::kDouble},
    {"F32", 32, at::kFloat},
    {"F16", 16, at::kHalf},
    {"BF16", 16, at::kBFloat16},
    {"I64", 64, at::kLong},
    {"I32", 32, at::kInt},
    {"I16", 16, at::kShort},
    {"I8", 8, at::kChar},
    {"U8", 8, at::kByte},
    {"BOOL", 8, at::kBool},
    {"U64", 64, at::kUInt64},
    {"U32", 32, at::kUInt32},
    {"U16", 16, at::kUInt16},
    {"C64", 64, at::kComplexFloat},
    {"F8_E4M3", 8, at::kFloat8_e4m3fn},
    {"F8_E5M2", 8, at::kFloat8_e5m2},
    {"F8_E4M3FNUZ", 8, at::kFloat8_e4m3fnuz},
    {"F8_E5M2FNUZ", 8, at::kFloat8_e5m2fnuz},
    {"F8_E8M0", 8, at::kFloat8_e8m0fnu},
    {"F6_E2M3", 6, at::kByte},  // in bytes
    {"F6_E3M2", 6, at::kByte},
    {"F4", 4, at::kByte},
};

const Dtype* find_dtype(std::string_view name) {
  for (const Dtype& dtype : kDtypes) {
    if (name == dtype.name) return &dtype;
  }
  return nullptr;
}

/// Takes the parser's events: no document is built, which for many names would take time and
/// memory out of proportion.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string problem;  // of the first thing that is wrong

  bool null() override { return scalar(Kind::null); }
  bool boolean(bool) override { return scalar(Kind::other); }
  bool number_integer(number_integer_t) override { return scalar(Kind::other); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(Kind::count, value); }
  bool number_float(number_float_t, const string_t&) override { return scalar(Kind::other); }
  bool string(string_t& value) override { return scalar(Kind::text, 0, &value); }
  bool binary(binary_t&) override { return scalar(Kind::other); }
  bool start_object(std::size_t) override { return open(/*object=*/true); }
  bool start_array(std::size_t) override { return open(/*object=*/false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override {
    return bad(cat("its header is not valid JSON (at byte ", at, ")"));
  }

  bool key(string_t& name) override {
    switch (within_.back()) {
      case Within::top:
        if (!names_.insert(name).second) return twice(name);
        name_ = name;
        return true;
      case Within::metadata:
        if (header.metadata.contains(name)) return twice(name);
        key_ = name;
        return true;
      case Within::tensor: {
        field_ = name == "dtype"          ? kDtype
                 : name == "shape"        ? kShape
                 : name == "data_offsets" ? kOffsets
                                          : kOther;
        if ((seen_ & field_) != 0) return twice(name);
        seen_ |= field_;
        return true;
      }
      default:
        return true;
    }
  }

 private:
  enum class Within { top, metadata, tensor, shape, offsets, ignored };
  enum class Kind { null, count, text, other };
  enum Field : unsigned { kOther = 0, kDtype = 1, kShape = 2, kOffsets = 4 };

  bool bad(std::string what) {
    if (problem.empty()) problem = std::move(what);
    return false;
  }
  bool twice(const std::string& name) { return bad(cat("its header names \"", name, "\" twice")); }
  bool bad_tensor(const std::string& what) { return bad(cat("tensor \"", name_, "\" ", what)); }
  bool bad_field() {
    return bad_tensor(field_ == kDtype   ? "has a dtype that is not a string"
                      : field_ == kShape ? "has a shape that is not a list"
                                         : "has data_offsets that are not two byte positions");
  }
  bool bad_entry() { return bad(cat("its __metadata__ entry \"", key_, "\" is not a string")); }
  bool bad_member() {
    return name_ == "__metadata__" ? bad("its __metadata__ is not an object")
                                   : bad_tensor("is not described by an object");
  }

  bool scalar(Kind kind, std::uint64_t count = 0, std::string* text = nullptr) {
    if (within_.empty()) return bad("its header is not a JSON object");
    switch (within_.back()) {
      case Within::top:
        return (name_ == "__metadata__" && kind == Kind::null) || bad_member();
      case Within::metadata:
        if (kind != Kind::text) return bad_entry();
        header.metadata.emplace(key_, std::move(*text));
        return true;
      case Within::tensor:
        if (field_ == 0) return true;
        if (field_ != kDtype || kind != Kind::text) return bad_field();
        dtype_ = find_dtype(*text);
        return dtype_ || bad_tensor(cat("has the dtype ", *text, ", which is not known here"));
      case Within::shape:
        if (kind != Kind::count || count > INT64_MAX)
          return bad_tensor("has a shape that is not a list of sizes");
        if (entry_.shape.size() == kMaxRank)
          return bad_tensor(cat("has more than ", kMaxRank, " sides"));
        entry_.shape.push_back(static_cast<std::int64_t>(count));
        return true;
      case Within::offsets:
        if (kind != Kind::count || offsets_ == 2) return bad_field();
        (offsets_++ == 0 ? entry_.begin : entry_.end) = count;
        return true;
      case Within::ignored:
        return true;
    }
    return true;
  }

  bool open(bool object) {
    if (within_.empty()) {
      within_.push_back(Within::top);
      return object || bad("its header is not a JSON object");
    }
    if (within_.size() == kMaxDepth) return bad("its header nests without end");
    switch (within_.back()) {
      case Within::top:
        if (!object) return bad_member();
        if (name_ == "__metadata__") {
          within_.push_back(Within::metadata);
          return true;
        }
        entry_ = {};
        dtype_ = nullptr;
        seen_ = 0;
        offsets_ = 0;
        within_.push_back(Within::tensor);
        return true;
      case Within::metadata:
        return bad_entry();
      case Within::tensor:
        if (field_ == kDtype || (field_ != 0 && object)) return bad_field();
        within_.push_back(field_ == kShape     ? Within::shape
                          : field_ == kOffsets ? Within::offsets
                                               : Within::ignored);
        return true;
      case Within::shape:
        return bad_tensor("has a shape that is not a list of sizes");
      case Within::offsets:
        return bad_field();
      case Within::ignored:
        within_.push_back(Within::ignored);
        return true;
    }
    return true;
  }

  bool close() {
    const Within left = within_.back();
    within_.pop_back();
    if (left == Within::offsets && offsets_ != 2) return bad_field();
    return left != Within::tensor || finish();
  }

  bool finish() {
    for (const auto& [field, name] : {std::pair(kDtype, "dtype"), std::pair(kShape, "shape"),
                                      std::pair(kOffsets, "data_offsets")}) {
      if ((seen_ & field) == 0) return bad_tensor(cat("has no ", name));
    }
    // A zero anywhere makes the tensor empty, however large the other sides are; libtorch still
    // multiplies those for its strides, so overflow is checked over the non-zero sides.
    std::uint64_t bits = dtype_->bits;
    bool empty = false, overflow = false;
    for (const std::int64_t side : entry_.shape) {
      empty |= side == 0;
      overflow |=
          side != 0 && __builtin_mul_overflow(bits, static_cast<std::uint64_t>(side), &bits);
    }
    if (overflow || bits > INT64_MAX) return bad_tensor("has a shape that is too large");
    if (bits % 8 != 0) return bad_tensor("does not fill whole bytes");
    const std::uint64_t bytes = empty ? 0 : bits / 8;
    if (entry_.begin > entry_.end) {
      return bad_tensor(
          cat("has data_offsets that run backwards (", entry_.begin, " to ", entry_.end, ")"));
    }
    if (entry_.end - entry_.begin != bytes) {
      return bad_tensor(cat("needs ", bytes, " bytes for its dtype and shape but has ",
                            entry_.end - entry_.begin));
    }
    entry_.name = name_;
    entry_.type = dtype_->type;
    if (dtype_->bits < 8) entry_.shape = {static_cast<std::int64_t>(bytes)};
    header.entries.push_back(std::move(entry_));
    return true;
  }

  std::vector<Within> within_;  // the object or list under way, innermost last
  std::unordered_set<std::string> names_;
  std::string name_, key_;              // of the tensor and of the metadata under way
  unsigned field_ = kOther, seen_ = 0;  // the fields under way and behind
  SafetensorsEntry entry_;
  const Dtype* dtype_ = nullptr;
  int offsets_ = 0;
};

// Every byte after the header belongs to exactly one tensor; what is wrong, or "".
std::string coverage_problem(const std::vector<SafetensorsEntry>& entries, std::uint64_t bytes) {
  std::vector<const SafetensorsEntry*> sorted;
  for (const SafetensorsEntry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t reached = 0;
  const SafetensorsEntry* last = nullptr;
  for (const SafetensorsEntry* entry : sorted) {
    const auto bad = [&](const std::string& what) {
      return cat("tensor \"", entry->name, "\" ", what);
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
  return reached == bytes ? "" : cat(bytes - reached, " bytes at its end belong to no tensor");
}

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(const std::filesystem::path& path,
                                                   std::string_view text,
                                                   std::uint64_t data_bytes) {
  HeaderReader reader;
  if (!nlohmann::json::sax_parse(text, &reader)) return broken_safetensors(path, reader.problem);
  if (const std::string problem = coverage_problem(reader.header.entries, data_bytes);
      !problem.empty()) {
    return broken_safetensors(path, problem);
  }
  return std::move(reader.header);
}

const char* safetensors_dtype(at::ScalarType type) {
  for (const Dtype& dtype : kDtypes) {
    if (type == dtype.type) return dtype.name;
  }
  return nullptr;
}

tl::unexpected<Error> broken_safetensors(const std::filesystem::path& path,
                                         const std::string& what) {
  return fail(ErrorCode::checkpoint,
              cat(path.string(), " is not a usable safetensors file: ", what, "."),
              "Fetch or write the file again.");
}

}  // namespace omniq::model
