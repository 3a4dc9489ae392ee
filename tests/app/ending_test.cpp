// How omniq ends: when it is asked to, and when nobody takes what it prints.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "tests/support/patience.h"
#include "tests/support/temporary_folder.h"

namespace omniq {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing_support::read_text;
using testing_support::TemporaryFolder;
using Words = std::vector<std::string>;

void wait_for(const std::function<bool()>& event) {
  EXPECT_TRUE(testing_support::eventually(event));
}

/// A pipe that nobody reads from.
int closed_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  return ends[1];
}

class Ending : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run({"demo-data", "demo-data", "--train-clips", "2", "--test-clips", "1"}), 0);
  }

  static Words train(const Words& more) {
    Words words = {"train", OMNIQ_SOURCE "/configs/demo-mamba.yaml", "frames=2", "threads=1",
                   "run.dir=r"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  /// Starts omniq in the test's folder; what it prints goes to out.txt and err.txt, or to `out` and
  /// `err` (−1: closed).
  pid_t start(const Words& words, std::optional<int> out = {}, std::optional<int> err = {},
              std::optional<int> ignored = {}) const {
    const pid_t child = ::fork();
    if (child != 0) return child;
    for (const int signal : {SIGPIPE, SIGINT, SIGQUIT, SIGHUP})  // a shell may ignore some
      ::signal(signal, ignored == signal ? SIG_IGN : SIG_DFL);
    if (::chdir(tmp_.path().c_str()) != 0) ::_exit(126);
    const auto direct = [](int to, std::optional<int> from, const char* file) {
      if (from == -1) {
        ::close(to);
      } else {
        ::dup2(from ? *from : ::open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600), to);
      }
    };
    direct(STDERR_FILENO, err, "err.txt");
    direct(STDOUT_FILENO, out, "out.txt");  // last: what is closed would be taken by the next file
    std::vector<char*> argv = {const_cast<char*>(OMNIQ_PROGRAM)};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(OMNIQ_PROGRAM, argv.data());
    ::_exit(127);
  }
  static int status_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }
  int run(const Words& words, std::optional<int> out = {}) const {
    return WEXITSTATUS(status_of(start(words, out)));
  }
  std::string err() const { return read_text(tmp_ / "err.txt"); }

  /// Starts a long training and waits for its first epochs.
  pid_t start_training(std::optional<int> out = {}, std::optional<int> err = {},
                       std::optional<int> ignored = {}) const {
    const pid_t child = start(train({"train.epochs=4000"}), out, err, ignored);
    wait_for([&] {
      return read_text(tmp_ / "r/metrics.jsonl").find("\"epoch\":3") != std::string::npos;
    });
    return child;
  }
  json status() const { return json::parse(read_text(tmp_ / "r/status.json")); }

  TemporaryFolder tmp_;
};

TEST_F(Ending, ATrainingThatNobodyReadsFromGoesOnAndSaves) {
  const int gone = closed_pipe();
  const pid_t child = start_training(gone, gone);
  ::kill(child, SIGINT);
  const int ended = status_of(child);
  ASSERT_TRUE(WIFEXITED(ended)) << "by signal " << WTERMSIG(ended);
  EXPECT_EQ(WEXITSTATUS(ended), 4);
  EXPECT_EQ(status()["state"], "paused");
  EXPECT_TRUE(std::filesystem::exists(tmp_ / "r/checkpoints/last.safetensors"));
  EXPECT_THAT(read_text(tmp_ / "r/log.txt"), HasSubstr("stderr cannot be written any more"));
}

TEST_F(Ending, SignalsAreTakenWhileStderrStandsStill) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const int room = ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
  ASSERT_EQ(::write(ends[1], std::string(room, '.').data(), room), room);  // and nobody reads
  const pid_t child = start(train({"train.epochs=4000"}), -1, ends[1]);
  wait_for([&] { return std::filesystem::exists(tmp_ / "r/config.yaml"); });
  int status = 0;
  wait_for([&] {
    ::kill(child, SIGTERM);
    return ::waitpid(child, &status, WNOHANG) == child;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  for (const int end : ends) ::close(end);
}

TEST_F(Ending, AHangupSavesUnlessItIsIgnored) {
  pid_t child = start_training();
  ::kill(child, SIGHUP);
  EXPECT_EQ(WEXITSTATUS(status_of(child)), 4) << err();
  EXPECT_EQ(status()["state"], "paused");
  EXPECT_THAT(err(), HasSubstr("Stopping: the state is saved first"));

  // As nohup does, and a script for its jobs in the background.
  for (const int signal : {SIGHUP, SIGINT}) {
    std::filesystem::remove_all(tmp_ / "r");
    child = start_training({}, {}, signal);
    ::kill(child, signal);
    const std::string before = read_text(tmp_ / "r/metrics.jsonl");
    wait_for([&] { return read_text(tmp_ / "r/metrics.jsonl").size() > before.size() + 2000; });
    ::kill(child, SIGTERM);
    EXPECT_EQ(WEXITSTATUS(status_of(child)), 4) << err();
  }
}

TEST_F(Ending, AnotherProcessPausesStopsAndGoesOn) {
  const pid_t first = start_training();
  EXPECT_EQ(run({"pause", "r"}), 0) << err();
  EXPECT_THAT(read_text(tmp_ / "out.txt"), HasSubstr("continue with: omniq resume"));
  EXPECT_EQ(WEXITSTATUS(status_of(first)), 4);
  EXPECT_EQ(status()["state"], "paused");
  EXPECT_THAT(status()["reason"], HasSubstr("the state was saved"));
  EXPECT_FALSE(std::filesystem::exists(tmp_ / "r/control.json"));
  EXPECT_EQ(run({"stop", "r"}), 0) << "as it is asked for already";
  EXPECT_THAT(read_text(tmp_ / "out.txt"), HasSubstr("Paused already"));

  // A request that was left behind does not end the run that goes on.
  tmp_.write("r/control.json", "{\"request\": \"pause\"}");
  const std::int64_t step = status()["step"];
  const pid_t second = start({"resume", "r"}, -1, -1);
  wait_for([&] { return status()["state"] == "running" && status()["step"] > step; });
  EXPECT_EQ(run({"stop", "r", "--now", "--json"}), 0) << err();
  EXPECT_EQ(WEXITSTATUS(status_of(second)), 4);
  const json stopped = json::parse(read_text(tmp_ / "out.txt"));
  EXPECT_EQ(stopped["state"], "paused");
  EXPECT_THAT(stopped["reason"], HasSubstr("is discarded"));
  EXPECT_EQ(stopped["step"], status()["step"]);

  const pid_t third = start({"resume", "r"}, -1, -1);
  wait_for([&] { return status()["state"] == "running"; });
  EXPECT_EQ(run({"pause", "r", "--no-wait"}), 0) << err();
  EXPECT_THAT(read_text(tmp_ / "out.txt"), HasSubstr("Asked process"));
  EXPECT_EQ(WEXITSTATUS(status_of(third)), 4);
}

TEST_F(Ending, WhoAsksHearsThatTheTrainingDied) {
  const pid_t trainer = start_training();
  ::kill(trainer, SIGSTOP);
  const pid_t asking = start({"pause", "r"});
  wait_for([&] { return std::filesystem::exists(tmp_ / "r/control.json"); });
  ::kill(trainer, SIGKILL);
  status_of(trainer);
  EXPECT_EQ(WEXITSTATUS(status_of(asking)), 1) << err();
  EXPECT_THAT(read_text(tmp_ / "out.txt"), HasSubstr("is interrupted"));
  EXPECT_EQ(run({"pause", "r"}), 2);
  EXPECT_THAT(err(), HasSubstr("no training to end"));
  EXPECT_EQ(run({"stop", "nowhere"}), 2);
  tmp_.write("r/status.json", "{");
  EXPECT_EQ(run({"stop", "r", "--now"}), 1);
  EXPECT_THAT(err(), HasSubstr("status.json is damaged"));
}

TEST_F(Ending, WhatHasNothingToSaveEndsAtOnce) {
  ASSERT_EQ(run(train({"train.epochs=1"})), 0) << err();
  Words words = {"predict", "r"};
  words.resize(20000, "demo-data/Grow/grow_e000.mp4");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const pid_t child = start(words);
    wait_for([&] { return !read_text(tmp_ / "out.txt").empty(); });
    ::kill(child, signal);
    const int ended = status_of(child);
    ASSERT_TRUE(WIFSIGNALED(ended)) << err();
    EXPECT_EQ(WTERMSIG(ended), signal);
  }
  EXPECT_EQ(run(words, closed_pipe()), 1) << "and when nobody reads on";
  EXPECT_THAT(err(), HasSubstr("Broken pipe"));
}

TEST_F(Ending, OutputThatHasNoRoomYetIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // as some that start programs leave it
  const pid_t child = start({"config"}, ends[1]);
  ::close(ends[1]);
  std::string text;
  char some[256];
  for (::ssize_t n = 0; (n = ::read(ends[0], some, sizeof some)) > 0;) text.append(some, n);
  ::close(ends[0]);
  EXPECT_EQ(WEXITSTATUS(status_of(child)), 0) << err();
  EXPECT_GT(text.size(), 4096u);
}

TEST_F(Ending, OutputThatCannotBeWrittenIsAnError) {
  for (const Words& words :
       {Words{"config", "--json"}, Words{"config"}, Words{"--help"}, Words{"doctor"},
        Words{"data", "demo-data", "--json"}, Words{"bench", "model", "--help"}}) {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(run(words, full), 1) << words[0];
    EXPECT_THAT(err(), HasSubstr("error: Not all of the output could be written: No space left"))
        << words[0];
    ::close(full);
    EXPECT_EQ(run(words, -1), 1) << words[0];
    EXPECT_THAT(err(), HasSubstr("Bad file descriptor")) << words[0];
  }
  Words words = train({"train.epochs=1", "--json"});
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(run(words, full), 1);
  ::close(full);
  EXPECT_EQ(status()["state"], "finished");
}

}  // namespace
}  // namespace omniq
