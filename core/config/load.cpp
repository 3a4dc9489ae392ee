#include "core/config/load.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/config/yaml_entries.h"

namespace omniq::config {
namespace {

Finding unknown_key(const Entry& entry) {
  std::vector<std::string> known;
  for (const Setting& setting : settings()) known.push_back(setting.key);
  if (is_section(entry.key)) {
    return {entry.key, cat(entry.where, ": '", entry.key, "' is a section, not a setting."),
            "Write its settings below it, indented, or as " + entry.key + ".NAME."};
  }
  const std::string near = nearest(entry.key, known);
  return {entry.key, cat(entry.where, ": there is no setting '", entry.key, "'."),
          near.empty() ? "omniq config lists all settings." : "Did you mean '" + near + "'?"};
}

/// The reference implementation's names for things that are one setting here.
class ReferenceNames {
 public:
  /// Whether the entry was one of them; it then becomes an entry of ours, or waits for the rest of
  /// the file.
  bool take(Entry& entry, std::vector<Finding>& findings) {
    static const std::map<std::string, std::string> models = {
        {"omniq_mamba", "mamba"},
        {"omniq_transformer", "transformer"},
        {"swin_tiny_2d_temporalavg", "average"}};
    if (entry.key == "model") {
      const auto found = models.find(entry.value);
      if (found == models.end()) {
        findings.push_back({"model", cat(entry.where, ": model '", entry.value, "' is not known."),
                            "Use omniq_mamba, omniq_transformer or swin_tiny_2d_temporalavg, or "
                            "set fusion.name instead."});
        return true;
      }
      entry.key = "fusion.name";
      entry.value = found->second;
      return false;
    }
    if (entry.key != "lora.enabled" && entry.key != "lora.freeze_backbone") return false;
    const std::string lower = to_lower(trim(entry.value));
    if (lower != "true" && lower != "false") {
      findings.push_back({entry.key, cat(entry.where, ": ", entry.key, " is '", entry.value, "'."),
                          "Allowed: true or false."});
    } else {
      (entry.key == "lora.enabled" ? enabled_ : freeze_) = lower == "true";
      where_ = entry.where;
    }
    return true;
  }

  /// train.trainable as these keys imply, where the configuration does not say it itself.
  void finish(Experiment& experiment, bool trainable_given, std::vector<Finding>& findings) const {
    if (trainable_given || (!enabled_ && !freeze_)) return;
    const bool lora = enabled_.value_or(true), freeze = freeze_.value_or(lora);
    if (lora && !freeze) {
      findings.push_back({"lora.freeze_backbone",
                          where_ + ": adapters beside a backbone that trains in full (lora.enabled "
                                   "with freeze_backbone false) do not exist here.",
                          "Set train.trainable to lora, fusion or all."});
      return;
    }
    experiment.train.trainable = lora ? "lora" : freeze ? "fusion" : "all";
  }

 private:
  std::optional<bool> enabled_, freeze_;
  std::string where_;
};

std::string yaml_scalar(const Setting& setting, const std::string& value) {
  YAML::Emitter out;
  out.SetStringFormat(YAML::DoubleQuoted);  // also what looks like a number is text
  if (setting.kind == Kind::list) {
    out << YAML::Flow << YAML::BeginSeq;
    for (const std::string& part : split(value, ',')) {
      if (!trim(part).empty()) out << std::string(trim(part));
    }
    out << YAML::EndSeq;
  } else if (setting.kind == Kind::text || setting.kind == Kind::path) {
    out << value;
  } else {
    return value;
  }
  return out.c_str();
}

}  // namespace

Parsed parse(const std::string& yaml, const std::string& origin,
             std::span<const std::string> overrides) {
  Parsed parsed;
  std::vector<Entry> entries = read_entries(yaml, origin, parsed.findings);
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      parsed.findings.push_back({"",
                                 cat("command line: '", text, "' is not of the form key=value."),
                                 "For example train.epochs=10."});
      continue;
    }
    entries.push_back({text.substr(0, equals), text.substr(equals + 1), "command line"});
  }

  ReferenceNames reference;
  std::map<std::string, std::string> where;  // last place that set a key
  for (Entry& entry : entries) {
    if (reference.take(entry, parsed.findings)) continue;
    const Setting* setting = find_setting(entry.key);
    if (!setting) {
      parsed.findings.push_back(unknown_key(entry));
      continue;
    }
    if (const auto before = where.find(entry.key); before != where.end() &&
                                                   before->second != "command line" &&
                                                   entry.where != "command line") {
      parsed.findings.push_back({entry.key,
                                 cat(entry.where, ": ", entry.key,
                                     " is set a second time (first at ", before->second, ")."),
                                 "Keep one of the two."});
      continue;
    }
    where[entry.key] = entry.where;
    parsed.given.insert(entry.key);
    if (entry.list && setting->kind != Kind::list) {
      parsed.findings.push_back(
          {entry.key, cat(entry.where, ": ", entry.key, " is one value, not a list."), ""});
      continue;
    }
    if (auto set = setting->set(parsed.experiment, entry.value); !set) {
      parsed.findings.push_back({entry.key,
                                 cat(entry.where, ": ", entry.key, ": ", set.error().message),
                                 set.error().hint});
    }
  }
  reference.finish(parsed.experiment, where.contains("train.trainable"), parsed.findings);
  if (!parsed.findings.empty()) return parsed;
  parsed.findings = cross_check(parsed.experiment);
  for (Finding& finding : parsed.findings) {  // a contradiction says where its key was set
    if (const auto found = where.find(finding.key); found != where.end())
      finding.message = found->second + ": " + finding.message;
  }
  return parsed;
}

Result<Experiment> resolve(Parsed parsed) {
  if (parsed.findings.empty()) return std::move(parsed.experiment);
  constexpr std::size_t kMost = 20;  // that a reader is told of
  const Finding& first = parsed.findings.front();
  std::string hint = first.hint;
  for (std::size_t i = 1; i < std::min(kMost, parsed.findings.size()); ++i) {
    hint += cat("\n", shown(parsed.findings[i].message + " " + parsed.findings[i].hint));
  }
  if (parsed.findings.size() > kMost)
    hint += cat("\nSo are ", parsed.findings.size() - kMost, " more lines.");
  return fail(ErrorCode::config, first.message, hint);
}

Result<Experiment> load(const std::filesystem::path& file, std::span<const std::string> overrides) {
  auto content = read_file(file);
  if (!content)
    return fail(ErrorCode::config, content.error().message,
                "Name a YAML file; configs/ has some to start from.");
  return resolve(parse(*content, file.string(), overrides));
}

Result<Experiment> load_incomplete(std::span<const std::string> overrides) {
  Parsed parsed = parse("", "defaults", overrides);
  std::erase_if(parsed.findings, [](const Finding& finding) { return finding.key == "data.root"; });
  return resolve(std::move(parsed));
}

std::string to_yaml(const Experiment& experiment, bool help) {
  // Single keys first, then a section for each first word, in the order of the description.
  std::vector<std::string> sections = {""};
  std::map<std::string, std::string> text;
  for (const Setting& setting : settings()) {
    const std::size_t dot = setting.key.find('.');
    const std::string section = dot == std::string::npos ? "" : setting.key.substr(0, dot);
    if (section != "" && !text.contains(section)) sections.push_back(section);
    const std::string indent = section.empty() ? "" : "  ";
    std::string& out = text[section];
    if (help) {
      out += indent + "# " + setting.help;
      if (const std::string allowed = setting.allowed(); !allowed.empty())
        out += " (" + allowed + ")";
      if (!setting.applies_to.empty()) out += " Used by: " + setting.applies_to + ".";
      out += "\n";
    }
    out += indent + setting.key.substr(dot + 1) + ": " +
           yaml_scalar(setting, setting.get(experiment)) + "\n";
  }
  std::string out;
  for (const std::string& section : sections) {
    if (!section.empty()) out += (help ? "\n" : "") + section + ":\n";
    out += text[section];
  }
  return out;
}

}  // namespace omniq::config
