#include "core/data/file_kind.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "core/base/text.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kHead = 64 * 1024;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_text(std::string_view head) {
  return std::none_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 9 || (byte > 13 && byte < 32 && byte != 27);
  });
}

struct Mp4Index {
  bool found = false;
  std::string content;  // of the moov box, as far as it goes
};

/// The index box of an MP4 or QuickTime file. It is often the last one, so a file that was cut off
/// lacks it.
Mp4Index mp4_index(std::ifstream& in) {
  Mp4Index index;
  in.clear();
  std::uint64_t position = 0;
  for (;;) {
    std::array<unsigned char, 16> header{};
    in.seekg(static_cast<std::streamoff>(position));
    if (!in.read(reinterpret_cast<char*>(header.data()), 8)) return index;
    const auto number = [&](std::size_t from, std::size_t bytes) {
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | header[from + i];
      return value;
    };
    std::uint64_t size = number(0, 4);
    const std::string_view type(reinterpret_cast<const char*>(header.data()) + 4, 4);
    if (type == "moov") {
      index.found = true;
      index.content.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, 16 << 20)));
      in.read(index.content.data(), static_cast<std::streamsize>(index.content.size()));
      index.content.resize(static_cast<std::size_t>(in.gcount()));
      return index;
    }
    if (size == 1) {  // a 64-bit size follows
      if (!in.read(reinterpret_cast<char*>(header.data()) + 8, 8)) return index;
      size = number(8, 8);
    }
    if (size < 8) return index;
    position += size;
  }
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
  if (fs::is_regular_file(status) && fs::file_size(path, ec) == 0 && !ec) {
    return fail(ErrorCode::data, cat(path.string(), " is empty (0 bytes)."),
                "Copy or download it again.");
  }
  if (!std::ifstream(path, std::ios::binary)) {
    return fail(ErrorCode::data, cat(path.string(), " cannot be read."), "Check its permissions.");
  }
  return {};
}

Error explain_unopened(const fs::path& path) {
  const auto error = [&](std::string_view what, std::string hint = {}) {
    return Error{ErrorCode::data, cat(path.string(), " ", what), std::move(hint)};
  };
  const Error audio = error("holds sound only, no video.");
  std::ifstream in(path, std::ios::binary);
  std::string buffer(kHead, '\0');
  in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  buffer.resize(static_cast<std::size_t>(in.gcount()));
  const std::string_view head = buffer;

  if (is_text(head.substr(0, 4096))) return error("is a text file, not a video.");
  if (head.starts_with("RIFF") && head.substr(8, 4) == "WAVE") return audio;
  if (head.starts_with("ID3") || head.starts_with("fLaC")) return audio;
  if (head.size() > 1 && head[0] == '\xff' && (head[1] & '\xe0') == '\xe0' && head[1] != '\xff' &&
      head[1] != '\xd8') {
    return audio;  // a bare MP3 or AAC frame (FF D8 is a JPEG)
  }
  if (head.starts_with("OggS") && !contains(head, "theora")) return audio;
  const bool avi = head.starts_with("RIFF") && head.substr(8, 4) == "AVI ";
  if (avi && contains(head, "auds") && !contains(head, "vids")) return audio;
  const bool matroska = head.starts_with("\x1a\x45\xdf\xa3");
  if (matroska && contains(head, "A_") && !contains(head, "V_")) return audio;
  const bool mp4 = head.substr(4, 4) == "ftyp" || head.substr(4, 4) == "mdat" ||
                   head.substr(4, 4) == "moov" || head.substr(4, 4) == "wide";
  if (mp4) {
    const Mp4Index index = mp4_index(in);
    if (!index.found) {
      return error("is truncated: it ends before the index of its frames.",
                   "Copy or download it again.");
    }
    if (contains(index.content, "soun") && !contains(index.content, "vide")) return audio;
  }
  if (avi || matroska || mp4) {
    return error(
        "has no video stream that can be decoded; it is damaged, truncated, or its codec is not "
        "known.",
        "Play it with another program; if that works, convert it to MP4 with H.264.");
  }
  return error("is not a video (its format is not known).");
}

}  // namespace omniq::data
