#include "core/config/yaml_entries.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "core/base/text.h"

namespace omniq::config {
namespace {

// Settings are two deep and about a hundred; no file that a person writes comes near these.
constexpr std::size_t kLargestFile = 1 << 20;  // in bytes
constexpr int kDeepest = 16;
constexpr int kMostNodes = 5000;

class EntryReader {
 public:
  EntryReader(const std::string& origin, std::vector<Finding>& findings)
      : origin_(origin), findings_(findings) {}

  std::vector<Entry> read(const YAML::Node& root) {
    flatten(root, "", 0);
    // A map that is merged somewhere and is no section was written for that alone.
    std::vector<bool> dropped(entries_.size(), false);
    for (const UnknownMap& map : maps_) {
      const bool merged = std::any_of(merged_.begin(), merged_.end(),
                                      [&](const YAML::Node& node) { return node.is(map.node); });
      if (merged) std::fill(dropped.begin() + map.begin, dropped.begin() + map.end, true);
    }
    std::vector<Entry> kept;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!dropped[i]) kept.push_back(std::move(entries_[i]));
    }
    return kept;
  }

 private:
  using Pairs = std::vector<std::pair<YAML::Node, YAML::Node>>;
  struct UnknownMap {
    YAML::Node node;
    std::ptrdiff_t begin, end;  // its entries
  };

  std::string place(const YAML::Node& node) const {
    return cat(origin_, ", line ", node.Mark().line + 1);
  }
  void find(const YAML::Node& node, const std::string& what, const std::string& hint) {
    findings_.push_back({"", place(node) + ": " + what, hint});
  }

  /// Whether there is no end to it; said once.
  bool too_much(const YAML::Node& node, int depth) {
    if (ended_) return true;
    if (depth <= kDeepest && ++nodes_ <= kMostNodes) return false;
    ended_ = true;
    entries_.clear();
    maps_.clear();
    find(node,
         depth > kDeepest ? "this goes on without end, or deeper than any setting."
                          : "with its aliases the file has thousands of values.",
         "An alias (*name) that stands within what it names does that; write the values out.");
    return true;
  }

  void add_merged(const YAML::Node& value, Pairs& pairs, int depth) {
    if (too_much(value, depth)) return;
    if (value.IsSequence()) {
      for (const YAML::Node& one : value) add_merged(one, pairs, depth + 1);
    } else if (value.IsMap()) {
      merged_.push_back(value);
      for (auto& pair : pairs_of(value, depth + 1)) {
        const bool said = std::any_of(pairs.begin(), pairs.end(), [&](const auto& before) {
          return before.first.Scalar() == pair.first.Scalar();
        });
        if (!said) pairs.push_back(std::move(pair));
      }
    } else {
      find(value, "<< has no map to merge.", "Name one by its alias: <<: *name.");
    }
  }

  /// What a map says itself, then what is merged into it and it does not say.
  Pairs pairs_of(const YAML::Node& map, int depth) {
    Pairs pairs;
    for (const auto& item : map) {
      if (too_much(item.first, depth)) return pairs;
      if (!item.first.IsScalar()) {
        find(item.first, "a key must be a word.", "Write key: value.");
      } else if (item.first.Scalar() != "<<") {
        pairs.emplace_back(item.first, item.second);
      }
    }
    for (const auto& item : map) {
      if (item.first.IsScalar() && item.first.Scalar() == "<<")
        add_merged(item.second, pairs, depth + 1);
    }
    return pairs;
  }

  void flatten(const YAML::Node& map, const std::string& prefix, int depth) {
    for (const auto& [name, value] : pairs_of(map, depth)) {
      const std::string key = prefix + name.Scalar();
      const auto begin = static_cast<std::ptrdiff_t>(entries_.size());
      if (value.IsMap()) {
        flatten(value, key + ".", depth + 1);
        if (!ended_ && !is_section(key))
          maps_.push_back({value, begin, static_cast<std::ptrdiff_t>(entries_.size())});
      } else if (value.IsSequence()) {
        add_list(key, name, value);
      } else if (!value.IsNull() || !is_section(key)) {
        entries_.push_back({key, value.IsNull() ? "" : value.Scalar(), place(name)});
      }
      if (ended_) return;
    }
  }

  void add_list(const std::string& key, const YAML::Node& name, const YAML::Node& list) {
    std::vector<std::string> parts;
    for (const YAML::Node& item : list) {
      if (too_much(item, 0)) return;
      if (!item.IsScalar()) {
        find(name, "'" + key + "' has a list or a map within a list.", "Write words: [a, b].");
        return;
      }
      parts.push_back(item.Scalar());
    }
    entries_.push_back({key, join(parts, ", "), place(name), /*list=*/true});
  }

  const std::string& origin_;
  std::vector<Finding>& findings_;
  std::vector<Entry> entries_;
  std::vector<UnknownMap> maps_;    // that are no section, in the order in which they end
  std::vector<YAML::Node> merged_;  // that some << names
  int nodes_ = 0;
  bool ended_ = false;
};

}  // namespace

bool is_section(const std::string& key) {
  const std::string start = key + ".";
  return std::any_of(settings().begin(), settings().end(),
                     [&](const Setting& setting) { return setting.key.starts_with(start); });
}

std::vector<Entry> read_entries(const std::string& yaml, const std::string& origin,
                                std::vector<Finding>& findings) {
  if (yaml.size() > kLargestFile) {
    findings.push_back({"", cat(origin, " has ", human_bytes(yaml.size()), "."),
                        "A configuration takes a few KiB; omniq config prints a complete one."});
    return {};
  }
  const auto text = to_utf8(yaml);
  if (!text) {
    findings.push_back({"", cat(origin, ", line ", text.error().line, ": ", text.error().what),
                        "Save the file as UTF-8."});
    return {};
  }
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(*text);
    std::erase_if(documents, [](const YAML::Node& document) { return document.IsNull(); });
    if (documents.empty()) return {};
    if (documents.size() > 1) {
      findings.push_back({"",
                          cat(origin, ", line ", documents[1].Mark().line + 1,
                              ": a second document begins here, after a line of ---."),
                          "A file is one configuration; keep one of the two."});
    } else if (!documents.front().IsMap()) {
      findings.push_back({"", origin + " is not a configuration: it has no 'key: value' lines.",
                          "omniq config prints a complete one."});
    } else {
      return EntryReader(origin, findings).read(documents.front());
    }
  } catch (const YAML::Exception& e) {
    findings.push_back({"",
                        cat(origin, ", line ", e.mark.line + 1, ": not valid YAML: ", e.msg, "."),
                        "Check indentation and quotes there."});
  }
  return {};
}

}  // namespace omniq::config
