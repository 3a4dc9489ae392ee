// omniq runs, omniq config
#include <algorithm>
#include <iomanip>
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/text.h"
#include "core/config/load.h"
#include "core/run/run_folder.h"

namespace omniq::app {

void add_runs(CommandLine& line) {
  auto directory = std::make_shared<std::string>("runs");
  Command command =
      add_command(line, "runs", "List the runs of a folder", [=, &line]() -> Result<int> {
        std::error_code ec;
        if (!std::filesystem::exists(*directory, ec) && !ec) {
          return fail(ErrorCode::usage, cat("There is no folder ", *directory, "."),
                      "omniq runs DIR lists the runs in DIR.");
        }
        auto json = nlohmann::ordered_json::array();
        std::size_t width = 3;
        OMNIQ_ASSIGN(const run::RunList list, run::list_runs(*directory));
        for (const auto& folder : list.runs) width = std::max(width, shown(folder.id()).size());
        if (!line.json) {
          std::cout << std::left << std::setw(static_cast<int>(width)) << "run"
                    << "  state        epoch     best Top-1  fusion\n";
        }
        std::vector<Error> troubles = list.unreadable;
        for (const auto& folder : list.runs) {
          const auto status = folder.status();
          const auto experiment = folder.experiment();
          const std::string fusion = experiment ? experiment->fusion.name : "?";
          const Error* damage = !status       ? &status.error()
                                : !experiment ? &experiment.error()
                                              : nullptr;
          const std::string state = damage ? "damaged" : run::state_name(status->state);
          if (damage) troubles.push_back(*damage);
          if (line.json) {
            nlohmann::ordered_json entry = {
                {"run", folder.id()}, {"path", folder.path().string()}, {"fusion", fusion}};
            entry["state"] = state;
            if (status) {
              entry["epoch"] = status->epoch;
              entry["epochs"] = status->epochs;
              entry["best_top1"] =
                  status->best_top1 >= 0 ? nlohmann::ordered_json(status->best_top1) : nullptr;
              entry["reason"] = status->reason;
            }
            if (damage) entry["reason"] = damage->text();
            json.push_back(std::move(entry));
            continue;
          }
          std::cout << std::left << std::setw(static_cast<int>(width)) << shown(folder.id()) << "  "
                    << std::setw(11) << state << "  " << std::setw(8)
                    << (status ? cat(status->epoch, "/", status->epochs) : "") << "  "
                    << std::setw(10)
                    << (status && status->best_top1 >= 0 ? fixed(status->best_top1, 1) + " %" : "-")
                    << "  " << fusion << "\n";
        }
        if (line.json) {
          auto unreadable = nlohmann::ordered_json::array();
          for (const Error& error : list.unreadable) unreadable.push_back(error.text());
          print_json({{"runs", json}, {"unreadable", unreadable}});
          return kDone;
        }
        if (list.runs.empty()) std::cout << "(no runs in " << shown(*directory) << ")\n";
        for (const Error& error : troubles) std::cout << shown(error.message) << "\n";
        return kDone;
      });
  command.option("DIR", *directory, "Folder of runs");
}

void add_config(CommandLine& line) {
  auto config = std::make_shared<std::string>();
  auto overrides = std::make_shared<std::vector<std::string>>();
  Command command = add_command(
      line, "config", "Print the resolved configuration with every setting's help",
      [=, &line]() -> Result<int> {
        // A first word with '=' is an override of the defaults.
        std::vector<std::string> words = *overrides;
        std::string file = *config;
        std::error_code ec;
        if (file.find('=') != std::string::npos && !std::filesystem::exists(file, ec)) {
          words.insert(words.begin(), file);
          file.clear();
        }
        // The bare defaults have no dataset; they are shown all the same.
        OMNIQ_ASSIGN(const config::Experiment experiment,
                     file.empty() ? config::load_incomplete(words) : config::load(file, words));
        if (!line.json) {
          std::cout << config::to_yaml(experiment, /*help=*/true);
          return kDone;
        }
        nlohmann::ordered_json json;
        for (const config::Setting& s : config::settings()) {
          nlohmann::ordered_json entry = {{"value", s.get(experiment)},
                                          {"default", s.default_value},
                                          {"group", s.group},
                                          {"help", s.help}};
          if (!s.unit.empty()) entry["unit"] = s.unit;
          if (const std::string allowed = s.allowed(); !allowed.empty()) entry["allowed"] = allowed;
          if (!s.applies_to.empty()) entry["applies_to"] = s.applies_to;
          json[s.key] = std::move(entry);
        }
        print_json(json);
        return kDone;
      });
  command.option("CONFIG", *config, "YAML file; without it the defaults")
      .option("key=value", *overrides, "Settings that replace those of the file");
}

}  // namespace omniq::app
