#include "core/model/weights/zip.h"

#include "core/base/text.h"

namespace omniq::model {
namespace {

constexpr std::uint64_t kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20, kEntryBytes = 46,
                        kLocalBytes = 30;
constexpr std::string_view kEnd = "PK\5\6", kEnd64 = "PK\6\6", kLocator = "PK\6\7",
                           kEntry = "PK\1\2", kLocal = "PK\3\4";

/// What is wrong with the bytes.
struct Malformed {
  std::string what;
};

/// Bytes that are looked at by position; what lies outside is malformed.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t size() const { return bytes_.size(); }
  std::string_view take(std::uint64_t at, std::uint64_t count) const {
    if (at > size() || count > size() - at) throw Malformed{"it is cut off"};
    return bytes_.substr(at, count);
  }
  std::uint64_t number(std::uint64_t at, int width) const {
    const std::string_view raw = take(at, static_cast<std::uint64_t>(width));
    std::uint64_t out = 0;
    for (int i = width - 1; i >= 0; --i)
      out = out << 8 | static_cast<unsigned char>(raw[static_cast<std::size_t>(i)]);
    return out;
  }
  bool starts(std::uint64_t at, std::string_view signature) const {
    return at <= size() && bytes_.substr(at, signature.size()) == signature;
  }

 private:
  std::string_view bytes_;
};

struct Directory {
  std::uint64_t begin, entries;
};

Directory find_directory(const Bytes& file) {
  // The end record is the last thing in a file, before a comment of at most 65,535 bytes.
  constexpr std::uint64_t kLongest = kEndBytes + 65535;
  for (std::uint64_t back = kEndBytes; back <= std::min(file.size(), kLongest); ++back) {
    const std::uint64_t end = file.size() - back;
    if (!file.starts(end, kEnd)) continue;
    const Directory small{file.number(end + 16, 4), file.number(end + 10, 2)};
    if (end < kLocatorBytes || !file.starts(end - kLocatorBytes, kLocator)) return small;
    const std::uint64_t end64 = file.number(end - kLocatorBytes + 8, 8);
    file.take(end64, kEnd64Bytes);
    if (!file.starts(end64, kEnd64)) throw Malformed{"its end is damaged"};
    return {file.number(end64 + 48, 8), file.number(end64 + 32, 8)};
  }
  throw Malformed{"it has no directory of its records; it may be cut off"};
}

struct Record {
  std::string_view name;
  std::uint64_t size, local;
};

// The 64-bit field replaces a 32-bit one that is full; its place depends on which of them are.
void widen(const Bytes& file, std::uint64_t extra, std::uint64_t extra_end,
           std::initializer_list<std::uint64_t*> fields) {
  while (extra + 4 <= extra_end) {
    const std::uint64_t id = file.number(extra, 2), length = file.number(extra + 2, 2);
    std::uint64_t at = extra + 4;
    extra = at + length;
    if (id != 1) continue;
    for (std::uint64_t* field : fields) {
      if (*field != 0xffffffff) continue;
      if (at + 8 > extra) throw Malformed{"a record has no size"};
      *field = file.number(at, 8);
      at += 8;
    }
    return;
  }
}

Record read_entry(const Bytes& file, std::uint64_t& at) {
  if (!file.starts(at, kEntry)) throw Malformed{"the directory of its records is damaged"};
  std::uint64_t packed = file.number(at + 20, 4);
  Record record{file.take(at + kEntryBytes, file.number(at + 28, 2)), file.number(at + 24, 4),
                file.number(at + 42, 4)};
  const std::uint64_t extra = at + kEntryBytes + record.name.size();
  const std::uint64_t extra_end = extra + file.number(at + 30, 2);
  widen(file, extra, extra_end, {&record.size, &packed, &record.local});
  if ((file.number(at + 8, 2) & 1) != 0) throw Malformed{cat(record.name, " in it is encrypted")};
  if (file.number(at + 10, 2) != 0 || packed != record.size) {
    throw Malformed{
        cat("its record ", record.name, " is compressed, and torch.save compresses none")};
  }
  at = extra_end + file.number(at + 32, 2);
  return record;
}

}  // namespace

Result<StoredZip> StoredZip::open(const std::filesystem::path& path) {
  OMNIQ_ASSIGN(auto mapping, Mapping::open(path));
  StoredZip zip(std::move(mapping));
  const Bytes file(zip.mapping_->bytes());
  try {
    const Directory directory = find_directory(file);
    std::uint64_t at = directory.begin, total = 0;
    // Every entry takes bytes, so that a number of entries that is made up ends with the file.
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
      const Record record = read_entry(file, at);
      if (!file.starts(record.local, kLocal))
        throw Malformed{cat("the beginning of ", record.name, " is damaged")};
      const std::uint64_t data = record.local + kLocalBytes + file.number(record.local + 26, 2) +
                                 file.number(record.local + 28, 2);
      const std::string_view bytes = file.take(data, record.size);
      total += record.size;  // at most the file's size each time
      if (total > file.size()) throw Malformed{"its records together are larger than the file"};
      if (i == 0) zip.folder_ = record.name.substr(0, record.name.find('/') + 1);
      if (!zip.records_.emplace(record.name, bytes).second)
        throw Malformed{cat("it has ", record.name, " twice")};
    }
  } catch (const Malformed& error) {
    return fail(ErrorCode::checkpoint,
                cat("Cannot read weights from ", path.string(), ": ", error.what, "."),
                "Fetch or write the file again.");
  }
  return zip;
}

std::optional<std::string_view> StoredZip::find(const std::string& name) const {
  const auto found = records_.find(folder_ + name);
  if (found == records_.end()) return std::nullopt;
  return found->second;
}

}  // namespace omniq::model
