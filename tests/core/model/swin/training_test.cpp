// The encoder's training on kernels against its float32 path, which is held to torchvision's
// numbers.
#include "core/model/swin/training.h"
#include "core/model/precision.h"

#include <c10/cuda/CUDACachingAllocator.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/model/preprocess.h"
#include "core/train/step.h"
#include "tests/core/model/golden/swin.h"
#include "tests/core/model/small_model.h"
#include "tests/kernels/operator_testing.h"

namespace omniq::model {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;

// A loss to which every feature of every frame matters.
void backward(const at::Tensor& features) {
  const at::Tensor weights =
      uniform("weights", features.sizes()).to(features.device(), features.scalar_type());
  (features * weights).sum().backward();
}

std::map<std::string, at::Tensor> take_gradients(Swin& net) {
  std::map<std::string, at::Tensor> gradients;
  for (auto& item : net->named_parameters()) {
    gradients[item.key()] = item.value().grad();
    item.value().mutable_grad() = at::Tensor();
  }
  return gradients;
}

class SwinTrainingTest : public testing::DeviceTest {
 protected:
  static Swin make(const std::string& name, at::ScalarType type) {
    Swin net = make_golden_swin(name);
    net->to(device(), type);
    net->train();
    return net;
  }
};
OMNIQ_INSTANTIATE_ON_DEVICES(SwinTrainingTest);

// In float64 both are the same function, so that every formula is held to those of autograd.
TEST_P(SwinTrainingTest, EqualsTheEncoderInFloat64) {
  for (const auto& [height, width] : {std::pair{32, 32}, {36, 28}, {34, 47}, {4, 4}}) {
    SCOPED_TRACE(::testing::Message() << height << " × " << width);
    Swin net = make("swin_nano", at::kDouble);
    net->set_stochastic_depth(0);
    const at::Tensor frames = golden_frames(3, height, width).to(device(), at::kDouble);
    const at::Tensor expected = net->forward(frames);
    backward(expected);
    const auto expected_gradients = take_gradients(net);
    for (const bool recompute : {false, true}) {
      const at::Tensor features = SwinTraining(*net).features(frames, {}, at::kDouble, recompute);
      EXPECT_LE(relative_error(features, expected), 1e-10);
      backward(features);
      for (const auto& [name, gradient] : take_gradients(net)) {
        EXPECT_LE(relative_error(gradient, expected_gradients.at(name)), 1e-8) << name;
      }
    }
  }
}

// Both draw the same branches.
TEST_P(SwinTrainingTest, DropsTheBranchesThatTheEncoderDrops) {
  Swin net = make("swin_nano", at::kDouble);
  net->set_stochastic_depth(0.6);
  const at::Tensor frames = golden_frames(6, 32, 32).to(device(), at::kDouble);
  draw_for(net, 6, device());
  const at::Tensor expected = net->forward(frames);
  backward(expected);
  const auto expected_gradients = take_gradients(net);
  const at::Tensor keep = net->draw_stochastic_depth(6, device());
  EXPECT_GT(keep.eq(0).sum().item<int>(), 0);
  for (const bool recompute : {false, true}) {
    SCOPED_TRACE(recompute);
    const at::Tensor features = SwinTraining(*net).features(frames, keep, at::kDouble, recompute);
    EXPECT_LE(relative_error(features, expected), 1e-6);  // the draw's factors are float32
    backward(features);
    for (const auto& [name, gradient] : take_gradients(net)) {
      EXPECT_LE(relative_error(gradient, expected_gradients.at(name)), 1e-6) << name;
    }
  }
}

TEST_P(SwinTrainingTest, TakesBytes) {
  Swin net = make("swin_nano", at::kDouble);
  const at::Tensor rgb = torch::randint(0, 256, {2, 33, 36, 3}, at::kByte).to(device());
  const SwinTraining training(*net);
  const at::Tensor expected =
      training.features(normalize_frames(rgb).to(at::kDouble), {}, at::kDouble);
  backward(expected);
  const auto expected_gradients = take_gradients(net);
  const at::Tensor features = training.features(rgb, {}, at::kDouble);
  EXPECT_LE(relative_error(features, expected), 1e-6);  // normalised pixels are float32
  backward(features);
  for (const auto& [name, gradient] : take_gradients(net)) {
    EXPECT_LE(relative_error(gradient, expected_gradients.at(name)), 1e-5) << name;
  }
}

// Against float32 on the same weights, stochastic depth included.
TEST_P(SwinTrainingTest, StaysNearFloat32InHalfPrecision) {
  struct Case {
    std::string name;
    std::int64_t frames, height, width;
  };
  std::vector<Case> cases = {
      {"swin_nano", 3, 32, 32},
      {"swin_nano", 3, 36, 28},
      {"swin_nano", 2, 34, 47},
  };
  if (device().is_cuda()) {
    for (const std::int64_t size : {224, 256, 192, 112}) {
      cases.push_back({"swin_tiny", 3, size, size});
    }
    cases.insert(cases.end(), {{"swin_tiny", 7, 200, 168},
                               {"swin_tiny", 1, 121, 57},
                               {"swin_nano", 33, 224, 224},
                               {"swin_base", 2, 224, 224}});
  }
  for (const Case& c : cases) {
    Swin net = make(c.name, at::kFloat);
    net->set_stochastic_depth(0.3);
    const at::Tensor frames = golden_frames(c.frames, c.height, c.width).to(device());
    draw_for(net, c.frames, device());
    const at::Tensor expected = net->forward(frames);
    backward(expected);
    const auto expected_gradients = take_gradients(net);
    for (const auto& [type, feature_limit, limit] :
         {std::tuple{at::kBFloat16, 1e-2, 2e-2}, {at::kHalf, 2e-3, 5e-3}}) {
      SCOPED_TRACE(::testing::Message() << c.name << ", " << c.frames << " × " << c.height << " × "
                                        << c.width << ", " << type);
      const at::Tensor keep = net->draw_stochastic_depth(c.frames, device());
      const at::Tensor features = SwinTraining(*net).features(frames, keep, type);
      EXPECT_EQ(features.scalar_type(), at::kFloat);
      EXPECT_LE(relative_error(features, expected), feature_limit);
      backward(features);
      std::vector<at::Tensor> all, all_expected;
      for (const auto& [name, gradient] : take_gradients(net)) {
        EXPECT_EQ(gradient.scalar_type(), at::kFloat) << name;
        all.push_back(gradient.flatten());
        all_expected.push_back(expected_gradients.at(name).flatten());
        // A table's gradient is what is left of many windows' that nearly cancel.
        const bool table = contains(name, "relative_position_bias_table");
        EXPECT_LE(relative_error(gradient, expected_gradients.at(name)), table ? 3 * limit : limit)
            << name;
      }
      EXPECT_LE(relative_error(torch::cat(all), torch::cat(all_expected)), limit);
    }
  }
}

// The same bits from less memory.
TEST_P(SwinTrainingTest, RecomputingChangesWhatIsKeptAlone) {
  Swin net = make("swin_nano", at::kFloat);
  const at::Tensor frames = golden_frames(32, 64, 64).to(device());
  const auto allocated = [&] {
    return device().is_cuda()
               ? c10::cuda::CUDACachingAllocator::getDeviceStats(0).allocated_bytes[0].current
               : 0;
  };
  std::int64_t kept[2];
  std::map<std::string, at::Tensor> gradients[2];
  for (const bool recompute : {false, true}) {
    const std::int64_t before = allocated();
    const at::Tensor features = SwinTraining(*net).features(frames, {}, at::kBFloat16, recompute);
    kept[recompute] = allocated() - before;
    backward(features);
    gradients[recompute] = take_gradients(net);
  }
  for (const auto& [name, gradient] : gradients[1]) {
    EXPECT_TRUE(torch::equal(gradient, gradients[0].at(name))) << name;
  }
  if (device().is_cuda()) {
    EXPECT_LT(static_cast<double>(kept[1]), 0.5 * static_cast<double>(kept[0]));
  }
}

// On a GPU in mixed precision; elsewhere as before.
TEST_P(SwinTrainingTest, TheModelTrainsOnIt) {
  auto model = small_model("mamba");
  model->to(device());
  model->set_trainable(Trainable::all, {}, false);
  model->train();
  const at::Tensor rgb = torch::randint(0, 256, {2, 4, 32, 32, 3}, torch::kByte).to(device());
  const at::Tensor frames = rgb.flatten(0, 1);
  auto& encoder = *model->backbone().as<SwinImpl>();
  encoder.set_stochastic_depth(0.3);
  const TrainingPass pass(*model, {5, 0, torch::arange(2).to(device())});
  const at::Tensor expected = encoder.forward(normalize_frames(frames));
  const at::Tensor keep = encoder.draw_stochastic_depth(frames.size(0), device());
  EXPECT_GT(keep.eq(0).sum().item<int>(), 0);
  const Execution execution = model->execution(
      device().is_cuda() ? Precision::float16 : Precision::float32, /*training=*/true);
  const at::Tensor features = model->encode(rgb, execution).flatten(0, 1);
  EXPECT_TRUE(torch::equal(features, device().is_cuda()
                                         ? SwinTraining(encoder).features(frames, keep, at::kHalf)
                                         : expected));
  EXPECT_LE(relative_error(features, expected), 2e-3);
  backward(features);
  for (const auto& item : encoder.named_parameters()) {
    EXPECT_TRUE(item.value().grad().defined()) << item.key();
  }
}

TEST_P(SwinTrainingTest, SaysWhatIsWrongWithItsArguments) {
  Swin net = make("swin_nano", at::kFloat);
  const SwinTraining training(*net);
  const at::Tensor frames = golden_frames(3, 32, 32).to(device());
  const auto error = [&](const at::Tensor& of, const at::Tensor& keep) -> std::string {
    try {
      training.features(of, keep, at::kBFloat16);
      return "none";
    } catch (const c10::Error& e) {
      return e.what_without_backtrace();
    }
  };
  const auto ones = [&](std::int64_t branches, std::int64_t n) {
    return torch::ones({branches, n}, frames.options());
  };
  EXPECT_EQ(error(frames, ones(8, 3)), "none");
  for (const at::Tensor& keep : {ones(9, 3), ones(7, 3), ones(8, 2), ones(24, 1).flatten()}) {
    EXPECT_THAT(error(frames, keep), HasSubstr("keep must be [8, 3]")) << keep.sizes();
  }
  EXPECT_THAT(error(frames[0], {}), HasSubstr("SwinTraining: frames must be"));
  EXPECT_THAT(error(frames.slice(1, 0, 2), {}), HasSubstr("SwinTraining: frames must be"));
  const at::Tensor trained = frames.clone().requires_grad_();
  EXPECT_THAT(error(trained, {}), HasSubstr("SwinTraining: features are differentiable"));
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(error(trained, {}), "none");
}

}  // namespace
}  // namespace omniq::model
