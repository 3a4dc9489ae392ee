#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/diverged.h"
#include "tests/support/patience.h"
#include "tests/support/temporary_folder.h"

namespace omniq {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::read_text;
using testing_support::TemporaryFolder;

struct Output {
  int code = -1;
  std::string out, err;
  std::string all() const { return out + err; }
};

class Cli : public testing::Test {
 protected:
  /// Runs `omniq <words>` in the test's folder; `by`: what stands before it.
  Output omniq(const std::string& words, const std::string& by = "") const {
    const std::string command = "cd '" + tmp_.path().string() + "' && " + by +
                                " '" OMNIQ_PROGRAM "' " + words + " >out.txt 2>err.txt </dev/null";
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), read_text(tmp_ / "out.txt"), read_text(tmp_ / "err.txt")};
  }

  /// A small demo set and settings that train it in a moment.
  void make_data() const {
    ASSERT_EQ(omniq("demo-data demo-data --train-clips 2 --test-clips 1").code, 0);
    fast_ = "'" OMNIQ_SOURCE
            "/configs/demo-mamba.yaml' train.epochs=1 frames=2 threads=1 fusion.depth=1 ";
  }

  static void expect_sentence(const Output& o, int code, const std::string& names) {
    EXPECT_EQ(o.code, code) << o.all();
    EXPECT_THAT(o.err, HasSubstr(names));
    EXPECT_EQ(o.err.find("error: "), o.err.rfind("error: ")) << "said once\n" << o.err;
    for (const char* trace : {"terminate", "Exception raised from", "frame #", "what()"})
      EXPECT_THAT(o.all(), Not(HasSubstr(trace)));
  }

  TemporaryFolder tmp_;
  mutable std::string fast_;
};

TEST_F(Cli, HelpAndUsage) {
  EXPECT_EQ(omniq("--help").code, 0);
  EXPECT_EQ(omniq("").code, 2);
  EXPECT_EQ(omniq("tain x").code, 2);
  EXPECT_EQ(omniq("train").code, 2);
  EXPECT_THAT(omniq("--version").out, HasSubstr("omniq 0."));
}

TEST_F(Cli, BadConfigurationIsASentenceAndExitCode2) {
  expect_sentence(omniq("train none.yaml"), 2, "none.yaml");
  tmp_.write("a.yaml", "data: {root: x}\ntrain:\n  epoch: 3\n");
  expect_sentence(omniq("train a.yaml"), 2, "a.yaml, line 3: there is no setting 'train.epoch'");
  EXPECT_THAT(omniq("train a.yaml").err, HasSubstr("train.epochs"));
  tmp_.write("b.yaml", "data: {root: x}\nframes: -1\n");
  expect_sentence(omniq("train b.yaml"), 2, "b.yaml, line 2: frames: '-1'");
  expect_sentence(omniq("train b.yaml frames=4 train.batch_size=0"), 2, "train.batch_size");
  expect_sentence(omniq("resume nowhere"), 2, "nowhere");
  expect_sentence(omniq("eval ."), 2, "config.yaml");
  const Output o = omniq("train b.yaml --json");
  EXPECT_EQ(json::parse(o.out)["error"]["exit_code"], 2);
}

TEST_F(Cli, MissingDataIsASentenceAndExitCode3) {
  tmp_.write("a.yaml",
             "vision_backbone: swin_nano\nframes: 2\nsize: 32\ndata: {root: nothing-here}\n");
  expect_sentence(omniq("train a.yaml"), 3, "nothing-here");
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "runs"))
      << "no run folder for a run that cannot start";
}

TEST_F(Cli, TrainsEvaluatesPredictsAndLists) {
  make_data();
  Output o = omniq("train " + fast_ + "run.dir=r1 --json");
  ASSERT_EQ(o.code, 0) << o.all();
  json j = json::parse(o.out);
  EXPECT_EQ(j["state"], "finished");
  EXPECT_EQ(j["epochs"], 1);
  EXPECT_TRUE(j["best"].contains("top1"));
  EXPECT_GT(j["seconds"], 0.0);

  o = omniq("eval r1 --json");
  ASSERT_EQ(o.code, 0) << o.all();
  j = json::parse(o.out);
  EXPECT_EQ(j["clips"], 8);
  EXPECT_EQ(j["unreadable"], 0);
  EXPECT_TRUE(j["peak_vram_bytes"].is_null() || j["peak_vram_bytes"]["allocated"] > 0);
  EXPECT_EQ(j["latency_ms"]["batch"], 8);
  EXPECT_GE(j["latency_ms"]["runs"], 100);
  EXPECT_LE(j["latency_ms"]["p10"], j["latency_ms"]["p90"]);
  EXPECT_EQ(json::parse(read_text(tmp_ / "r1/eval/summary.json")), j);
  for (const char* file :
       {"config.yaml", "status.json", "environment.json", "metrics.jsonl", "log.txt",
        "eval/predictions.csv", "eval/confusion.csv", "checkpoints/last.safetensors"}) {
    EXPECT_TRUE(std::filesystem::exists(tmp_ / (std::string("r1/") + file))) << file;
  }

  tmp_.write("broken.mp4", "no video");
  o = omniq("predict r1 demo-data/Grow/grow_e000.mp4 broken.mp4 --json");
  EXPECT_EQ(o.code, 3);
  j = json::parse(o.out)["predictions"];
  ASSERT_EQ(j.size(), 2u);
  EXPECT_EQ(j[0]["top5"].size(), 5u);
  EXPECT_TRUE(j[0]["error"].is_null());
  EXPECT_EQ(j[0]["frames"], 2);
  EXPECT_THAT(j[1]["error"].get<std::string>(), HasSubstr("broken.mp4"));

  EXPECT_EQ(omniq("predict r1 demo-data/Grow/grow_e000.mp4").code, 0);
  EXPECT_EQ(json::parse(omniq("runs . --json").out)["runs"][0]["state"], "finished");
  expect_sentence(omniq("train " + fast_ + "run.dir=r1"), 2, "not empty");
  EXPECT_EQ(omniq("config r1/config.yaml").code, 0);
  EXPECT_EQ(omniq("config r1/config.yaml --json").code, 0);
  EXPECT_TRUE(json::parse(omniq("doctor --json").out)["checks"].is_array());
}

TEST_F(Cli, YamlWithoutEndIsASentenceAndExitCode2) {
  tmp_.write("recursive.yaml", "a: &a {b: *a}\n");
  expect_sentence(omniq("config recursive.yaml"), 2, "recursive.yaml, line 1: this goes on");
  std::string bomb = "a0: &a0 {x: 1, y: 2}\n";
  for (int i = 1; i < 30; ++i) {
    const std::string n = std::to_string(i), before = "*a" + std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " {x: " + before + ", y: " + before + "}\n";
  }
  tmp_.write("bomb.yaml", bomb);
  expect_sentence(omniq("config bomb.yaml"), 2, "thousands of values");
  tmp_.write("two.yaml", "data: {root: x}\nframes: 4\n---\nframes: 8\n");
  expect_sentence(omniq("config two.yaml"), 2, "two.yaml, line 4: a second document");
}

TEST_F(Cli, NamesThatAreNotUtf8AreShownOrRefusedBeforeARunIsMade) {
  make_data();
  const std::filesystem::path clips = tmp_ / "demo-data";
  // A clip: it is trained with and tested with, and every record can be read.
  std::filesystem::copy(clips / "Grow/grow_t000.mp4", clips / "Grow/caf\xe9_\x1b[2J.mp4");
  const std::string lists = "data.trainlist= data.testlist= data.classind= ";
  Output o = omniq("train " + fast_ + lists + "run.dir=r --json");
  ASSERT_EQ(o.code, 0) << o.all();
  EXPECT_EQ(json::parse(o.out)["state"], "finished");
  EXPECT_THAT(read_text(tmp_ / "r/clips.tsv"), HasSubstr("Grow/caf\ufffd_\\x1b[2J.mp4"));
  o = omniq("data demo-data --json");
  EXPECT_TRUE(json::accept(o.out)) << o.out;
  o = omniq("eval r --json");
  ASSERT_EQ(o.code, 0) << o.all();
  EXPECT_TRUE(json::accept(o.out)) << o.out;
  tmp_.write("caf\xe9.mp4", "no video");
  o = omniq("predict r --json 'caf\xe9.mp4'");
  EXPECT_EQ(o.code, 3);
  EXPECT_EQ(json::parse(o.out)["predictions"][0]["video"], "caf\ufffd.mp4");

  // What becomes part of a checkpoint or of config.yaml.
  std::filesystem::rename(clips / "Grow", clips / "Caf\xe9");
  expect_sentence(omniq("train " + fast_ + lists + "run.dir=r2"), 3, "\"Caf\ufffd\" is not named");
  expect_sentence(omniq("train " + fast_ + "run.dir=r2 'backbone.weights=caf\xe9.pth'"), 2,
                  "'caf\ufffd.pth' is not UTF-8");
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "r2"));
}

TEST_F(Cli, NoReadableClipIsExitCode3AndNoFinishedRun) {
  make_data();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tmp_ / "demo-data")) {
    if (entry.path().extension() == ".mp4") std::ofstream(entry.path(), std::ios::trunc) << "x";
  }
  const Output o = omniq("train " + fast_ + "run.dir=r");
  expect_sentence(o, 3, "training clips could be decoded");
  EXPECT_THAT(o.all(), Not(HasSubstr("Finished")));
  EXPECT_EQ(json::parse(read_text(tmp_ / "r/status.json"))["state"], "failed");
  EXPECT_THAT(read_text(tmp_ / "r/log.txt"), HasSubstr("training clips could be decoded"));
}

TEST_F(Cli, WhatMemoryCannotHoldIsRefusedBeforeARunIsMade) {
  make_data();
  const std::string words = "train " + fast_ +
                            "run.dir=r fusion.max_frames=4096 frames=4096 "
                            "size=4096 train.batch_size=4096 ";
  expect_sentence(omniq(words), 2, " fits");
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "r"));
}

TEST_F(Cli, ARunMovesAndChangesItsMachine) {
  make_data();
  ASSERT_EQ(omniq("train " + fast_ + "run.name=one").code, 0);
  std::filesystem::create_directories(tmp_ / "elsewhere");
  std::filesystem::rename(tmp_ / "runs", tmp_ / "elsewhere/runs");
  const json listed = json::parse(omniq("runs elsewhere/runs --json").out);
  EXPECT_TRUE(listed["unreadable"].empty());
  const std::string run = "elsewhere/runs/" + listed["runs"][0]["run"].get<std::string>();
  ASSERT_EQ(omniq("eval " + run + " eval.latency=false").code, 0);
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "runs"));
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "results"));
  EXPECT_THAT(read_text(tmp_ / "elsewhere/results/summary.csv"), HasSubstr(run));

  // As if it had been trained on a GPU.
  std::string config = read_text(tmp_ / (run + "/config.yaml"));
  config.replace(config.find("device: auto"), 12, "device: cuda");
  tmp_.write(run + "/config.yaml", config);
  const std::string clip = " demo-data/Grow/grow_e000.mp4";
  expect_sentence(omniq("predict " + run + clip), 1, "config.yaml is damaged");
  EXPECT_EQ(json::parse(omniq("runs elsewhere/runs --json").out)["runs"][0]["state"], "damaged");
  EXPECT_THAT(omniq("runs elsewhere/runs").out, HasSubstr("its checksum differs"));
  tmp_.write(run + "/config.yaml", config.substr(0, config.rfind("# SHA-256")));
  Output o = omniq("predict " + run + clip + " device=cpu --json");
  ASSERT_EQ(o.code, 0) << o.all();
  EXPECT_EQ(json::parse(o.out)["predictions"].size(), 1u);
  EXPECT_EQ(omniq("eval " + run + " eval.latency=false device=cpu").code, 0);
  expect_sentence(omniq("predict " + run + clip + " devise=cpu"), 2, "Did you mean 'device'?");
  expect_sentence(omniq("predict " + run + " device=cpu"), 2, "No video is named");
}

TEST_F(Cli, ANameThatIsNoFolderIsRefused) {
  tmp_.write("a.yaml", "data: {root: x}\nrun:\n  name: ../../x\n");
  expect_sentence(omniq("train a.yaml"), 2, "a.yaml, line 3: run.name: '../../x'");
  EXPECT_THAT(omniq("train a.yaml").err, HasSubstr("at most 100 bytes of UTF-8 without /"));
}

TEST_F(Cli, AnEvaluationThatCannotBeRecordedIsPrinted) {
  make_data();
  ASSERT_EQ(omniq("train " + fast_ + "run.dir=r").code, 0);
  tmp_.write("r/eval", "a file where the folder would be");
  const Output o = omniq("eval r eval.latency=false --json");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(json::parse(o.out)["clips"], 8) << o.all();
  EXPECT_THAT(o.err, HasSubstr("warning: The evaluation will not be recorded: "));
  EXPECT_THAT(o.err, HasSubstr("error: The evaluation is not recorded: "));
}

TEST_F(Cli, FramesAreWhatAModelIsGiven) {
  make_data();
  const std::string clip = "demo-data/Grow/grow_e000.mp4";
  tmp_.write("a.yaml",
             "frames: 4\nstride: 2\nsize: 32\nvision_backbone: swin_nano\ndata: {root: demo-data, "
             "val: 0}\neval: {temporal_views: 2}\n");
  Output o = omniq("frames " + clip + " --config a.yaml --output pictures --json");
  ASSERT_EQ(o.code, 0) << o.all();
  const json frames = json::parse(o.out);
  ASSERT_EQ(frames.size(), 8u) << "two views of four frames";
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].size(), 3u);
    const int number = frames[i]["frame"];
    EXPECT_NEAR(frames[i]["time"], number / 12.0, 0.002) << "the demo's rate";
    if (i % 4 > 0) EXPECT_EQ(number, frames[i - 1]["frame"].get<int>() + 2);
    const std::string png = read_text(tmp_ / frames[i]["file"].get<std::string>());
    ASSERT_GT(png.size(), 24u);
    EXPECT_EQ(png.substr(1, 3), "PNG");
    EXPECT_EQ(png.substr(16, 8), std::string("\0\0\0\x20\0\0\0\x20", 8)) << "32 × 32";
  }
  // A training's, by its seed.
  const auto drawn = [&](const std::string& seed) {
    const Output drawing = omniq("frames " + clip + " --config a.yaml --output t" + seed +
                                 " --json --training " + seed);
    EXPECT_EQ(drawing.code, 0) << drawing.all();
    EXPECT_EQ(json::parse(drawing.out).size(), 4u);
    return read_text(tmp_ / json::parse(drawing.out)[0]["file"].get<std::string>());
  };
  EXPECT_EQ(drawn("3"), drawn("3"));
  EXPECT_NE(drawn("3"), drawn("4"));

  ASSERT_EQ(omniq("train " + fast_ + "run.dir=r").code, 0);
  o = omniq("frames " + clip + " --run r");
  EXPECT_EQ(o.code, 0) << o.all();
  EXPECT_THAT(o.out, HasSubstr("grow_e000-frames/view0-001-frame"));
  expect_sentence(omniq("frames none.mp4"), 3, "none.mp4 does not exist");
  expect_sentence(omniq("frames " + clip + " --run r --config a.yaml"), 2, "not both");
  expect_sentence(omniq("frames " + clip + " --run nowhere"), 2, "nowhere");
  expect_sentence(omniq("frames " + clip + " --output a.yaml/x"), 1, "a.yaml/x");
  ASSERT_EQ(std::system(("mkfifo '" + (tmp_ / "pipe.mp4").string() + "'").c_str()), 0);
  expect_sentence(omniq("frames pipe.mp4"), 3, "is a named pipe, not a video file");
  expect_sentence(omniq("predict r pipe.mp4 --live 2"), 3, "is a named pipe, not a video file");
}

// libgomp reads the variable before main.
TEST_F(Cli, ThreadsWaitAsleepUnlessTheUserSaysOtherwise) {
  ::unsetenv("OMP_WAIT_POLICY");
  ::unsetenv("GOMP_SPINCOUNT");
  const auto policy = [&] {
    return json::parse(omniq("doctor --json").out)["versions"]["omp_wait_policy"];
  };
  EXPECT_EQ(policy(), "PASSIVE");
  ::setenv("GOMP_SPINCOUNT", "1000", 1);
  EXPECT_TRUE(policy().is_null());
  ::unsetenv("GOMP_SPINCOUNT");
  ::setenv("OMP_WAIT_POLICY", "active", 1);
  EXPECT_EQ(policy(), "active");
  ::setenv("OMP_WAIT_POLICY", "passive", 1);
}

TEST_F(Cli, RunsThroughTheLoaderAndWithoutATemporaryFolder) {
  const char* loader = "/lib64/ld-linux-x86-64.so.2";
  if (!std::filesystem::exists(loader)) GTEST_SKIP() << "no " << loader;
  const Output version = omniq("--version", std::string("env -u OMP_WAIT_POLICY ") + loader);
  EXPECT_EQ(version.out, omniq("--version").out);
  const Output doctor = omniq("doctor", "TMPDIR=/nonexistent");
  EXPECT_EQ(doctor.code, 0) << doctor.all();
}

TEST_F(Cli, ADivergedModelIsASentenceAndExitCode1) {
  make_data();
  ASSERT_EQ(omniq("train " + fast_ + "run.dir=r").code, 0);
  testing_support::make_diverged(tmp_ / "r/checkpoints/last.safetensors");
  expect_sentence(omniq("eval r"), 1, "logits are not finite in ");
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "r/eval"));
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "results"));
  const std::string clip = " demo-data/Grow/grow_e000.mp4";
  expect_sentence(omniq("predict r --live 4" + clip), 1, "logits are not finite in ");
  const Output o = omniq("predict r --json" + clip);
  EXPECT_EQ(o.code, 1) << o.all();
  const json answer = json::parse(o.out)["predictions"][0];
  EXPECT_TRUE(answer["top5"].empty());
  EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr("logits are not finite in "));
}

TEST_F(Cli, ADamagedCheckpointIsASentenceAndExitCode1) {
  make_data();
  ASSERT_EQ(omniq("train " + fast_ + "run.dir=r").code, 0);
  const std::string checkpoint = "r/checkpoints/last.safetensors";
  const std::string whole = read_text(tmp_ / checkpoint);
  for (const std::size_t at : {whole.size() / 3, whole.size() - 5}) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    tmp_.write(checkpoint, bytes);
    for (const std::string command :
         {"resume r", "eval r", "predict r demo-data/Grow/grow_e000.mp4"}) {
      // What is behind may be of the optimiser, which only training reads.
      if (at > whole.size() / 2 && command != "resume r") continue;
      expect_sentence(omniq(command), 1, "last.safetensors is damaged: the values of ");
    }
    EXPECT_EQ(json::parse(read_text(tmp_ / "r/status.json"))["state"], "failed");
  }
  tmp_.write(checkpoint, whole);
  EXPECT_EQ(omniq("eval r").code, 0);
}

TEST_F(Cli, ProbeMeasuresAStepAndWritesNothing) {
  make_data();
  Output o = omniq("probe " + fast_ + "--json");
  ASSERT_EQ(o.code, 0) << o.all();
  const json j = json::parse(o.out);
  EXPECT_GT(j["step_ms"]["median"], 0.0);
  EXPECT_LE(j["step_ms"]["p10"], j["step_ms"]["p90"]);
  EXPECT_EQ(j["params"], j["trainable_params"]);
  EXPECT_NE(j["peak_vram_bytes"].is_null(), j["resident_growth_bytes"].is_null());
  EXPECT_EQ(j["clips"], 16);
  EXPECT_EQ(j["steps"], 2);
  o = omniq("probe " + fast_ + "--json --progress");
  const std::string lines = o.err.substr(std::min(o.err.find('{'), o.err.size()));
  const json first = json::parse(lines.substr(0, lines.find('\n')), nullptr, false);
  ASSERT_TRUE(first.contains("progress")) << o.err;
  EXPECT_EQ(first["progress"]["what"], "measuring");
  EXPECT_LE(first["progress"]["done"], 1);
  EXPECT_GT(first["progress"]["total"], 1);
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "runs"));
  EXPECT_THAT(omniq("probe " + fast_).out, HasSubstr("a step"));
  expect_sentence(omniq("probe none.yaml"), 2, "none.yaml");
  expect_sentence(omniq("probe " + fast_ + "data.trainlist=nowhere.txt"), 3, "nowhere.txt");
}

// The safetensors format: the header's length, the header, the tensors' bytes.
struct Safetensors {
  json header;
  std::string bytes;

  static Safetensors read(const std::filesystem::path& path) {
    const std::string file = read_text(path);
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    return {json::parse(file.substr(sizeof length, length)), file.substr(sizeof length + length)};
  }
  std::string file() const {
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + bytes;
  }
};

TEST_F(Cli, FeaturesAreInFloat32WhateverTheyAreComputedIn) {
  make_data();
  ASSERT_EQ(omniq("train " + fast_ + "run.dir=r1").code, 0);
  // The encoder of a checkpoint under the names that it has by itself.
  const Safetensors checkpoint = Safetensors::read(tmp_ / "r1/checkpoints/last.safetensors");
  Safetensors weights{json::object(), checkpoint.bytes};
  const std::string prefix = "backbone.";
  for (const auto& [name, tensor] : checkpoint.header.items())
    weights.header[name.starts_with(prefix) ? name.substr(prefix.size()) : name] = tensor;
  weights.header.erase("__metadata__");  // with the checkpoint's checksums
  tmp_.write("weights.safetensors", weights.file());
  const std::int64_t bytes = 3 * 3 * 32 * 32 * 4;
  const json video = {{"dtype", "F32"}, {"shape", {3, 3, 32, 32}}, {"data_offsets", {0, bytes}}};
  tmp_.write("video.safetensors", Safetensors{{{"video", video}}, std::string(bytes, '\0')}.file());
  const std::string words =
      "features --weights weights.safetensors --input video.safetensors --output out.safetensors "
      "--backbone swin_nano --json ";
  expect_sentence(omniq(words), 1, "weights.safetensors do not fit swin_nano: 61 of its 61");
  EXPECT_THAT(omniq(words).err, AllOf(HasSubstr("left over: "), HasSubstr("--allow-partial")));
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "out.safetensors"));
  for (const char* choice : {"", "--float32", "--device cpu"}) {
    const Output o = omniq(words + "--allow-partial " + choice);
    ASSERT_EQ(o.code, 0) << o.all();
    const json j = json::parse(o.out);
    EXPECT_EQ(j["shape"], json({3, 64}));
    if (*choice != 0) EXPECT_EQ(j["precision"], "float32");
    const json written = Safetensors::read(tmp_ / "out.safetensors").header["features"];
    EXPECT_EQ(written["dtype"], "F32");
    EXPECT_EQ(written["shape"], json({3, 64}));
  }
}

/// Starts training in r and sends `signal` when that process has taken the run and logged so many
/// rows; returns the exit status as waitpid gives it.
int train_and_signal(const TemporaryFolder& tmp, const std::string& words, int signal, int rows) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);  // a shell may ignore it
    const std::string command = "cd '" + tmp.path().string() + "' && exec '" OMNIQ_PROGRAM "' " +
                                words + " >out.txt 2>err.txt </dev/null";
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  const auto has_begun = [&] {
    const json run = json::parse(read_text(tmp / "r/status.json"), nullptr, false);
    return run.is_object() && run["pid"] == child && run["state"] == "running";
  };
  int status = 0;
  bool ended = false;
  const auto unless_ended = [&](const auto& condition) {
    return testing_support::eventually([&] {
      ended = ended || ::waitpid(child, &status, WNOHANG) == child;
      return ended || condition();
    });
  };
  const auto logged = [&] { return std::ranges::count(read_text(tmp / "r/metrics.jsonl"), '\n'); };
  unless_ended(has_begun);
  const auto before = logged();
  unless_ended([&] { return logged() >= before + rows; });
  if (ended) return status;
  ::kill(child, signal);
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(Cli, InterruptSavesAndKillLosesOnlyWhatCameAfterTheCheckpoint) {
  make_data();
  const std::string words =
      "train " + fast_ + "train.epochs=400 train.checkpoint_minutes=0 run.dir=r";
  const int interrupted = train_and_signal(tmp_, words, SIGINT, 20);
  EXPECT_EQ(WEXITSTATUS(interrupted), 4) << read_text(tmp_ / "err.txt");
  EXPECT_EQ(json::parse(read_text(tmp_ / "r/status.json"))["state"], "paused");
  for (const int rows : {0, 3, 10}) {
    const int killed = train_and_signal(tmp_, "resume r", SIGKILL, rows);
    ASSERT_TRUE(WIFSIGNALED(killed)) << read_text(tmp_ / "err.txt");
    EXPECT_EQ(json::parse(omniq("runs . --json").out)["runs"][0]["state"], "interrupted");
  }
  const std::int64_t before = json::parse(read_text(tmp_ / "r/status.json"))["step"];
  const int again = train_and_signal(tmp_, "resume r", SIGTERM, 10);
  EXPECT_EQ(WEXITSTATUS(again), 4) << read_text(tmp_ / "err.txt");
  EXPECT_GE(json::parse(read_text(tmp_ / "r/status.json"))["step"].get<std::int64_t>(), before);
  const int discarded = train_and_signal(tmp_, "resume r", SIGQUIT, 10);
  EXPECT_EQ(WEXITSTATUS(discarded), 4) << read_text(tmp_ / "err.txt");
  EXPECT_THAT(read_text(tmp_ / "r/status.json"), testing::HasSubstr("is discarded"));
}

TEST_F(Cli, BenchMeasuresStepsOfTrainingOnAGpuOnly) {
  const Output o = omniq("bench model --device cpu --runs 1 --only step --json");
  ASSERT_EQ(o.code, 0) << o.all();
  EXPECT_TRUE(json::parse(o.out)["rows"].empty());
  EXPECT_THAT(o.err, HasSubstr("on a GPU only"));
}

}  // namespace
}  // namespace omniq
