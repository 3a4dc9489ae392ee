#include "core/model/device.h"

#include <ATen/Parallel.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <new>
#include <thread>

#include "core/base/text.h"

namespace omniq::model {
namespace {

/// NVML is part of the driver, so it is looked up at run time: machines without a GPU do not have
/// it.
class Nvml {
 public:
  static const Nvml& get() {
    static const Nvml nvml;
    return nvml;
  }

  std::int64_t process_bytes(int device_index) const {
    if (!ready_ || !processes_) return 0;
    void* device = nullptr;
    const auto* properties =
        at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device_index));
    const std::string bus = pci_bus_id(*properties);
    if (by_bus_(bus.c_str(), &device) != 0) return 0;
    unsigned count = 64;
    ProcessInfo infos[64];
    if (processes_(device, &count, infos) != 0) return 0;
    const auto self = static_cast<unsigned>(::getpid());
    for (unsigned i = 0; i < count; ++i) {
      // In a container the driver may report process ids of the host; a lone process is then ours.
      if ((infos[i].pid == self || count == 1) && infos[i].used != ~0ULL)
        return static_cast<std::int64_t>(infos[i].used);
    }
    return 0;
  }

  std::string driver() const {
    char text[96] = {};
    return ready_ && driver_ && driver_(text, sizeof text) == 0 ? text : "";
  }

 private:
  struct ProcessInfo {  // nvmlProcessInfo_t (version 2 and 3)
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
  };

  static std::string pci_bus_id(const cudaDeviceProp& p) {
    char text[32];
    std::snprintf(text, sizeof text, "%08x:%02x:%02x.0", p.pciDomainID, p.pciBusID, p.pciDeviceID);
    return text;
  }

  template <class F>
  void find(F& function, const char* name) {
    function = reinterpret_cast<F>(::dlsym(library_, name));
  }

  Nvml() : library_(::dlopen("libnvidia-ml.so.1", RTLD_LAZY)) {
    if (!library_) return;
    int (*init)() = nullptr;
    find(init, "nvmlInit_v2");
    find(by_bus_, "nvmlDeviceGetHandleByPciBusId_v2");
    find(processes_, "nvmlDeviceGetComputeRunningProcesses_v3");
    find(driver_, "nvmlSystemGetDriverVersion");
    ready_ = init && by_bus_ && init() == 0;
  }

  void* library_;
  bool ready_ = false;
  int (*by_bus_)(const char*, void**) = nullptr;
  int (*processes_)(void*, unsigned*, ProcessInfo*) = nullptr;
  int (*driver_)(char*, unsigned) = nullptr;
};

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return std::string(trim(line.substr(line.find(':') + 1)));
  }
  return "CPU";
}

}  // namespace

Result<c10::Device> resolve_device(const std::string& name) {
  const bool cuda = torch::cuda::is_available();
  if (name == "cpu" || (name == "auto" && !cuda)) return c10::Device(c10::kCPU);
  if (!cuda) {
    return fail(ErrorCode::config,
                "device is cuda, but this machine has no GPU that libtorch can use.",
                "Add device=cpu (or device=auto); omniq doctor says what is missing.");
  }
  return c10::Device(c10::kCUDA, 0);
}

std::string device_name(c10::Device device) {
  if (!device.is_cuda()) return processor_name();
  return at::cuda::getDeviceProperties(device.index())->name;
}

bool supports_bfloat16(c10::Device device) {
  return device.is_cuda() && at::cuda::getDeviceProperties(device.index())->major >= 8;
}

void synchronize(c10::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

std::optional<DeviceMemory> device_memory(c10::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  const auto stats = c10::getDeviceAllocator(c10::kCUDA)->getDeviceStats(device.index());
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return DeviceMemory{stats.allocated_bytes[kAll].peak, stats.reserved_bytes[kAll].peak,
                      Nvml::get().process_bytes(device.index())};
}

void reset_peak_memory(c10::Device device) {
  if (!device.is_cuda()) return;
  c10::getDeviceAllocator(c10::kCUDA)->resetPeakStats(device.index());
}

std::int64_t free_device_memory(c10::Device device) {
  if (!device.is_cuda()) return 0;
  const auto stats = c10::getDeviceAllocator(c10::kCUDA)->getDeviceStats(device.index());
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  std::size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) return 0;
  // What the allocator keeps for the next tensor is this process's to take.
  return static_cast<std::int64_t>(free) + stats.reserved_bytes[kAll].current -
         stats.allocated_bytes[kAll].current;
}

std::optional<OutOfMemory> out_of_memory(const std::exception& thrown) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&thrown) != nullptr) return OutOfMemory{true};
  if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) return OutOfMemory{false};
  // The CPU's allocator and the libraries of CUDA have no error of their own for it.
  const std::string_view what = thrown.what();
  const auto says = [&](const char* words) { return what.find(words) != std::string_view::npos; };
  if (says("DefaultCPUAllocator")) return OutOfMemory{false};
  if (says("CUDA error: out of memory") || says("CUBLAS_STATUS_ALLOC_FAILED"))
    return OutOfMemory{true};
  return std::nullopt;
}

Error error_of(const std::exception& thrown, const std::string& if_memory) {
  if (const auto out = out_of_memory(thrown))
    return {ErrorCode::memory, cat("The ", out->gpu ? "GPU's" : "machine's", " memory ran out."),
            if_memory};
  // The first line: libtorch adds the stack of the library.
  return {ErrorCode::engine,
          cat("Something failed inside the engine: ", split(thrown.what(), '\n').front()),
          "Please report this."};
}

std::string driver_version() { return Nvml::get().driver(); }

std::int64_t resolve_threads(std::int64_t threads) {
  return threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
}

// OpenMP's count and MKL's are of the calling thread each. What at::set_num_threads keeps for the
// process is where threads begin that have not set theirs, and those that compute have. It is
// called even where the count is that already: MKL takes fewer threads than it is given until then.
//
// A thread's first at::parallel_for gives it the process's count, which may by then be that of a
// scope in another thread. It is a template, and "the first" is kept once in libtorch and once in
// whatever else instantiates it, as our kernels do: both have it behind them before the count is
// set.
ThreadScope::ThreadScope(std::int64_t threads) : before_(torch::get_num_threads()) {
  at::internal::lazy_init_num_threads();  // ours; torch::get_num_threads did it for libtorch
  torch::set_num_threads(static_cast<int>(resolve_threads(threads)));
}
ThreadScope::~ThreadScope() { torch::set_num_threads(before_); }

}  // namespace omniq::model
