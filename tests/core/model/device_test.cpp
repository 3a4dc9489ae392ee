#include "core/model/device.h"

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

}  // namespace
}  // namespace omniq::model
