#include "ui/models/readers/series_reader.h"

#include <sys/stat.h>

#include <QThread>
#include <fstream>

#include "ui/base/text.h"

namespace omniq::ui {
namespace {

constexpr int kInterval = 700;                // ms
constexpr std::int64_t kChunk = 1024 * 1024;  // bytes

}  // namespace

SeriesNews MetricsFollower::read(bool& more) {
  more = false;
  SeriesNews news;
  news.path = run_;
  const std::filesystem::path file = to_path(run_) / "metrics.jsonl";
  struct stat s;
  const bool there = ::stat(file.c_str(), &s) == 0;
  const std::int64_t size = there ? s.st_size : 0;
  const std::uint64_t inode = there ? s.st_ino : 0;
  const std::int64_t read_to = offset_;
  if (inode != inode_ || size < read_to) {
    news.from_start = true;
    inode_ = inode;
    offset_ = 0;
    pending_.clear();
  }
  if (size <= offset_) return news;
  std::ifstream in(file, std::ios::binary);
  in.seekg(offset_);
  std::string chunk(static_cast<std::size_t>(std::min(kChunk, size - offset_)), '\0');
  in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
  chunk.resize(static_cast<std::size_t>(in.gcount()));
  if (chunk.empty()) return news;
  offset_ += static_cast<std::int64_t>(chunk.size());
  more = offset_ < size;
  pending_ += chunk;
  std::size_t begin = 0;
  for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (end == begin) continue;
    if (auto row = run::parse_line(pending_.substr(begin, end - begin))) {
      news.rows.append(std::move(*row));
    } else {
      ++news.damaged;
    }
  }
  pending_.erase(0, begin);
  return news;
}

void SeriesReader::follow(const QStringList& runs) {
  if (!timer_) {
    timer_ = new QTimer(this);
    timer_->setSingleShot(true);
    connect(timer_, &QTimer::timeout, this, &SeriesReader::read_all);
  }
  std::erase_if(files_, [&](const auto& entry) { return !runs.contains(entry.first); });
  for (const QString& run : runs) files_.try_emplace(run, run);
  read_all();
}

void SeriesReader::read_all() {
  bool unfinished = false;
  for (auto& [run, file] : files_) {
    bool more = false;
    const SeriesNews changes = file.read(more);
    unfinished |= more;
    if (changes.from_start || !changes.rows.isEmpty() || changes.damaged > 0) Q_EMIT news(changes);
  }
  // One chunk a file and turn: follow() with another choice need not wait for a long file.
  timer_->start(unfinished ? 0 : kInterval);
}

}  // namespace omniq::ui
