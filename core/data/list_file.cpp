#include "core/data/list_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "core/base/files.h"
#include "core/base/text.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

struct Line {
  std::string_view text;  // trimmed, not empty
  std::int64_t number;
};

std::vector<Line> lines_of(std::string_view content) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);  // a byte order mark
  std::vector<Line> lines;
  for (std::int64_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view text = trim(content.substr(0, end));
    if (!text.empty()) lines.push_back({text, number});
    content.remove_prefix(std::min(end + 1, content.size()));
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

/// Whether "Class/clip.avi rest" has a file ending before the space, so that `rest` was meant as a
/// label.
bool ends_like_a_file(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == text.size() || text.size() - dot > 6)
    return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dot) + 1, text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0; });
}

}  // namespace

ClassIndex::ClassIndex(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    numbers_.emplace(to_lower(names_[i]), static_cast<std::int64_t>(i));
  }
}

std::int64_t ClassIndex::find(std::string_view name) const {
  const auto found = numbers_.find(to_lower(name));
  return found == numbers_.end() ? -1 : found->second;
}

Result<ClassIndex> read_class_index(const fs::path& path) {
  OMNIQ_ASSIGN(const std::string content, read_file(path));
  const std::vector<Line> lines = lines_of(content);
  std::vector<std::string> names(lines.size());
  std::unordered_map<std::string, std::int64_t> seen;  // lower-case name → line
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
    std::string& entry = names[static_cast<std::size_t>(number - 1)];
    if (!entry.empty()) {
      return line_error(path, line.number,
                        cat("class number ", number, " is ", entry, " already."));
    }
    if (const auto [other, fresh] = seen.emplace(to_lower(name), line.number); !fresh) {
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

Result<std::vector<ListedClip>> read_clip_list(const fs::path& path, const ClassIndex& classes) {
  OMNIQ_ASSIGN(const std::string content, read_file(path));
  std::vector<ListedClip> clips;
  for (const Line& line : lines_of(content)) {
    std::string_view name = line.text;
    std::optional<std::int64_t> label;  // 1-based
    if (const std::size_t space = name.find_last_of(" \t"); space != std::string_view::npos) {
      const std::string_view before = trim(name.substr(0, space)), last = name.substr(space + 1);
      if (is_number(last)) {
        label = to_number(last);
        name = before;
      } else if (ends_like_a_file(before) && last.find_first_of("./\\") == std::string_view::npos) {
        return line_error(path, line.number, cat("the label \"", last, "\" is not a number."),
                          "A line looks like \"YoYo/v_YoYo_g01_c01.avi 101\".");
      }
    }
    ListedClip clip{std::string(name), -1, line.number};
    if (clip.id.find('/') == std::string::npos) {
      std::replace(clip.id.begin(), clip.id.end(), '\\', '/');
    }
    while (clip.id.starts_with("./")) clip.id.erase(0, 2);
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
      const std::string folder = clip.id.substr(0, slash);
      clip.label = classes.find(folder);
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
