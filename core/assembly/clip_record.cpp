#include "core/assembly/clip_record.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/base/files.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/base/text.h"

namespace omniq::assembly {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFile = "clips.tsv";
constexpr const char* kHeader = "part\tclass\tbytes\tclip";

constexpr const char* kParts[] = {"train", "val", "test"};

std::int64_t bytes_of(const data::ClipRef& clip) {
  std::error_code ec;
  const auto bytes = fs::file_size(clip.path, ec);
  return ec ? -1 : static_cast<std::int64_t>(bytes);
}

std::string lines_of(const char* part, const data::Split& split,
                     const std::vector<std::string>& classes) {
  std::string text;
  for (const data::ClipRef& clip : split.clips) {
    text += cat(part, "\t", clip.label < 0 ? "" : shown(classes[clip.label]), "\t", bytes_of(clip),
                "\t", shown(clip.id), "\n");
  }
  return text;
}

std::string record_of(const data::Dataset& d) {
  return cat(kHeader, "\n", lines_of(kParts[0], d.train, d.classes),
             lines_of(kParts[1], d.val, d.classes), lines_of(kParts[2], d.test, d.classes));
}

/// Nothing where there is no record: runs of version 0.1 have none.
Result<std::optional<std::string>> read_record(const run::RunFolder& folder) {
  std::error_code ec;
  if (!fs::exists(folder.file(kFile), ec)) return std::nullopt;
  OMNIQ_ASSIGN(std::string record, read_file(folder.file(kFile)));
  return std::optional(std::move(record));
}

struct Recorded {
  std::string part, label, bytes;
};
/// By the clip's name.
std::multimap<std::string, Recorded> recorded_clips(const std::string& record) {
  std::multimap<std::string, Recorded> clips;
  for (const std::string& line : split(record, '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (line != kHeader && fields.size() == 4)
      clips.emplace(fields[3], Recorded{fields[0], fields[1], fields[2]});
  }
  return clips;
}

/// "train Punch/a.avi" → class and bytes.
std::map<std::string, std::string> clips_of(const std::string& record) {
  std::map<std::string, std::string> clips;
  for (const auto& [name, clip] : recorded_clips(record))
    clips[clip.part + " " + name] = clip.label + "\t" + clip.bytes;
  return clips;
}

}  // namespace

Status write_clip_record(const run::RunFolder& folder, const data::Dataset& dataset) {
  return write_file_atomic(folder.file(kFile), record_of(dataset));
}

Result<std::string> compare_with_clip_record(const run::RunFolder& folder,
                                             const data::Dataset& dataset,
                                             std::vector<std::string>& all) {
  OMNIQ_ASSIGN(const auto record, read_record(folder));
  const std::string now = record_of(dataset);
  if (!record || now == *record) return std::string();
  const auto before = clips_of(*record), after = clips_of(now);
  std::vector<std::string> gone, added, changed;
  for (const auto& [clip, what] : before) {
    const auto found = after.find(clip);
    if (found == after.end()) {
      gone.push_back(clip);
    } else if (found->second != what) {
      changed.push_back(clip);
    }
  }
  for (const auto& [clip, what] : after) {
    if (!before.contains(clip)) added.push_back(clip);
  }
  std::vector<std::string> parts;
  for (const auto& [name, clips] :
       {std::pair{"gone", &gone}, {"added", &added}, {"changed", &changed}}) {
    if (!clips->empty())
      parts.push_back(cat(clips->size(), " ", name, " (the first is ", clips->front(), ")"));
    for (const std::string& clip : *clips) all.push_back(cat(name, ": ", clip));
  }
  return parts.empty() ? std::string("they stand in another order") : join(parts, ", ");
}

Status keep_recorded_parts(const run::RunFolder& folder, data::Dataset& dataset) {
  OMNIQ_ASSIGN(const auto record, read_record(folder));
  if (!record) return {};
  const auto recorded = recorded_clips(*record);
  const std::array splits = {&dataset.train, &dataset.val, &dataset.test};  // as kParts
  std::array<std::vector<data::ClipRef>, 3> kept;
  std::int64_t moved = 0;
  for (std::size_t part = 0; part < splits.size(); ++part) {
    for (data::ClipRef& clip : splits[part]->clips) {
      const auto [first, last] = recorded.equal_range(shown(clip.id));
      std::size_t to = part;
      for (auto one = first; one != last; ++one) {
        if (one->second.part == kParts[part]) {
          to = part;
          break;
        }
        to = std::find(std::begin(kParts), std::end(kParts), one->second.part) - kParts;
      }
      moved += to == part ? 0 : 1;
      kept[to].push_back(std::move(clip));
    }
  }
  for (std::size_t part = 0; part < splits.size(); ++part) {
    splits[part]->clips = std::move(kept[part]);
    std::stable_sort(
        splits[part]->clips.begin(), splits[part]->clips.end(),
        [](const data::ClipRef& a, const data::ClipRef& b) { return a.label < b.label; });
  }
  if (moved > 0)
    log::warning(
        cat(moved,
            " clips stay what they were to this run, to train, held out or to test, though "
            "they are drawn or listed otherwise now."));
  return {};
}

Result<std::int64_t> count_trained_on(const run::RunFolder& folder, const data::Split& split) {
  OMNIQ_ASSIGN(const auto record, read_record(folder));
  if (!record) return 0;
  const auto recorded = recorded_clips(*record);
  return std::count_if(split.clips.begin(), split.clips.end(), [&](const data::ClipRef& clip) {
    const auto [first, last] = recorded.equal_range(shown(clip.id));
    return std::any_of(first, last, [&](const auto& one) {
      return one.second.part == kParts[0] && one.second.bytes == std::to_string(bytes_of(clip));
    });
  });
}

Result<std::optional<bool>> tests_as_recorded(const run::RunFolder& folder,
                                              const data::Dataset& dataset) {
  OMNIQ_ASSIGN(const auto record, read_record(folder));
  if (!record) return std::nullopt;
  const auto tests = [](std::map<std::string, std::string> clips) {
    std::erase_if(clips, [](const auto& clip) { return !clip.first.starts_with("test "); });
    return clips;
  };
  return tests(clips_of(*record)) == tests(clips_of(record_of(dataset)));
}

std::string name_of_test_clips(const data::Dataset& dataset) {
  Sha256 digest;
  digest.update(lines_of(kParts[2], dataset.test, dataset.classes));
  return digest.hex().substr(0, 8);
}

}  // namespace omniq::assembly
