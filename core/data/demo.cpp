#include "core/data/demo.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cmath>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/files.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/data/demo_scene.h"
#include "core/data/video.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

constexpr int kRecipe = 1;  // raise it when the same options come to give other pixels
constexpr const char* kComplete = "demo-set.txt";             // written last
constexpr const char* kUnderWay = "demo-set.incomplete.txt";  // written first

struct Job {
  std::int64_t label = 0, index = 0;
  bool test = false;
  std::string id;  // "SlideLeft/slide_left_t017.mp4"
};

/// "slide_left" from "SlideLeft".
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && !out.empty()) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

/// t for training, e for evaluation.
std::vector<Job> make_jobs(const DemoOptions& options) {
  std::vector<Job> jobs;
  for (std::size_t label = 0; label < kDemoClasses.size(); ++label) {
    const std::string name = kDemoClasses[label];
    for (const bool test : {false, true}) {
      for (std::int64_t i = 0; i < (test ? options.test_clips : options.train_clips); ++i) {
        std::string number = std::to_string(i);
        number.insert(0, number.size() < 3 ? 3 - number.size() : 0, '0');
        jobs.push_back({static_cast<std::int64_t>(label), i, test,
                        cat(name, "/", snake_case(name), test ? "_e" : "_t", number, ".mp4")});
      }
    }
  }
  return jobs;
}

std::string describe(const DemoOptions& o) {
  return cat("OmniQ demo set, recipe ", kRecipe, "\nseed ", o.seed, "\ntrain_clips ", o.train_clips,
             "\ntest_clips ", o.test_clips, "\nframes ", o.frames, "\nfps ", o.fps, "\nsize ",
             o.size, "\n");
}

Status check_options(const DemoOptions& o) {
  const auto refuse = [](const char* what) {
    return fail(ErrorCode::config, cat("The demo set cannot be made: ", what, "."));
  };
  if (o.train_clips < 1 || o.test_clips < 0) {
    return refuse(
        "it needs at least one training clip a class and no negative number of test clips");
  }
  if (o.frames < 2) return refuse("a clip needs at least 2 frames");
  if (!(o.fps >= 1 && o.fps <= 240)) return refuse("frames a second must be between 1 and 240");
  if (o.size < 32 || o.size > 1024 || o.size % 2 != 0) {
    return refuse("the size must be an even number of pixels between 32 and 1024");
  }
  if (o.threads < 1) return refuse("it needs at least one thread");
  return {};
}

/// The error for a clip that could not be written: OpenCV's writer does not say why, so that the
/// system is asked by writing something else.
tl::unexpected<Error> cannot_write(const fs::path& path, const fs::path& temporary,
                                   std::string otherwise, std::string hint) {
  constexpr std::size_t kSomething = 1 << 20;
  auto tried = write_file_atomic(temporary, std::string(kSomething, 'x'));
  std::error_code ec;
  fs::remove(temporary, ec);
  if (!tried) return tl::unexpected(std::move(tried).error());
  return fail(ErrorCode::io, cat("Cannot write ", path.string(), ": ", otherwise, "."),
              std::move(hint));
}

Status write_clip(const fs::path& path, const Job& job, const DemoOptions& options) {
  const std::vector<std::uint8_t> video = render_process(
      draw_process(options.seed, job.label, job.index, job.test), options.frames, options.size);
  // Complete under another name first, so that a file under its own name is always whole.
  const fs::path temporary =
      path.parent_path() / cat(".", path.stem().string(), ".", ::getpid(), ".tmp.mp4");
  const int side = static_cast<int>(options.size);
  std::error_code ec;
  try {
    cv::VideoWriter writer(temporary.string(), cv::CAP_FFMPEG,
                           cv::VideoWriter::fourcc('m', 'p', '4', 'v'), options.fps, {side, side});
    if (!writer.isOpened()) {
      return cannot_write(path, temporary, "OpenCV finds no encoder for MPEG-4 video",
                          "`omniq doctor` says what is missing.");
    }
    cv::Mat bgr;
    for (std::int64_t frame = 0; frame < options.frames; ++frame) {
      const auto* pixels =
          &video[static_cast<std::size_t>(frame * options.size * options.size * 3)];
      cv::cvtColor(cv::Mat(side, side, CV_8UC3, const_cast<std::uint8_t*>(pixels)), bgr,
                   cv::COLOR_RGB2BGR);
      writer.write(bgr);
    }
    writer.release();
  } catch (const cv::Exception& error) {
    fs::remove(temporary, ec);
    return fail(ErrorCode::io, cat("Cannot write ", path.string(), ": ", error.err, "."));
  }
  // The writer does not report a full disk; the file does.
  const auto info = probe_video(temporary);
  if (!info || info->frames != options.frames) {
    return cannot_write(
        path, temporary,
        info ? cat("it came out with ", info->frames, " of ", options.frames, " frames")
             : "it came out so that it cannot be read: " + info.error().message,
        "");
  }
  fs::rename(temporary, path, ec);
  if (ec) return fail(ErrorCode::io, cat("Cannot write ", path.string(), ": ", ec.message(), "."));
  return {};
}

bool is_there(const fs::path& path) {
  std::error_code ec;
  return fs::file_size(path, ec) > 0 && !ec;
}

/// Removes the clips of a set with other options, and what an interrupted call left half written.
/// Only names that this file makes are touched.
void remove_clips(const fs::path& directory, bool all) {
  for (const char* name : kDemoClasses) {
    std::error_code ec;
    const std::string start = snake_case(name) + "_";
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(directory / name, ec)) {
      const std::string file = entry.path().filename().string();
      const bool temporary = file.starts_with("." + start) && file.ends_with(".tmp.mp4");
      if (temporary || (all && file.starts_with(start) && file.ends_with(".mp4"))) {
        old.push_back(entry.path());
      }
    }
    for (const fs::path& path : old) fs::remove(path, ec);
  }
}

Status write_lists(const fs::path& directory, const std::vector<Job>& jobs) {
  std::string index, train, test;
  for (std::size_t label = 0; label < kDemoClasses.size(); ++label) {
    index += cat(label + 1, " ", kDemoClasses[label], "\n");
  }
  for (const Job& job : jobs) {
    if (job.test) {
      test += job.id + "\n";
    } else {
      train += cat(job.id, " ", job.label + 1, "\n");
    }
  }
  OMNIQ_TRY(write_file_atomic(directory / "lists" / "classInd.txt", index));
  OMNIQ_TRY(write_file_atomic(directory / "lists" / "trainlist.txt", train));
  return write_file_atomic(directory / "lists" / "testlist.txt", test);
}

/// Makes the folders, and decides what of an earlier call may stay.
Status prepare(const fs::path& directory, const std::string& description) {
  std::error_code ec;
  const auto marker = read_file(directory / kUnderWay);
  const auto complete = read_file(directory / kComplete);
  if (!marker && !complete) {
    for (const char* name : kDemoClasses) {
      if (fs::exists(directory / name, ec)) {
        return fail(
            ErrorCode::io,
            cat(directory.string(), " has a folder ", name, " that is not from a demo set."),
            "Choose an empty folder.");
      }
    }
  }
  for (const char* name : kDemoClasses) {
    fs::create_directories(directory / name, ec);
    if (ec) {
      return fail(ErrorCode::io,
                  cat("Cannot create ", (directory / name).string(), ": ", ec.message(), "."));
    }
  }
  fs::create_directories(directory / "lists", ec);
  // While one of them says what it says, every clip in the folder is of that kind.
  const bool same = marker ? *marker == description : complete && *complete == description;
  OMNIQ_TRY(write_file_atomic(directory / kUnderWay, same ? description : "being cleared\n"));
  fs::remove(directory / kComplete, ec);
  remove_clips(directory, /*all=*/!same);
  return write_file_atomic(directory / kUnderWay, description);
}

}  // namespace

Status generate_demo(const fs::path& directory, const DemoOptions& options,
                     const std::function<void(std::int64_t, std::int64_t)>& progress,
                     std::stop_token stop) {
  OMNIQ_TRY(check_options(options));
  const std::vector<Job> jobs = make_jobs(options);
  const std::string description = describe(options);
  const auto there = [&](const Job& job) { return is_there(directory / job.id); };
  const auto total = static_cast<std::int64_t>(jobs.size());

  const auto complete = read_file(directory / kComplete);
  if (complete && *complete == description && is_there(directory / "lists" / "trainlist.txt") &&
      std::all_of(jobs.begin(), jobs.end(), there)) {
    if (progress) progress(total, total);
    return {};
  }
  OMNIQ_TRY(prepare(directory, description));

  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::int64_t done = 0;
  std::optional<Error> error;
  const auto work = [&] {
    for (;;) {
      const std::size_t i = next++;
      if (i >= jobs.size() || stop.stop_requested()) return;
      Status status;
      if (!there(jobs[i])) status = write_clip(directory / jobs[i].id, jobs[i], options);
      const std::lock_guard lock(mutex);
      if (!status) {
        if (!error) error = status.error();
        next = jobs.size();
        return;
      }
      ++done;
      if (progress) progress(done, total);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 1; i < options.threads; ++i) threads.emplace_back(work);
    work();
  }
  if (error) return tl::unexpected<Error>(std::move(*error));
  if (done < total) {
    return fail(ErrorCode::stopped,
                cat("The demo set is not complete: ", done, " of ", total, " clips."),
                "The next call makes the rest.");
  }
  OMNIQ_TRY(write_lists(directory, jobs));
  OMNIQ_TRY(write_file_atomic(directory / kComplete, description));
  std::error_code ec;
  fs::remove(directory / kUnderWay, ec);
  return {};
}

}  // namespace omniq::data
