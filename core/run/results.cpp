#include "core/run/results.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/model/fusion/registry.h"

namespace omniq::run {
namespace fs = std::filesystem;

const char* const kResultsHeader =
    "model,vision_backbone,fusion_depth,lora_enabled,dataset,split,frames,stride,size,batch_eval,"
    "top1,top5,params_M,"
    "trainable_params_M,peak_vram_GB,avg_latency_ms,ckpt";

namespace {

/// What a row of the table is about: its dataset, split and ckpt.
std::array<std::string, 3> evaluated(const std::string& row) {
  const std::vector<std::string> fields = csv_fields(row);
  constexpr std::size_t kDataset = 4, kSplit = 5, kCkpt = 16;
  if (fields.size() <= kCkpt) return {};
  return {fields[kDataset], fields[kSplit], fields[kCkpt]};
}

/// Holds a lock file for the table, so that two evaluations that end together both leave their row.
class TableLock {
 public:
  explicit TableLock(const fs::path& table)
      : fd_(::open((table.string() + ".lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~TableLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  TableLock(const TableLock&) = delete;
  TableLock& operator=(const TableLock&) = delete;

 private:
  int fd_;
};

}  // namespace

std::string results_row(const Summary& s, const config::Experiment& e) {
  const model::FusionKind* fusion = model::find_fusion(e.fusion.name);
  const std::int64_t depth = fusion != nullptr && fusion->sequence ? e.fusion.depth : 0;
  // SPEC: avg_latency_ms is that of a batch of batch_eval clips.
  const std::int64_t batch = s.latency ? s.latency->batch : s.batch;
  const double latency = s.latency ? s.latency->timing.mean / static_cast<double>(batch) : 0;
  const auto millions = [](std::int64_t n) { return fixed(static_cast<double>(n) / 1e6, 6); };
  return cat(csv_field("omniq_" + e.fusion.name), ",", csv_field(e.vision_backbone), ",", depth,
             ",", e.train.trainable == "lora" ? "True" : "False", ",", csv_field(s.dataset), ",",
             csv_field(s.split), ",", e.frames, ",", e.stride, ",", e.size, ",", batch, ",",
             fixed(s.top1, 2), ",", fixed(s.top5, 2), ",", millions(s.parameters.total), ",",
             millions(s.parameters.trainable), ",",
             s.memory ? fixed(static_cast<double>(s.memory->allocated) / 0x1p30, 4) : "", ",",
             s.latency ? fixed(latency, 4) : "", ",", csv_field(s.checkpoint));
}

Status update_results(const fs::path& path, const std::string& row) {
  OMNIQ_TRY(make_folder(path.parent_path()));
  const TableLock lock(path);
  std::error_code ec;
  std::string table = std::string(kResultsHeader) + "\n";
  if (fs::exists(path, ec)) {
    OMNIQ_ASSIGN(const std::string text, read_file(path));
    const std::vector<std::string> records = csv_records(text);
    if (records.empty() || trim(records.front()) != kResultsHeader) {
      return fail(ErrorCode::io,
                  cat(path.string(),
                      " has another header than this program writes; nothing was added to it."),
                  "Move it away and evaluate again.");
    }
    const auto what = evaluated(row);
    for (std::size_t i = 1; i < records.size(); ++i) {
      if (!trim(records[i]).empty() && evaluated(records[i]) != what) table += records[i] + "\n";
    }
  }
  return write_file_atomic(path, table + row + "\n");
}

}  // namespace omniq::run
