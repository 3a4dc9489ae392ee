#include "core/data/file_kind.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <string_view>

#include "core/base/files.h"
#include "core/base/text.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

/// FFmpeg would draw it as letters on a terminal.
bool is_text(std::string_view head) {
  return !head.starts_with("YUV4MPEG2") && std::none_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 9 || (byte > 13 && byte < 32 && byte != 27);
  });
}

bool is_still_of_a_phone(std::string_view head) {
  static constexpr std::array<std::string_view, 6> kBrands = {"heic", "heix", "heim",
                                                              "heis", "mif1", "avif"};
  return head.size() >= 12 && head.substr(4, 4) == "ftyp" &&
         std::find(kBrands.begin(), kBrands.end(), head.substr(8, 4)) != kBrands.end();
}

/// Reads numbers of a file anywhere; zeros past its end.
class Bytes {
 public:
  explicit Bytes(const fs::path& path) : in_(path, std::ios::binary) {
    std::error_code ec;
    size_ = fs::file_size(path, ec);
    if (ec) size_ = 0;
  }
  std::uint64_t size() const { return size_; }
  std::string text(std::uint64_t at, std::size_t bytes) {
    std::string out(bytes, '\0');
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(at));
    in_.read(out.data(), static_cast<std::streamsize>(bytes));
    return out;
  }
  std::uint64_t big(std::uint64_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : text(at, bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint64_t little(std::uint64_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    std::string all = text(at, bytes);
    for (auto c = all.rbegin(); c != all.rend(); ++c)
      value = value << 8 | static_cast<unsigned char>(*c);
    return value;
  }

 private:
  std::ifstream in_;
  std::uint64_t size_ = 0;
};

struct Promise {
  std::uint64_t end = 0;  // where the container says that it ends; 0 where it does not
  bool index = true;      // MP4 and QuickTime: there is a moov box
};

Promise avi_promise(Bytes& file) {
  Promise promise;
  // Large ones are several RIFF chunks in a row.
  for (std::uint64_t at = 0; at < file.size() && file.text(at, 4) == "RIFF";) {
    const std::uint64_t size = file.little(at + 4, 4);
    if (size == 0 || size == 0xffffffff)
      break;  // its recording was not finished, or went to a pipe
    at = promise.end = at + 8 + size;
    at += at % 2;
  }
  return promise;
}

Promise matroska_promise(Bytes& file) {
  // Numbers have their length in the first byte's leading zeros; all ones means "not known".
  std::uint64_t at = 4;
  const auto number = [&] {
    const auto first = static_cast<unsigned char>(file.big(at, 1));
    const int bytes = std::countl_zero(first) + 1;
    if (bytes > 8) return ~std::uint64_t{0};
    const std::uint64_t mask = (std::uint64_t{1} << (7 * bytes)) - 1;
    const std::uint64_t value = file.big(at, static_cast<std::size_t>(bytes)) & mask;
    at += static_cast<std::uint64_t>(bytes);
    return value == mask ? ~std::uint64_t{0} : value;
  };
  const std::uint64_t header = number();
  if (header > file.size()) return {};
  at += header;
  if (file.big(at, 4) != 0x18538067) return {};
  at += 4;
  const std::uint64_t segment = number();
  return {segment == ~std::uint64_t{0} ? 0 : at + segment, true};
}

/// What stands at the top of MP4 and QuickTime files (ISO/IEC 14496-12 and 23009-1, QuickTime File
/// Format): anything may follow a whole file.
constexpr std::array<std::string_view, 20> kBoxes = {
    "ftyp", "styp", "moov", "moof", "mfra", "mdat", "free", "skip", "wide", "udta",
    "uuid", "meta", "meco", "sidx", "ssix", "prft", "emsg", "pdin", "pnot", "junk"};

Promise mp4_promise(Bytes& file) {
  Promise promise{0, false};
  for (std::uint64_t at = 0; at + 8 <= file.size();) {
    std::uint64_t size = file.big(at, 4);
    const std::string type = file.text(at + 4, 4);
    if (std::find(kBoxes.begin(), kBoxes.end(), type) == kBoxes.end()) break;  // not of the video
    promise.index = promise.index || type == "moov";
    if (size == 1) size = file.big(at + 8, 8);
    if (size < 8) break;  // 0: to the end of the file
    promise.end = at + size;
    if (promise.end < at) break;
    at = promise.end;
  }
  return promise;
}

Promise promise_of(const fs::path& path) {
  Bytes file(path);
  const std::string head = file.text(0, 12);
  if (head.starts_with("RIFF") && head.substr(8) == "AVI ") return avi_promise(file);
  if (head.starts_with("\x1a\x45\xdf\xa3")) return matroska_promise(file);
  const std::string box = head.substr(4, 4);
  if (box == "ftyp" || box == "mdat" || box == "moov" || box == "wide") return mp4_promise(file);
  return {};
}

}  // namespace

Status check_video_file(const fs::path& path) {
  std::error_code ec;
  const fs::file_status status = fs::status(path, ec);
  if (!fs::exists(status)) {
    return fail(ErrorCode::data, cat(path.string(), " does not exist."));
  }
  if (fs::is_directory(status)) {
    return fail(ErrorCode::data, cat(path.string(), " is a folder, not a video file."));
  }
  if (!fs::is_regular_file(status)) {
    const char* kind = fs::is_fifo(status)     ? "a named pipe"
                       : fs::is_socket(status) ? "a socket"
                                               : "a device";
    return fail(ErrorCode::data, cat(path.string(), " is ", kind, ", not a video file."),
                "Write what comes out of it to a file first.");
  }
  auto file = InputFile::open(path);
  if (!file) return fail(ErrorCode::data, file.error().message, "Check its permissions.");
  if (file->size() == 0) {
    return fail(ErrorCode::data, cat(path.string(), " is empty (0 bytes)."),
                "Copy or download it again.");
  }
  std::string head(4096, '\0');
  OMNIQ_ASSIGN(const std::size_t bytes, file->read(head.data(), head.size()));
  head.resize(bytes);
  if (is_text(head)) {
    return fail(ErrorCode::data, cat(path.string(), " is a text file, not a video."));
  }
  if (is_still_of_a_phone(head)) {
    return fail(ErrorCode::data,
                cat(path.string(), " is a ", head.substr(8, 4) == "avif" ? "AVIF" : "HEIC",
                    " picture, which is not read."),
                "Convert it to JPEG, or take the video.");
  }
  return {};
}

std::string missing_bytes(const fs::path& path) {
  std::error_code ec;
  const std::uint64_t size = fs::file_size(path, ec);
  const std::uint64_t end = promise_of(path).end;
  constexpr std::uint64_t kPadding = 1;  // that some writers count and leave out
  if (ec || end <= size + kPadding) return {};
  return cat("its header promises ", human_bytes(end), ", ", human_bytes(size), " are there");
}

Error explain_unopened(const fs::path& path, const std::string& reason) {
  if (const std::string missing = missing_bytes(path); !missing.empty()) {
    return {ErrorCode::data,
            cat(path.string(), " is truncated: ", missing, ", and that cannot be opened (", reason,
                ")."),
            "Copy or download it again."};
  }
  if (!promise_of(path).index) {
    return {ErrorCode::data,
            cat(path.string(), " has no index of its frames (", reason,
                "): it is truncated, or its recording was not finished."),
            "Copy it again, or mend it with a tool that rebuilds MP4 files."};
  }
  return {ErrorCode::data, cat(path.string(), " is not a video (", reason, ")."), ""};
}

Error no_frame_error(const fs::path& path, const std::string& reason) {
  return {ErrorCode::data,
          cat(path.string(), " has a video stream, but no frame of it can be decoded",
              reason.empty() ? "" : ": ", reason, "."),
          "It is damaged or was cut off; copy or download it again."};
}

}  // namespace omniq::data
