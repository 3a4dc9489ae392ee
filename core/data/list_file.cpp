#include "core/data/list_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/data/names.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

struct Line {
  std::string_view text;  // trimmed, not empty
  std::int64_t number;
};

std::vector<Line> lines_of(std::string_view content) {
  std::vector<Line> lines;
  for (std::int64_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find_first_of("\r\n"), content.size());
    const std::string_view text = trim(content.substr(0, end));
    if (!text.empty()) lines.push_back({text, number});
    const bool crlf = content.substr(end).starts_with("\r\n");
    content.remove_prefix(std::min(end + (crlf ? 2 : 1), content.size()));
  }
  return lines;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// A number too large to hold is larger than any class count, and is returned as the largest.
std::int64_t to_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() ? value : INT64_MAX;
}

tl::unexpected<Error> line_error(const fs::path& path, std::int64_t line, std::string message,
                                 std::string hint = {}) {
  return fail(ErrorCode::data, cat(path.string(), ":", line, ": ", message), std::move(hint));
}

Result<std::string> read_utf8(const fs::path& path, std::string_view bytes) {
  auto text = to_utf8(bytes);
  if (!text)
    return line_error(path, text.error().line, text.error().what, "Save the list as UTF-8.");
  return std::move(*text);
}

/// Names of files may be any bytes, and are found by them.
Result<std::string> read_names(const fs::path& path) {
  OMNIQ_ASSIGN(std::string bytes, read_file(path));
  const bool bytes_of_names = !bytes.starts_with("\xff\xfe") && !bytes.starts_with("\xfe\xff") &&
                              bytes.find('\0') == std::string::npos;
  if (bytes_of_names && !is_utf8(bytes)) return bytes;
  return read_utf8(path, bytes);
}

/// Whether "Class/clip.avi rest" has a file ending before the space, so that `rest` was meant as a
/// label.
bool ends_like_a_file(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == text.size() || text.size() - dot > 6)
    return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dot) + 1, text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0; });
}

/// A line without its label, and the label where it has one (1-based).
struct Fields {
  std::string_view name;
  std::optional<std::int64_t> label;
  std::string_view no_label;  // what stands in its place
};

/// Blanks, a comma or a semicolon stand before the label; a name may hold any of them.
Fields fields_of(std::string_view text) {
  for (const std::string_view separators : {" \t", ",;"}) {
    const std::size_t at = text.find_last_of(separators);
    if (at == std::string_view::npos) continue;
    std::string_view name = trim(text.substr(0, at)), last = trim(text.substr(at + 1));
    last.remove_prefix(std::min(last.find_first_not_of(",;"), last.size()));
    const std::string_view bare = name.substr(0, name.find_last_not_of(",; \t") + 1);
    const bool is_file = ends_like_a_file(bare.substr(0, bare.find_last_not_of('"') + 1));
    if (is_file) name = bare;
    if (is_number(last) && (is_file || separators.front() == ' '))
      return {name, to_number(last), {}};
    if (is_file && !last.empty() && last.find_first_of("./\\") == std::string_view::npos)
      return {name, {}, last};
  }
  return {text, {}, {}};
}

/// An absolute path under the root as a path from there; others stay as they are.
std::string relative_to(const fs::path& root, std::string id) {
  const fs::path path(id);
  if (!path.is_absolute() || root.empty()) return id;
  const auto within = [](const fs::path& relative) {
    return !relative.empty() && relative.is_relative() && *relative.begin() != "..";
  };
  std::error_code ec;
  fs::path from_root =
      path.lexically_normal().lexically_relative(fs::absolute(root, ec).lexically_normal());
  if (!within(from_root)) {  // the list or the settings may name the root by a link
    from_root = fs::weakly_canonical(path.parent_path(), ec)
                    .lexically_relative(fs::weakly_canonical(root, ec)) /
                path.filename();
  }
  return within(from_root) ? from_root.generic_string() : id;
}

}  // namespace

ClassIndex::ClassIndex(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    names_[i] = composed(names_[i]);
    numbers_.emplace(name_key(names_[i]), static_cast<std::int64_t>(i));
  }
}

std::int64_t ClassIndex::find(std::string_view name) const {
  const auto found = numbers_.find(name_key(name));
  return found == numbers_.end() ? -1 : found->second;
}

Result<ClassIndex> read_class_index(const fs::path& path) {
  OMNIQ_ASSIGN(const std::string bytes, read_file(path));
  OMNIQ_ASSIGN(const std::string content, read_utf8(path, bytes));
  const std::vector<Line> lines = lines_of(content);
  std::vector<std::string> names(lines.size());
  std::unordered_map<std::string, std::int64_t> seen;  // name_key → line
  for (const Line& line : lines) {
    const std::size_t space = line.text.find_first_of(" \t");
    const std::string_view digits = line.text.substr(0, space);
    if (space == std::string_view::npos || !is_number(digits)) {
      return line_error(path, line.number,
                        cat("\"", line.text, "\" is not a number and a class name."),
                        "A line looks like \"1 ApplyEyeMakeup\".");
    }
    const std::int64_t number = to_number(digits);
    if (number < 1 || number > static_cast<std::int64_t>(names.size())) {
      return line_error(path, line.number,
                        cat("class number ", digits, " is not between 1 and ", names.size(),
                            ", the number of classes in this file."),
                        "Classes are numbered from 1 without gaps.");
    }
    const std::string name(trim(line.text.substr(space)));
    OMNIQ_TRY(check_class_name(cat(path.string(), ":", line.number, ": class"), name));
    std::string& entry = names[static_cast<std::size_t>(number - 1)];
    if (!entry.empty()) {
      return line_error(path, line.number,
                        cat("class number ", number, " is ", entry, " already."));
    }
    if (const auto [other, fresh] = seen.emplace(name_key(name), line.number); !fresh) {
      return line_error(path, line.number,
                        cat("class ", name, " was listed before, in line ", other->second, "."));
    }
    entry = name;
  }
  if (names.empty()) {
    return fail(ErrorCode::data, cat(path.string(), " lists no classes."),
                "A line looks like \"1 ApplyEyeMakeup\".");
  }
  return ClassIndex(std::move(names));
}

Result<std::vector<ListedClip>> read_clip_list(const fs::path& path, const fs::path& root,
                                               const ClassIndex& classes) {
  OMNIQ_ASSIGN(const std::string content, read_names(path));
  std::vector<ListedClip> clips;
  for (const Line& line : lines_of(content)) {
    auto [name, label, no_label] = fields_of(line.text);
    if (!no_label.empty()) {
      return line_error(path, line.number, cat("the label \"", no_label, "\" is not a number."),
                        "A line looks like \"YoYo/v_YoYo_g01_c01.avi 101\".");
    }
    if (name.size() > 2 && name.front() == '"' && name.back() == '"')
      name = name.substr(1, name.size() - 2);
    ListedClip clip{std::string(name), -1, line.number};
    if (clip.id.size() > 2 && clip.id[1] == ':' && (clip.id[2] == '\\' || clip.id[2] == '/')) {
      return line_error(path, line.number, cat(clip.id, " is a path on a drive of Windows."),
                        "A clip is named by its path from data.root: \"YoYo/v_YoYo_g01_c01.avi\".");
    }
    if (clip.id.find('/') == std::string::npos) {
      std::replace(clip.id.begin(), clip.id.end(), '\\', '/');
    }
    while (clip.id.starts_with("./")) clip.id.erase(0, 2);
    clip.id = relative_to(root, std::move(clip.id));
    const fs::path parts(clip.id);
    if (parts.is_absolute() || std::find(parts.begin(), parts.end(), "..") != parts.end()) {
      return line_error(path, line.number, cat(clip.id, " does not lie under the root folder."),
                        "A clip is named by its path from data.root: \"YoYo/v_YoYo_g01_c01.avi\".");
    }
    const auto count = static_cast<std::int64_t>(classes.names().size());
    if (label && (*label < 1 || *label > count)) {
      return line_error(
          path, line.number,
          cat("label ", *label, " is not between 1 and ", count, ", the number of classes."),
          *label == 0 ? "Labels are counted from 1." : "");
    }
    const std::size_t slash = clip.id.find('/');
    if (slash == std::string::npos) {  // no class folder: the label alone says what it is
      if (!label) {
        return line_error(path, line.number,
                          cat(clip.id, " names neither a class folder nor a label."),
                          "A line looks like \"YoYo/v_YoYo_g01_c01.avi 101\".");
      }
      clip.label = *label - 1;
    } else {
      std::string folder = clip.id.substr(0, slash);
      clip.label = classes.find(folder);
      if (clip.label < 0) {  // "train/YoYo/clip.avi"
        const std::string inner = fs::path(clip.id).parent_path().filename().string();
        if (classes.find(inner) >= 0) clip.label = classes.find(folder = inner);
      }
      if (clip.label < 0) {
        const std::string near = nearest(folder, classes.names());
        return line_error(path, line.number, cat("unknown class ", folder, "."),
                          near.empty() ? cat("There are ", count, " classes, the first is ",
                                             classes.names().front(), ".")
                                       : cat("Did you mean ", near, "?"));
      }
      if (label && *label - 1 != clip.label) {
        return line_error(path, line.number,
                          cat("label ", *label, " is ", classes.names()[*label - 1],
                              ", but the clip lies in ", folder, " (", clip.label + 1, ")."),
                          *label == clip.label
                              ? "Labels are counted from 1."
                              : "Check that the list and the class index belong together.");
      }
    }
    clips.push_back(std::move(clip));
  }
  if (clips.empty()) return fail(ErrorCode::data, cat(path.string(), " lists no clips."));
  return clips;
}

std::string ucf_group(std::string_view file_name, std::string_view class_name) {
  const std::string_view stem = file_name.substr(0, file_name.rfind('.'));
  if (!stem.starts_with("v_")) return {};
  const auto numbered = [](std::string_view part, char letter) {
    return part.size() > 1 && part[0] == letter && is_number(part.substr(1));
  };
  const std::size_t clip = stem.rfind('_');
  if (clip == std::string_view::npos || clip < 3 || !numbered(stem.substr(clip + 1), 'c'))
    return {};
  const std::size_t group = stem.rfind('_', clip - 1);
  if (group == std::string_view::npos || group < 3) return {};
  const std::string_view number = stem.substr(group + 1, clip - group - 1);
  if (!numbered(number, 'g')) return {};
  const std::string_view action = stem.substr(2, group - 2);
  const bool same = to_lower(action) == to_lower(class_name);
  return cat(same ? class_name : action, "/", number);
}

}  // namespace omniq::data
