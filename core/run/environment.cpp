#include "core/run/environment.h"

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/text.h"

namespace omniq::run {

Result<Environment> read_environment(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kEnvironmentFile;
  OMNIQ_ASSIGN(const std::string text, read_file(file));
  try {
    const auto json = nlohmann::json::parse(text);
    return Environment{json.at("host").get<std::string>(),
                       json.at("device_name").get<std::string>()};
  } catch (const nlohmann::json::exception& e) {
    return fail(ErrorCode::io, cat(file.string(), " is damaged: ", e.what(), "."),
                "Nothing but the record of the machine is lost; the run can be used.");
  }
}

}  // namespace omniq::run
