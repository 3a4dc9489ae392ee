// What decoding gives and what it costs, for scripts and people:
//
//   omniq_video_tool dump VIDEO     every frame on stdout: "TIME WIDTH HEIGHT\n" and its RGB bytes
//   omniq_video_tool speed VIDEO…   against OpenCV's capture, which decoding used to be, in one run
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <string>
#include <thread>
#include <vector>

#include "core/data/video_reader.h"

namespace {

namespace data = omniq::data;
using Files = std::vector<std::string>;

int complain(const omniq::Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  return 3;
}

/// All frames of a file as RGB of its own size, given to `take`.
omniq::Status read_all(
    const std::string& file, int threads,
    const std::function<void(double, data::FrameSize, const std::uint8_t*)>& take) {
  OMNIQ_ASSIGN(data::VideoReader reader, data::VideoReader::open(file, threads));
  const data::FrameSize size{reader.info().height, reader.info().width};
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(size.height * size.width * 3));
  do {
    OMNIQ_TRY(reader.copy(size, rgb.data()));
    take(reader.time(), size, rgb.data());
  } while (reader.advance());
  return {};
}

int dump(const std::string& file) {
  const auto done =
      read_all(file, 1, [](double time, data::FrameSize size, const std::uint8_t* rgb) {
        std::printf("%.9g %lld %lld\n", time, static_cast<long long>(size.width),
                    static_cast<long long>(size.height));
        std::fwrite(rgb, 3, static_cast<std::size_t>(size.width * size.height), stdout);
      });
  return done ? 0 : complain(done.error());
}

using Decode = std::function<std::int64_t(const std::string&)>;  // a file → its frames

std::int64_t by_opencv(const std::string& file) {
  cv::VideoCapture capture(file, cv::CAP_FFMPEG);
  cv::Mat bgr, rgb;
  std::int64_t frames = 0;
  for (; capture.read(bgr); ++frames) cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return frames;
}

Decode by_reader(int threads) {
  return [threads](const std::string& file) {
    std::int64_t frames = 0;
    (void)read_all(file, threads, [&](double, data::FrameSize, const std::uint8_t*) { ++frames; });
    return frames;
  };
}

struct Run {
  double seconds = 0, cpu = 0;  // cpu: of all threads
  std::int64_t frames = 0;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Run decode(const Files& files, int workers, const Decode& one) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  std::atomic<std::size_t> next = 0;
  std::atomic<std::int64_t> frames = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < workers; ++i)
      threads.emplace_back([&] {
        for (std::size_t f = next++; f < files.size(); f = next++) frames += one(files[f]);
      });
  }
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
          cpu_seconds() - cpu, frames};
}

void use_cores(int count) {
  cpu_set_t all, some;
  sched_getaffinity(0, sizeof all, &all);
  CPU_ZERO(&some);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&some) < count; ++cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &some);
  }
  sched_setaffinity(0, sizeof some, &some);
}

/// Old and new take turns, so that other work on the machine meets both.
void compare(const char* what, const Files& files, int workers, int threads) {
  constexpr int kTurns = 7;
  std::vector<Run> before, after;
  for (int turn = 0; turn < kTurns; ++turn) {
    before.push_back(decode(files, workers, by_opencv));
    after.push_back(decode(files, workers, by_reader(threads)));
  }
  const auto median = [](std::vector<Run>& runs, double Run::*of) {
    std::nth_element(runs.begin(), runs.begin() + kTurns / 2, runs.end(),
                     [&](const Run& a, const Run& b) { return a.*of < b.*of; });
    return runs[kTurns / 2].*of;
  };
  const auto frames = [](const std::vector<Run>& runs) {
    return static_cast<long long>(runs[0].frames);
  };
  const double old_time = median(before, &Run::seconds), new_time = median(after, &Run::seconds);
  const double old_cpu = median(before, &Run::cpu), new_cpu = median(after, &Run::cpu);
  std::printf("%-34s %8lld %8.3f %8.3f %8lld %8.3f %8.3f %8.2f %8.2f\n", what, frames(before),
              old_time, old_cpu, frames(after), new_time, new_cpu, old_time / new_time,
              old_cpu / new_cpu);
}

int speed(const Files& files) {
  std::printf("%-34s %8s %8s %8s %8s %8s %8s %8s %8s\n", "medians, seconds", "OpenCV", "time",
              "cpu", "reader", "time", "cpu", "time", "cpu");
  const int cores = data::all_threads();
  compare("one file at a time, all cores", files, 1, cores);
  compare("a worker a core, a thread each", files, cores, 1);
  use_cores(1);
  compare("one file at a time, one core", files, 1, 1);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "dump") == 0) return dump(argv[2]);
  if (argc >= 3 && std::strcmp(argv[1], "speed") == 0) return speed({argv + 2, argv + argc});
  std::fprintf(stderr, "usage: %s dump VIDEO | speed VIDEO…\n", argv[0]);
  return 2;
}
