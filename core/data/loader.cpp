#include "core/data/loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <unordered_set>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/data/clip_cache.h"
#include "core/data/clip_reader.h"
#include "core/data/video_frames.h"

namespace omniq::data {

std::int64_t batches_held(std::int64_t batch_size, std::int64_t workers, std::int64_t together) {
  // Those that are ready, those in use, and enough begun that every worker has a clip.
  return 2 * together + (workers + batch_size - 1) / batch_size;
}

class Loader::Impl {
 public:
  Impl(Split split, LoaderOptions options);

  std::int64_t clips() const { return static_cast<std::int64_t>(split_.clips.size()); }
  std::int64_t batches() const { return (clips() + options_.batch_size - 1) / options_.batch_size; }
  void start(std::int64_t epoch, std::int64_t first);
  std::optional<Batch> next(const std::stop_token& stop);

 private:
  /// A batch that is being filled. Each slot is written by the one worker that took it.
  struct Pending {
    at::Tensor video;
    std::int64_t epoch = 0;
    std::vector<std::int64_t> clips;
    std::vector<std::string> failed;  // a slot's error, or "" where the clip was read
    std::size_t taken = 0, finished = 0;
    std::exception_ptr broken;  // what is no fault of the clip, such as lack of memory
  };

  std::shared_ptr<Pending> make_pending(std::int64_t batch) const;
  void work(const std::stop_token& stop);
  void read_slot(Pending& pending, std::size_t slot, const std::stop_token& stop);
  void warn_once(std::int64_t clip, const std::string& message);
  Batch finish(const Pending& pending) const;

  const Split split_;
  const LoaderOptions options_;
  std::int64_t depth_;  // batches that are ready or under way at most
  ClipCache cache_;

  std::mutex mutex_;
  std::condition_variable_any work_, ready_;
  bool started_ = false;
  std::int64_t epoch_ = 0;
  std::vector<std::int64_t> order_;
  std::int64_t next_batch_ = 0;                   // the next one that no worker has begun
  std::deque<std::shared_ptr<Pending>> pending_;  // in order; the front is what next() waits for
  std::unordered_set<std::int64_t> warned_;

  std::vector<std::jthread> workers_;  // last: they end before what they use
};

Loader::Impl::Impl(Split split, LoaderOptions options)
    : split_(std::move(split)), options_(options), cache_(options.cache_bytes) {
  const ClipOptions& clip = options_.clip;
  if (options_.batch_size < 1 || options_.workers < 1 || clip.frames < 1 || clip.stride < 1 ||
      clip.size < 1 || clip.temporal_views < 1 ||
      (clip.spatial_views != 1 && clip.spatial_views != 3)) {
    throw std::invalid_argument("Loader: an option is out of range");
  }
  depth_ = batches_held(options_.batch_size, options_.workers, options_.together);
  for (int i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this](std::stop_token stop) { work(stop); });
  }
}

void Loader::Impl::start(std::int64_t epoch, std::int64_t first) {
  if (first < 0 || first > batches()) throw std::invalid_argument("Loader::start: no such batch");
  std::vector<std::int64_t> order(static_cast<std::size_t>(clips()));
  if (options_.training) {
    order = Random(options_.seed, static_cast<std::uint64_t>(epoch)).permutation(clips());
  } else {
    std::iota(order.begin(), order.end(), 0);
  }
  const std::lock_guard lock(mutex_);
  order_ = std::move(order);
  epoch_ = epoch;
  next_batch_ = first;
  pending_.clear();  // a worker that is still filling one of them keeps it alive until it is done
  started_ = true;
  work_.notify_all();
}

std::shared_ptr<Loader::Impl::Pending> Loader::Impl::make_pending(std::int64_t batch) const {
  auto pending = std::make_shared<Pending>();
  pending->epoch = epoch_;
  const std::int64_t begin = batch * options_.batch_size;
  const std::int64_t end = std::min(clips(), begin + options_.batch_size);
  pending->clips.assign(order_.begin() + begin, order_.begin() + end);
  pending->failed.resize(pending->clips.size());
  std::vector<std::int64_t> shape = clip_shape(options_.clip, options_.training);
  shape.insert(shape.begin(), end - begin);
  try {
    pending->video = at::empty(shape, at::kByte);
  } catch (...) {  // no memory: next() throws it
    pending->broken = std::current_exception();
    pending->taken = pending->finished = pending->clips.size();
  }
  return pending;
}

void Loader::Impl::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::shared_ptr<Pending> pending;
    const bool found = work_.wait(lock, stop, [&] {
      for (const auto& candidate : pending_) {
        if (candidate->taken == candidate->clips.size()) continue;
        pending = candidate;
        return true;
      }
      return started_ && next_batch_ < batches() &&
             static_cast<std::int64_t>(pending_.size()) < depth_;
    });
    if (!found) return;
    if (!pending) {
      pending = pending_.emplace_back(make_pending(next_batch_));
      ++next_batch_;
      if (pending->broken) {
        ready_.notify_all();
        continue;
      }
    }
    const std::size_t slot = pending->taken++;
    lock.unlock();
    std::exception_ptr broken;
    try {
      read_slot(*pending, slot, stop);
    } catch (...) {
      broken = std::current_exception();
    }
    lock.lock();
    if (broken) pending->broken = broken;
    if (++pending->finished == pending->clips.size()) ready_.notify_all();
  }
}

void Loader::Impl::read_slot(Pending& pending, std::size_t slot, const std::stop_token& stop) {
  const std::int64_t index = pending.clips[slot];
  const ClipRef& clip = split_.clips[static_cast<std::size_t>(index)];
  const std::int64_t bytes = pending.video.stride(0);
  auto* out =
      pending.video.mutable_data_ptr<std::uint8_t>() + static_cast<std::int64_t>(slot) * bytes;
  const auto report = read_clip(clip.path, options_.clip, options_.training,
                                {options_.seed, pending.epoch, index}, &cache_,
                                /*threads=*/1, out, stop);
  if (!report) {
    pending.failed[slot] = report.error().text();
    if (report.error().code != ErrorCode::stopped) {
      warn_once(index,
                cat(options_.training ? "Left out: " : "Counts as wrong: ", pending.failed[slot]));
    }
  } else if (!report->fault.what.empty()) {
    warn_once(index, describe_fault(clip.path, report->fault, report->frames));
  }
}

void Loader::Impl::warn_once(std::int64_t clip, const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    if (!warned_.insert(clip).second) return;
  }
  log::warning(message);
}

std::optional<Batch> Loader::Impl::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!started_) throw std::logic_error("Loader::next before start");
  if (stop.stop_requested()) return std::nullopt;
  if (pending_.empty() && next_batch_ >= batches()) return std::nullopt;
  const bool ready = ready_.wait(lock, stop, [&] {
    return !pending_.empty() && pending_.front()->finished == pending_.front()->clips.size();
  });
  if (!ready) return std::nullopt;
  const std::shared_ptr<Pending> pending = std::move(pending_.front());
  pending_.pop_front();
  work_.notify_all();
  lock.unlock();
  if (pending->broken) std::rethrow_exception(pending->broken);
  return finish(*pending);
}

Batch Loader::Impl::finish(const Pending& pending) const {
  Batch batch;
  std::vector<std::int64_t> slots, labels;
  for (std::size_t slot = 0; slot < pending.clips.size(); ++slot) {
    const std::int64_t index = pending.clips[slot];
    const ClipRef& clip = split_.clips[static_cast<std::size_t>(index)];
    if (!pending.failed[slot].empty()) {
      batch.unreadable.push_back({clip.id, pending.failed[slot]});
      batch.unreadable_indices.push_back(index);
      continue;
    }
    slots.push_back(static_cast<std::int64_t>(slot));
    labels.push_back(clip.label);
    batch.indices.push_back(index);
  }
  batch.labels = at::tensor(labels, at::kLong);
  if (slots.size() == pending.clips.size()) {
    batch.video = pending.video;
  } else if (!slots.empty()) {
    batch.video = pending.video.index_select(0, at::tensor(slots, at::kLong));
  }
  return batch;
}

Loader::Loader(Split split, LoaderOptions options)
    : impl_(std::make_unique<Impl>(std::move(split), options)) {}
Loader::~Loader() = default;

std::int64_t Loader::clips() const { return impl_->clips(); }
std::int64_t Loader::batches() const { return impl_->batches(); }
void Loader::start(std::int64_t epoch, std::int64_t first) { impl_->start(epoch, first); }
std::optional<Batch> Loader::next(std::stop_token stop) { return impl_->next(stop); }

}  // namespace omniq::data
