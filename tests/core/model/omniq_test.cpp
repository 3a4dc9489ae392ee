#include "core/model/omniq.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/model/preprocess.h"
#include "tests/core/model/small_model.h"

namespace omniq::model {
namespace {

struct Count {
  const char* fusion;
  bool tie;
  std::int64_t total, lora;  // lora: trainable with rank 8; 0: not published
};

class ParameterCounts : public testing::TestWithParam<Count> {};

// The table of the specification: D 768, depth 2, 32 positions, 101 classes, Swin-T.
TEST_P(ParameterCounts, AreExactlyTheSpecified) {
  OmniqOptions options;
  options.fusion = GetParam().fusion;
  options.classes = 101;
  options.fusion_options.tie_directions = GetParam().tie;
  OmniQ model(options);
  EXPECT_EQ(model.count_parameters().total, GetParam().total);
  if (GetParam().lora == 0) return;
  model.set_trainable(Trainable::lora, LoraOptions{}, /*head_adapter=*/false);
  EXPECT_EQ(model.count_parameters().trainable, GetParam().lora);
}

INSTANTIATE_TEST_SUITE_P(Variants, ParameterCounts,
                         testing::Values(Count{"average", true, 27'597'023, 0},
                                         Count{"transformer", true, 41'801'951, 298'853},
                                         Count{"gated_conv", true, 44'188'895, 0},
                                         Count{"mamba", true, 45'651'167, 353'637},
                                         Count{"mamba", false, 54'225'119, 506'725}),
                         [](const auto& count) {
                           return std::string(count.param.fusion) +
                                  (count.param.tie ? "" : "_untied");
                         });

class EveryFusion : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Fusions, EveryFusion, testing::ValuesIn(fusion_names()));

TEST_P(EveryFusion, LearnsThroughEveryParameter) {
  auto model = small_model(GetParam());
  model->set_trainable(Trainable::all, {}, false);
  const TrainingPass pass(*model, {1, 0, torch::arange(2)});
  model->forward(torch::randn({2, 4, 3, 32, 32})).square().sum().backward();
  for (const auto& item : model->named_parameters()) {
    EXPECT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
  }
}

// With padding on the right, what stands there and how much of it does not matter.
TEST_P(EveryFusion, IgnoresPadding) {
  auto model = small_model(GetParam());
  model->eval();
  const torch::NoGradGuard no_grad;
  const auto features = torch::randn({2, 5, 64});
  const auto padded = torch::cat({features, 100 * torch::randn({2, 3, 64})}, 1);
  auto mask = torch::ones({2, 8}, torch::kBool);
  mask.narrow(1, 5, 3).fill_(false);
  EXPECT_TRUE(
      torch::allclose(model->classify(padded, mask), model->classify(features), 1e-4, 1e-5));
}

TEST_P(EveryFusion, MergedAdaptersGiveTheSameLogits) {
  auto model = small_model(GetParam());
  model->set_trainable(Trainable::lora, LoraOptions{4, 16, 0.05}, /*head_adapter=*/true);
  const torch::NoGradGuard no_grad;
  for (const auto& item : model->named_parameters()) {
    if (item.key().ends_with("lora_B")) item.value().normal_(0, 0.1);  // as after training
  }
  model->eval();
  const auto features = torch::randn({3, 6, 64});
  const auto before = model->classify(features);
  model->merge_adapters();
  for (const auto& item : model->named_parameters())
    EXPECT_FALSE(item.key().ends_with("lora_A")) << item.key();
  EXPECT_TRUE(torch::allclose(model->classify(features), before, 1e-4, 1e-5));
}

TEST_P(EveryFusion, SeesTheOrderOfFramesUnlessItAverages) {
  auto model = small_model(GetParam());
  model->eval();
  const torch::NoGradGuard no_grad;
  const auto features = torch::randn({2, 6, 64});
  const bool same =
      torch::allclose(model->classify(features), model->classify(features.flip(1)), 1e-4, 1e-5);
  EXPECT_EQ(same, GetParam() == "average");
}

// By seed and name: not by what else the model has, nor by what the process has drawn.
TEST_P(EveryFusion, StartsByItsSeedAlone) {
  OmniqOptions options = small_model(GetParam())->options();
  const auto parameters = [&](std::uint64_t seed, std::int64_t depth) {
    options.seed = seed;
    options.fusion_options.depth = depth;
    auto model = std::make_shared<OmniQ>(options);
    model->set_trainable(Trainable::lora, {}, /*head_adapter=*/true);
    return model->named_parameters();
  };
  torch::manual_seed(1);
  const auto one = parameters(1, 1);
  const auto deeper = parameters(1, 2), other = parameters(2, 1);
  const torch::Tensor next = torch::rand({4});
  std::int64_t differ = 0;
  for (const auto& item : one) {
    EXPECT_TRUE(item.value().isfinite().all().item<bool>()) << item.key();
    EXPECT_TRUE(torch::equal(item.value(), deeper[item.key()])) << item.key();
    differ += !torch::equal(item.value(), other[item.key()]);
  }
  EXPECT_GT(differ, static_cast<std::int64_t>(one.size()) / 4);
  torch::manual_seed(1);
  EXPECT_TRUE(torch::equal(torch::rand({4}), next)) << "it drew from the process's generator";
}

// What it draws follows from the pass alone, and without one it does not guess.
TEST_P(EveryFusion, DrawsByItsPassAloneAndNotWithoutOne) {
  auto model = small_model(GetParam());
  model->set_trainable(Trainable::lora, LoraOptions{4, 16, 0.3}, /*head_adapter=*/true);
  const torch::NoGradGuard no_grad;
  for (const auto& item : model->named_parameters()) {
    if (item.key().ends_with("lora_B")) item.value().normal_(0, 0.1);
  }
  const auto features = torch::randn({3, 6, 64});
  const auto logits = [&](std::uint64_t seed, std::int64_t step, std::int64_t first) {
    const TrainingPass pass(*model, {seed, step, torch::arange(first, first + 3)});
    return model->classify(features);
  };
  EXPECT_THROW(model->classify(features), c10::Error);
  torch::manual_seed(1);
  const auto drawn = logits(1, 2, 3);
  const torch::Tensor next = torch::rand({4});
  torch::manual_seed(1);
  EXPECT_TRUE(torch::equal(torch::rand({4}), next)) << "it drew from the process's generator";
  EXPECT_TRUE(torch::equal(logits(1, 2, 3), drawn));
  for (const auto& otherwise : {logits(2, 2, 3), logits(1, 3, 3), logits(1, 2, 4)})
    EXPECT_FALSE(torch::equal(otherwise, drawn));
  EXPECT_THROW(model->classify(features), c10::Error);
  model->eval();
  EXPECT_TRUE(torch::equal(model->classify(features), logits(1, 2, 3)));
}

TEST(OmniQ, TakesBytesAsWellAsNormalisedFrames) {
  auto model = small_model("average");
  model->eval();
  const torch::NoGradGuard no_grad;
  const torch::Tensor rgb = torch::randint(0, 256, {2, 3, 32, 36, 3}, torch::kByte);
  EXPECT_TRUE(torch::equal(model->forward(rgb), model->forward(normalize_frames(rgb))));
}

TEST(OmniQ, FreezesWhatDoesNotTrain) {
  auto model = small_model("mamba");
  model->set_trainable(Trainable::fusion, {}, false);
  model->train();
  EXPECT_FALSE(model->backbone().is_training());
  EXPECT_TRUE(model->backbone_frozen());
  EXPECT_FALSE(model->encode(torch::randn({1, 2, 3, 32, 32})).requires_grad());
  for (const auto& item : model->named_parameters()) {
    EXPECT_EQ(item.value().requires_grad(), !item.key().starts_with("backbone.")) << item.key();
  }
}

TEST(OmniQ, CapsTheRankAndSaysSo) {
  auto model = small_model("mamba");  // its dt_proj is 4 wide
  const AdapterReport report = model->set_trainable(Trainable::lora, LoraOptions{8, 16, 0}, false);
  ASSERT_FALSE(report.capped.empty());
  EXPECT_EQ(report.capped.front(), "fusion.block0.mixer.ssm.dt_proj: rank 2 instead of 8");
}

TEST(OmniQ, RefusesAClipLongerThanItsPositions) {
  auto model = small_model("transformer");
  EXPECT_THROW(model->classify(torch::randn({1, 9, 64})), c10::Error);
}

TEST(OmniQ, DecaysOnlyWeightMatrices) {
  auto model = small_model("mamba");
  for (const Parameter& p : model->parameters_by_role()) {
    const std::string& name = p.name;
    const bool exempt = name.ends_with("bias") || name.find("norm") != std::string::npos ||
                        name.ends_with("A_log") || name.ends_with("D_skip") ||
                        name == "positions" || name == "types" || name == "vis_cls" ||
                        name.ends_with("bias_table") || name == "backbone.features.0.2.weight";
    EXPECT_EQ(decays(p.role), !exempt) << name;
  }
}

TEST_P(EveryFusion, KnowsTheRoleOfEveryParameterInTheOrderOfTheirNames) {
  auto model = small_model(GetParam());
  model->set_trainable(Trainable::lora, LoraOptions{}, /*head_adapter=*/true);
  const auto named = model->named_parameters();
  const std::vector<Parameter> all = model->parameters_by_role();
  ASSERT_EQ(all.size(), named.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& name = all[i].name;
    EXPECT_EQ(name, named[i].key());
    EXPECT_TRUE(all[i].tensor.is_same(named[i].value())) << name;
    EXPECT_EQ(all[i].role == Role::adapter, name.ends_with("lora_A") || name.ends_with("lora_B"))
        << name;
    EXPECT_EQ(all[i].role == Role::rates, name.ends_with("A_log")) << name;
    EXPECT_EQ(all[i].part == Part::encoder, name.starts_with("backbone.")) << name;
    EXPECT_EQ(all[i].part == Part::head, name.starts_with("head.")) << name;
  }
}

}  // namespace
}  // namespace omniq::model
