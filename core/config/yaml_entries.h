// What a YAML file says, as "key: value" entries with dotted keys. Internal to core/config.
#pragma once

#include <string>
#include <vector>

#include "core/config/settings.h"

namespace omniq::config {

struct Entry {
  std::string key, value;
  std::string where;  // "run.yaml, line 3" or "command line"
  bool list = false;  // its items stand in `value`, separated by commas
};

/// The entries in the order of the file; `origin` names it. A section with nothing under it has
/// none. Merge keys (`<<: *name`) give what the map does not say itself; a map that serves only to
/// be merged may have any name. What cannot be read, and what would take memory or time out of
/// proportion (an alias to itself, aliases of aliases), becomes a finding.
std::vector<Entry> read_entries(const std::string& yaml, const std::string& origin,
                                std::vector<Finding>& findings);

/// Whether settings stand below this key: "train", "data".
bool is_section(const std::string& key);

}  // namespace omniq::config
