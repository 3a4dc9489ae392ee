// omniq-bench: times kernels and model. It needs libtorch and CUDA alone, so that it runs on a bare
// GPU host.
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/argument_parser.h"
#include "app/bench/report.h"
#include "app/output.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/version.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/train/step.h"

namespace omniq::bench {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// As run records write it.
std::string dtype_name(at::ScalarType dtype) {
  for (const auto precision :
       {model::Precision::float32, model::Precision::bfloat16, model::Precision::float16}) {
    if (model::precision_dtype(precision) == dtype) return model::precision_name(precision);
  }
  return c10::toString(dtype);
}

}  // namespace

void print(const std::vector<Row>& rows, c10::Device device, const std::string& baseline,
           bool json) {
  const std::string name = model::device_name(device);
  if (json) {
    Json list = Json::array();
    for (const Row& r : rows) {
      list.push_back({{"name", r.name},
                      {"shape", r.shape},
                      {"dtype", dtype_name(r.dtype)},
                      {"ms", {{"median", r.ms.median}, {"p10", r.ms.p10}, {"p90", r.ms.p90}}},
                      {"baseline_ms", optional_json(r.baseline_ms)},
                      {"limit_ms", optional_json(r.limit_ms)},
                      {"error", optional_json(r.error)},
                      {"peak_vram_bytes", optional_json(r.peak_bytes)},
                      {"baseline_peak_vram_bytes", optional_json(r.baseline_peak_bytes)}});
    }
    std::cout << json_text(Json{{"device", name},
                                {"versions",
                                 {{"omniq", kVersion},
                                  {"commit", kCommit},
                                  {"torch", TORCH_VERSION},
                                  {"cuda", kCudaVersion},
                                  {"driver", model::driver_version()},
                                  {"threads", torch::get_num_threads()}}},
                                {"baseline", baseline},
                                {"rows", list}},
                           2)
              << "\n";
    return;
  }
  std::cout << name << ", " << torch::get_num_threads() << " threads, torch " << TORCH_VERSION
            << "; baseline: " << baseline << "\n"
            << std::left << std::setw(47) << "what" << std::setw(44) << "shape" << std::setw(10)
            << "dtype" << std::right << std::setw(10) << "median" << std::setw(10) << "p10"
            << std::setw(10) << "p90" << std::setw(11) << "baseline" << std::setw(9) << "ratio"
            << std::setw(10) << "limit" << std::setw(10) << "error" << std::setw(10) << "GiB"
            << std::setw(10) << "baseline"
            << "\n";
  for (const Row& r : rows) {
    std::cout << std::left << std::setw(47) << r.name << std::setw(44) << r.shape << std::setw(10)
              << dtype_name(r.dtype) << std::right << std::fixed << std::setprecision(3)
              << std::setw(10) << r.ms.median << std::setw(10) << r.ms.p10 << std::setw(10)
              << r.ms.p90;
    const auto cell = [](const std::optional<double>& value, int width) {
      if (value) {
        std::cout << std::setw(width) << *value;
      } else {
        std::cout << std::setw(width) << "-";
      }
    };
    cell(r.baseline_ms, 11);
    std::cout << std::setprecision(2);
    cell(r.baseline_ms ? std::optional(*r.baseline_ms / r.ms.median) : std::nullopt, 9);
    std::cout << std::setprecision(4);
    cell(r.limit_ms, 10);
    std::cout << std::scientific << std::setprecision(1);
    cell(r.error, 10);
    const auto gibibytes = [](const std::optional<std::int64_t>& bytes) {
      return bytes ? std::optional(static_cast<double>(*bytes) * 0x1p-30) : std::nullopt;
    };
    std::cout << std::fixed << std::setprecision(2);
    cell(gibibytes(r.peak_bytes), 10);
    cell(gibibytes(r.baseline_peak_bytes), 10);
    std::cout << std::defaultfloat << "\n";
  }
}

}  // namespace omniq::bench

namespace omniq {
namespace {

int run_benchmarks(int argc, char** argv) {
  app::ArgumentParser parser("omniq bench", "Times kernels and model on this machine.");
  std::string device_name = "auto", only;
  std::int64_t runs = 30;
  bool json = false;
  struct Benchmark {
    const char *name, *help, *baseline;
    std::vector<bench::Row> (*run)(const bench::Options&);
    bool gpu_only = false;
  };
  const Benchmark benchmarks[] = {
      {"scan", "The selective scan and the convolution against torch operators",
       "the same by torch operators, the scan as a loop over tokens", bench::bench_scan},
      {"ssd", "The state-space product of mamba2 against torch operators",
       "the same by torch operators, all pairs of tokens", bench::bench_ssd},
      {"fusion", "The fusion stack of every variant",
       "transformer of the same shape, as a CUDA graph", bench::bench_fusion},
      {"swin", "The per-frame encoder in inference", "the same by torch operators, called eagerly",
       bench::bench_swin, /*gpu_only=*/true},
      {"model", "The whole classifier of every variant",
       "the encoder by torch operators before the same fusion, called eagerly",
       bench::bench_model}};
  const Benchmark* chosen = nullptr;
  for (const auto& benchmark : benchmarks) {
    parser.command(benchmark.name, benchmark.help, [&] { chosen = &benchmark; })
        .option("--device", device_name, "auto, cpu or cuda")
        .option("--runs", runs, "Timed samples", {1, 100000})
        .option("--only", only, "Rows whose \"name, shape\" holds this text")
        .flag("--json", json, "Print one JSON document");
  }
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto device = model::resolve_device(device_name);
  if (!device) {
    std::cerr << "error: " << device.error().text() << "\n";
    return 2;
  }
  if (chosen->gpu_only && !device->is_cuda()) {
    std::cerr << "error: bench " << chosen->name << " measures what only a GPU runs, and this is "
              << *device << ".\nUse --device cuda on a machine that has one.\n";
    return 2;
  }
  bench::print(chosen->run({*device, runs, only}), *device, chosen->baseline, json);
  return 0;
}

}  // namespace
}  // namespace omniq

int main(int argc, char** argv) {
  omniq::keep_freed_memory();
  omniq::app::watch_output();
  return omniq::app::finish_output(omniq::run_benchmarks(argc, argv));
}
