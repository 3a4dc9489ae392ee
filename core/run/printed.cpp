#include "core/run/printed.h"

#include "core/base/json.h"

namespace omniq::run {
using Json = nlohmann::ordered_json;

namespace {

constexpr std::pair<ErrorCode, const char*> kCodes[] = {
    {ErrorCode::usage, "usage"},    {ErrorCode::config, "config"},
    {ErrorCode::data, "data"},      {ErrorCode::checkpoint, "checkpoint"},
    {ErrorCode::io, "io"},          {ErrorCode::numeric, "numeric"},
    {ErrorCode::memory, "memory"},  {ErrorCode::engine, "engine"},
    {ErrorCode::stopped, "stopped"}};

/// What `read` makes of a JSON text; nothing where that is something else.
template <class Read>
auto parse(const std::string& text, Read read) -> decltype(read(Json())) {
  try {
    return read(Json::parse(text, nullptr, /*allow_exceptions=*/false));
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string to_line(const Progress& p) {
  return json_text(
      {{"progress",
        {{"what", p.what},
         {"done", p.done},
         {"total", p.total},
         {"seconds_left", p.seconds_left < 0 ? Json(nullptr) : Json(p.seconds_left)}}}});
}

std::string to_text(const Probe& p) {
  Json gpu = nullptr, grown = nullptr;
  if (p.gpu)
    gpu = {{"allocated", p.gpu->allocated},
           {"reserved", p.gpu->reserved},
           {"process", p.gpu->process}};
  if (p.resident_growth) grown = *p.resident_growth;
  return json_text({{"device", p.device},
                    {"precision", p.precision},
                    {"params", p.parameters.total},
                    {"trainable_params", p.parameters.trainable},
                    {"step_ms",
                     {{"median", p.step.median},
                      {"p10", p.step.p10},
                      {"p90", p.step.p90},
                      {"runs", p.step.runs}}},
                    {"peak_vram_bytes", gpu},
                    {"resident_growth_bytes", grown},
                    {"classes", p.classes},
                    {"clips", p.clips},
                    {"steps_per_epoch", p.steps_per_epoch},
                    {"steps", p.steps}},
                   2) +
         "\n";
}

std::string to_text(const Error& error, int exit_code) {
  Json json = {{"exit_code", exit_code}, {"message", error.message}, {"hint", error.hint}};
  for (const auto& [code, name] : kCodes) {
    if (code == error.code) json["code"] = name;
  }
  return json_text({{"error", json}}, 2) + "\n";
}

std::optional<Progress> parse_progress(const std::string& line) {
  return parse(line, [](const Json& json) {
    const Json &p = json.at("progress"), &left = p.at("seconds_left");
    return std::optional(Progress{p.at("what"), p.at("done"), p.at("total"),
                                  left.is_null() ? -1 : left.get<double>()});
  });
}

std::optional<Probe> parse_probe(const std::string& text) {
  return parse(text, [](const Json& json) {
    const Json &step = json.at("step_ms"), &gpu = json.at("peak_vram_bytes"),
               &grown = json.at("resident_growth_bytes");
    Probe p;
    p.device = json.at("device");
    p.precision = json.at("precision");
    p.parameters = {json.at("params"), json.at("trainable_params")};
    p.step = {step.at("median"), step.at("p10"), step.at("p90"), 0, step.at("runs")};
    if (!gpu.is_null())
      p.gpu = DeviceMemory{gpu.at("allocated"), gpu.at("reserved"), gpu.at("process")};
    if (!grown.is_null()) p.resident_growth = grown.get<std::int64_t>();
    p.classes = json.at("classes");
    p.clips = json.at("clips");
    p.steps_per_epoch = json.at("steps_per_epoch");
    p.steps = json.at("steps");
    return std::optional(p);
  });
}

std::optional<Error> parse_error(const std::string& text) {
  return parse(text, [](const Json& json) -> std::optional<Error> {
    const Json& e = json.at("error");
    for (const auto& [code, name] : kCodes) {
      if (e.at("code") == name) return Error{code, e.at("message"), e.at("hint")};
    }
    return std::nullopt;
  });
}

}  // namespace omniq::run
