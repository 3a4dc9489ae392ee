#include "core/model/device.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <thread>

namespace omniq::model {
namespace {

TEST(ThreadScope, IsOfItsThreadAndEndsWithItsBlock) {
  const int before = torch::get_num_threads();
  {
    const ThreadScope mine(3);
    std::jthread([] {
      const ThreadScope its(5);
      EXPECT_EQ(torch::get_num_threads(), 5);
    }).join();
    EXPECT_EQ(torch::get_num_threads(), 3);
    {
      const ThreadScope all(0);
      EXPECT_EQ(torch::get_num_threads(), std::max(1U, std::thread::hardware_concurrency()));
    }
    EXPECT_EQ(torch::get_num_threads(), 3);
  }
  EXPECT_EQ(torch::get_num_threads(), before);
}

TEST(ThreadScope, OutlastsTheFirstParallelLoopOfItsThread) {
  const ThreadScope mine(3);  // gives the process its count back at the end
  std::jthread([] {
    const ThreadScope its(2);
    std::jthread([] { torch::set_num_threads(5); }).join();  // now the process's count
    at::parallel_for(0, 2, 1, [](std::int64_t, std::int64_t) {});
    EXPECT_EQ(torch::get_num_threads(), 2);
  }).join();
}

}  // namespace
}  // namespace omniq::model
