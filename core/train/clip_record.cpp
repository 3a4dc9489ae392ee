#include "core/train/clip_record.h"

#include <map>

#include "core/base/files.h"
#include "core/base/text.h"

namespace omniq::train {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFile = "clips.tsv";
constexpr const char* kHeader = "part\tclass\tbytes\tclip";

std::string record_of(const data::Dataset& dataset) {
  std::string text = std::string(kHeader) + "\n";
  for (const auto& [part, split] :
       {std::pair{"train", &dataset.train}, {"val", &dataset.val}, {"test", &dataset.test}}) {
    for (const data::ClipRef& clip : split->clips) {
      std::error_code ec;
      const auto bytes = fs::file_size(clip.path, ec);
      text += cat(part, "\t", clip.label < 0 ? "" : shown(dataset.classes[clip.label]), "\t",
                  ec ? -1 : static_cast<std::int64_t>(bytes), "\t", shown(clip.id), "\n");
    }
  }
  return text;
}

/// "train Punch/a.avi" → class and bytes.
std::map<std::string, std::string> clips_of(const std::string& record) {
  std::map<std::string, std::string> clips;
  for (const std::string& line : split(record, '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (line != kHeader && fields.size() == 4)
      clips[fields[0] + " " + fields[3]] = fields[1] + "\t" + fields[2];
  }
  return clips;
}

}  // namespace

Status write_clip_record(const run::RunFolder& folder, const data::Dataset& dataset) {
  return write_file_atomic(folder.file(kFile), record_of(dataset));
}

Result<std::string> compare_with_clip_record(const run::RunFolder& folder,
                                             const data::Dataset& dataset,
                                             std::vector<std::string>& all) {
  std::error_code ec;
  if (!fs::exists(folder.file(kFile), ec)) return std::string();
  OMNIQ_ASSIGN(const std::string record, read_file(folder.file(kFile)));
  const std::string now = record_of(dataset);
  if (now == record) return std::string();
  const auto before = clips_of(record), after = clips_of(now);
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

}  // namespace omniq::train
