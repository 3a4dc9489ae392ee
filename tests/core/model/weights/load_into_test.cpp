#include "core/model/weights/load_into.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <limits>

#include "core/base/text.h"
#include "core/model/swin/swin.h"
#include "core/model/weights/layouts.h"

namespace omniq::model {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

StateDict parameters_of(const torch::nn::Module& module, const std::string& prefix = "") {
  StateDict state;
  for (const auto& item : module.named_parameters())
    state.emplace_back(prefix + item.key(), item.value().detach().clone());
  return state;
}

/// One after the other starts otherwise.
Swin nano() {
  static std::uint64_t seed = 0;
  Swin net(swin_options("swin_nano").value());
  initialise(*net, ++seed);
  return net;
}

LoadOptions options(bool partial = false) {
  return {.file = "weights.pth",
          .module = "swin_nano",
          .how_partial = "backbone.allow_partial=true",
          .partial = partial};
}

void expect_equal(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(torch::equal(a[i].second, b[i].second)) << a[i].first;
}

/// The error of loading, after which the module must be as it was.
Error refused(torch::nn::Module& module, const StateDict& state, const LoadOptions& how) {
  const StateDict before = parameters_of(module);
  const auto report = load_into(module, state, how);
  EXPECT_FALSE(report);
  expect_equal(parameters_of(module), before);
  return report ? Error{} : report.error();
}

TEST(LoadInto, AnExtraPrefixDoesNotMatter) {
  const Swin source = nano();
  for (const std::string in_file : {"", "module.", "module.backbone.", "trunk."}) {
    StateDict state = parameters_of(*source, in_file);
    state.emplace_back(in_file + "features.1.0.attn.relative_position_index",
                       torch::zeros({256}, torch::kLong));
    state.emplace_back(in_file + "head.weight", torch::zeros({10, 64}));
    Swin target = nano();
    const auto report = load_into(*target, state, options());
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->loaded.size(), source->parameters().size());
    EXPECT_TRUE(report->complete());
    EXPECT_THAT(report->unexpected, ElementsAre("head.weight"));
    expect_equal(parameters_of(*target), parameters_of(*source));
  }
}

TEST(LoadInto, RefusesWhatIsNotComplete) {
  StateDict state = parameters_of(*nano(), "trunk.");
  state.emplace_back("trunk.features.9.weight", torch::zeros({3}));
  for (auto& [name, tensor] : state) {
    if (name == "trunk.norm.weight") tensor = torch::zeros({65});
    if (name == "trunk.norm.bias") tensor = torch::zeros({64}, torch::kLong);
  }
  state.erase(state.begin());  // features.0.0.weight
  Swin target = nano();
  const Error error = refused(*target, state, options());
  EXPECT_EQ(error.code, ErrorCode::checkpoint);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("weights.pth do not fit swin_nano"),
                    HasSubstr("missing: 1 (features.0.0.weight)"),
                    HasSubstr("left over: 1 (features.9.weight)"),
                    HasSubstr("of another shape: 2 (norm.weight: file [65], model [64], norm.bias: "
                              "file Long, model Float)")));
  EXPECT_THAT(error.hint, HasSubstr("backbone.allow_partial=true"));

  const auto report = load_into(*target, state, options(/*partial=*/true));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->missing, ElementsAre("features.0.0.weight"));
  EXPECT_THAT(report->unexpected, ElementsAre("features.9.weight"));
  EXPECT_THAT(report->mismatched, ElementsAre("norm.weight: file [65], model [64]",
                                              "norm.bias: file Long, model Float"));
}

// Each alone is enough.
TEST(LoadInto, RefusesASurplusBlockAMissingTensorAndAnotherShape) {
  const StateDict whole = parameters_of(*nano());
  Swin target = nano();
  StateDict state = whole;
  state.emplace_back("features.3.2.norm1.weight", torch::zeros({64}));
  EXPECT_THAT(refused(*target, state, options()).message, HasSubstr("left over: 1"));
  state = whole;
  state.pop_back();
  EXPECT_THAT(refused(*target, state, options()).message, HasSubstr("missing: 1"));
  state = whole;
  state.back().second = torch::zeros({7});
  EXPECT_THAT(refused(*target, state, options()).message, HasSubstr("of another shape: 1"));
  state = whole;
  for (auto& [name, tensor] : state) tensor = torch::zeros({1, 1});
  EXPECT_THAT(refused(*target, state, options(/*partial=*/true)).message,
              HasSubstr("0 of its"));  // not even a part
}

TEST(LoadInto, AHeadOfOtherClassesIsNewOnlyWhereAsked) {
  struct Net : torch::nn::Module {
    explicit Net(int classes, int width = 4) : head(width, classes) {
      body = register_parameter("body", torch::randn({2}));
      register_module("head", head);
    }
    torch::Tensor body;
    torch::nn::Linear head;
  };
  const Net source(10);
  Net target(3);
  EXPECT_THAT(refused(target, parameters_of(source), options()).message,
              HasSubstr("head.weight: file [10, 4], model [3, 4]"));
  LoadOptions new_head = options();
  new_head.new_head = {"head.weight", "head.bias"};
  const torch::Tensor before = target.head->weight.detach().clone();
  const auto report = load_into(target, parameters_of(source), new_head);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_THAT(report->mismatched, ElementsAre("head.weight: file [10, 4], model [3, 4]",
                                              "head.bias: file [10], model [3]"));
  EXPECT_TRUE(torch::equal(target.body, source.body));
  EXPECT_TRUE(torch::equal(target.head->weight, before));
  EXPECT_TRUE(load_into(target, {{"body", torch::zeros({2})}}, new_head));
  // Of other features it is not the same head.
  refused(target, parameters_of(Net(10, 5)), new_head);
}

TEST(LoadInto, NamesValuesThatAreNotFinite) {
  StateDict state = parameters_of(*nano());
  for (auto& [name, tensor] : state) {
    if (name != "norm.weight") continue;
    tensor[3] = std::numeric_limits<float>::quiet_NaN();
    tensor[5] = std::numeric_limits<float>::infinity();
  }
  Swin target = nano();
  for (const bool partial : {false, true}) {
    const Error error = refused(*target, state, options(partial));
    EXPECT_THAT(error.message, HasSubstr("not finite, in 1 (norm.weight: 2 of 64)"));
  }
  // Finite in the file, but not in the model's type.
  for (auto& [name, tensor] : state) {
    if (name == "norm.weight") tensor = torch::full({64}, 1e300, torch::kDouble);
  }
  EXPECT_THAT(refused(*target, state, options()).message, HasSubstr("norm.weight: 64 of 64"));
}

TEST(LoadInto, ConvertsDtypesAndLoadsBuffers) {
  torch::nn::BatchNorm1d target(2);
  const StateDict state = {
      {"running_mean", torch::tensor({1.0, 2.0}, torch::kBFloat16)},
      {"running_var", torch::tensor({4.0F, 2.0F}).to(at::kFloat8_e4m3fn)},
      {"num_batches_tracked", torch::tensor(7, torch::kShort).to(at::kUInt16)}};
  const auto report = load_into(*target, state, options(/*partial=*/true));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(torch::equal(target->running_mean, torch::tensor({1.0F, 2.0F})));
  EXPECT_TRUE(torch::equal(target->running_var, torch::tensor({4.0F, 2.0F})));
  EXPECT_EQ(target->num_batches_tracked.item<std::int64_t>(), 7);
  EXPECT_THAT(report->missing, ElementsAre("weight", "bias"));
}

TEST(LoadInto, AnotherWindowSizeIsNamed) {
  SwinOptions other = swin_options("swin_nano").value();
  other.window = 5;
  Swin target = nano();
  EXPECT_THAT(refused(*target, parameters_of(*Swin(other)), options()).message,
              AllOf(HasSubstr("attention windows are of another size"),
                    HasSubstr("bias_table: file [81, 2], model [49, 2]")));
}

// The names of each layout, with shapes that tell the size.
StateDict in_layout(const std::string& patches, const std::string& block, const std::string& extra,
                    int width, int blocks) {
  StateDict state = {{patches, torch::zeros({width, 3, 4, 4})}, {extra, torch::zeros({1})}};
  for (int i = 0; i < blocks; ++i) state.emplace_back(cat(block, i, ".x"), torch::zeros({1}));
  return state;
}

StateDict torchvision_small() {
  return in_layout("module.features.0.0.weight", "module.features.5.",
                   "module.features.1.0.attn.qkv.weight", 96, 18);
}

TEST(Layouts, AreNamed) {
  const auto with = [](StateDict state, const std::string& name) {
    state.emplace_back(name, torch::zeros({1}));
    return state;
  };
  const StateDict microsoft = with(in_layout("patch_embed.proj.weight", "layers.2.blocks.",
                                             "layers.0.downsample.norm.weight", 96, 6),
                                   "layers.0.blocks.0.attn.qkv.weight");
  EXPECT_EQ(describe_layout(microsoft), "Microsoft's Swin-T");
  EXPECT_EQ(describe_layout(with(microsoft, "layers.0.blocks.0.attn.logit_scale")),
            "Microsoft's Swin-V2-T");
  EXPECT_EQ(describe_layout(with(in_layout("patch_embed.proj.weight", "layers.2.blocks.",
                                           "layers.3.downsample.norm.weight", 96, 18),
                                 "layers.0.blocks.0.attn.qkv.weight")),
            "timm's Swin-S");
  EXPECT_EQ(
      describe_layout(in_layout("swin.embeddings.patch_embeddings.projection.weight",
                                "swin.encoder.layers.2.blocks.", "classifier.weight", 128, 18)),
      "Hugging Face's Swin-B");
  EXPECT_EQ(describe_layout(torchvision_small()), "torchvision's Swin-S");
  EXPECT_EQ(describe_layout({{"backbone.features.0.0.weight", {}}, {"fusion.norm.weight", {}}}),
            "an OmniQ checkpoint");
  EXPECT_EQ(describe_layout({{"conv1.weight", torch::zeros({1})}}), "");
}

TEST(LoadInto, SaysWhoseNamesTheyAre) {
  Swin target = nano();
  const Error error = refused(*target, torchvision_small(), options());
  EXPECT_THAT(error.message, HasSubstr("the names are those of torchvision's Swin-S"));
  LoadOptions shard = options();
  shard.file = "model-00001-of-00002.safetensors";
  StateDict half = parameters_of(*nano());
  half.resize(half.size() / 2);
  EXPECT_THAT(refused(*target, half, shard).text(),
              AllOf(HasSubstr("one shard of several"), HasSubstr("Join the shards")));
  EXPECT_THAT(refused(*target,
                      {{"backbone.features.0.0.weight", torch::zeros({1})},
                       {"fusion.norm.weight", torch::zeros({1})},
                       {"optimizer.step.x", torch::zeros({1})}},
                      options())
                  .text(),
              AllOf(HasSubstr("an OmniQ checkpoint"), HasSubstr("init_from_pretrain")));
  EXPECT_THAT(refused(*target, {}, options()).message, HasSubstr("0 of its"));
}

}  // namespace
}  // namespace omniq::model
