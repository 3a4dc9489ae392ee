#include "core/run/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/run/heartbeat.h"
#include "tests/support/patience.h"
#include "tests/support/temporary_folder.h"

namespace omniq::run {
namespace {

using testing::HasSubstr;
using testing_support::eventually;
using testing_support::read_text;
using testing_support::TemporaryFolder;

class Control : public testing::Test {
 protected:
  Control() {
    config::Experiment e;
    e.data.root = "videos";
    e.run.dir = (tmp_ / "run").string();
    folder_.emplace(RunFolder::create(e).value());
  }
  bool is_asked() const { return std::filesystem::exists(folder_->file("control.json")); }
  void write(const std::string& text) {
    ASSERT_TRUE(write_file_atomic(folder_->file("control.json"), text));
  }
  void write(const RunStatus& trainer, const char* request) {
    write(cat("{\"host\": \"", trainer.host, "\", \"pid\": ", trainer.pid, ", \"request\": \"",
              request, "\"}"));
  }

  TemporaryFolder tmp_;
  std::optional<RunFolder> folder_;
};

TEST_F(Control, WhatIsAskedIsHeardAndGone) {
  std::atomic<int> pauses = 0, stops = 0;
  const RequestListener listener(
      *folder_, [&](Request request) { ++(request == Request::pause ? pauses : stops); });
  Heartbeat heartbeat(*folder_, *folder_->status());
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(ask(*folder_, Request::pause));
    EXPECT_TRUE(eventually([&] { return pauses == i; }));
    EXPECT_FALSE(is_asked());
  }
  const auto asked = ask(*folder_, Request::stop_now);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(eventually([&] { return stops == 1; }));
  EXPECT_EQ(pauses, 2);

  std::jthread trainer([&] { (void)heartbeat.finish(RunState::paused, "why"); });
  const auto ended = wait_until_ended(*folder_, *asked);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->state, RunState::paused);
  EXPECT_EQ(ended->reason, "why");
}

TEST_F(Control, ALaterRequestTakesThePlaceOfOneThatWasNotHeard) {
  Heartbeat heartbeat(*folder_, *folder_->status());
  ASSERT_TRUE(ask(*folder_, Request::pause));
  ASSERT_TRUE(ask(*folder_, Request::stop_now));
  EXPECT_EQ(nlohmann::json::parse(read_text(folder_->file("control.json")))["request"], "stop now");
}

TEST_F(Control, WhatWasAskedOfAnEarlierStartEndsNoLaterOne) {
  std::atomic<int> heard = 0;
  Heartbeat heartbeat(*folder_, *folder_->status());
  const auto self = ask(*folder_, Request::stop_now);  // and dies before it hears
  ASSERT_TRUE(self);
  RunStatus dead = *self, elsewhere = *self;
  ++dead.pid;
  elsewhere.host += "-2";
  {
    const RequestListener listener(*folder_, [&](Request) { ++heard; });
    EXPECT_FALSE(is_asked());
    for (const RunStatus& other : {dead, elsewhere}) {  // who asked was slow
      write(other, "pause");
      EXPECT_TRUE(eventually([&] { return !is_asked(); }));
    }
    EXPECT_EQ(heard, 0);
    write(*self, "pause");
    EXPECT_TRUE(eventually([&] { return heard == 1; }));
  }
  write(*self, "pause");
  {
    const RequestListener listener(*folder_, [&](Request) { ++heard; });
  }
  EXPECT_FALSE(is_asked());
  EXPECT_EQ(heard, 1);
}

TEST_F(Control, WhatCannotBeReadIsDroppedAndSaid) {
  const log::FileSink sink((tmp_ / "log.txt").string());
  std::atomic<int> heard = 0;
  const RequestListener listener(*folder_, [&](Request) { ++heard; });
  Heartbeat heartbeat(*folder_, *folder_->status());
  for (const char* damaged : {"{\"request\": ", "[]", "{\"request\": \"pause\"}"}) {
    write(damaged);
    EXPECT_TRUE(eventually([&] {
      return read_text(tmp_ / "log.txt").find(shown(damaged)) != std::string::npos;
    })) << damaged;
  }
  write(*folder_->status(), "fly");
  EXPECT_TRUE(
      eventually([&] { return read_text(tmp_ / "log.txt").find("fly") != std::string::npos; }));
  EXPECT_EQ(heard, 0);
}

TEST_F(Control, SaysThatNobodyTrainsTheRun) {
  RunStatus status = *folder_->status();
  for (const RunState state :
       {RunState::queued, RunState::finished, RunState::failed, RunState::interrupted}) {
    status.state = state;
    ASSERT_TRUE(folder_->write_status(status));
    const auto asked = ask(*folder_, Request::pause);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, ErrorCode::usage);
    EXPECT_THAT(asked.error().message, HasSubstr(cat("is ", state_name(state))));
    EXPECT_EQ(asked.error().hint.empty(), state == RunState::finished);
  }
  status.state = RunState::paused;
  ASSERT_TRUE(folder_->write_status(status));
  EXPECT_EQ(ask(*folder_, Request::pause)->state, RunState::paused);
  EXPECT_FALSE(is_asked());
  tmp_.write("run/status.json", "{");
  EXPECT_EQ(ask(*folder_, Request::pause).error().code, ErrorCode::io);
}

TEST_F(Control, AnotherMachineIsAskedByTheSameFile) {
  RunStatus status = *folder_->status();
  status.state = RunState::running;
  status.host = "another-machine";
  status.pid = 7;
  status.heartbeat = now_seconds();
  ASSERT_TRUE(folder_->write_status(status));
  ASSERT_TRUE(ask(*folder_, Request::pause));
  const auto json = nlohmann::json::parse(read_text(folder_->file("control.json")));
  EXPECT_EQ(json, nlohmann::json({{"request", "pause"}, {"host", "another-machine"}, {"pid", 7}}));
  status.heartbeat -= 61;  // it dies instead
  ASSERT_TRUE(folder_->write_status(status));
  EXPECT_EQ(wait_until_ended(*folder_, status)->state, RunState::interrupted);
}

}  // namespace
}  // namespace omniq::run
