#include "core/model/weights/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "tests/core/model/golden/paths.h"

namespace omniq::model {
namespace {

using ::testing::HasSubstr;

OmniQ make_model(bool head_adapter) {
  torch::manual_seed(2);
  OmniqOptions options;
  options.backbone = "swin_nano";
  options.fusion = "transformer";
  options.fusion_options.width = 64;
  options.classes = 5;
  OmniQ model(options);
  model.set_trainable(Trainable::lora, {4, 8, 0}, head_adapter);
  const torch::NoGradGuard no_grad;
  for (const auto& item : model.named_parameters()) {
    if (item.key().ends_with("lora_B")) item.value().normal_();
  }
  return model;
}

// What PEFT needs to apply all of it: a layer is either adapted or saved as a whole.
TEST(Adapter, TheHeadIsAdaptedOrSavedButNotBoth) {
  for (const bool head_adapter : {false, true}) {
    const TemporaryFolder folder;
    OmniQ model = make_model(head_adapter);
    ASSERT_TRUE(save_adapter(folder / "adapter", model, "of step 3\n"));
    EXPECT_EQ(read_file(folder / "adapter/README.md"), "of step 3\n");
    const auto config =
        nlohmann::json::parse(read_file(folder / "adapter/adapter_config.json").value());
    const std::vector<std::string> targets = config["target_modules"],
                                   saved = config["modules_to_save"];
    EXPECT_EQ(std::count(targets.begin(), targets.end(), "head"), head_adapter ? 1 : 0);
    EXPECT_EQ(saved, head_adapter ? std::vector<std::string>{} : std::vector<std::string>{"head"});
    const auto file = load_safetensors(folder / "adapter/adapter_model.safetensors");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->find("base_model.model.head.weight").defined(), !head_adapter);
    EXPECT_EQ(file->find("base_model.model.head.bias").defined(), !head_adapter);
    EXPECT_EQ(file->find("base_model.model.head.lora_A.weight").defined(), head_adapter);
    EXPECT_EQ(file->tensors.size(), 2 * targets.size() + 2 * saved.size());
    EXPECT_TRUE(SafetensorsReader::open(folder / "adapter/adapter_model.safetensors")->checked());
  }
}

TEST(Adapter, MergedStateIsThatOfTheMergedModel) {
  OmniQ model = make_model(/*head_adapter=*/true);
  StateDict state;
  for (const auto& item : model.named_parameters())
    state.emplace_back(item.key(), item.value().detach().clone());
  EXPECT_TRUE(has_adapters(state));
  const auto merged = merge_adapters(state, 8, "x.safetensors");
  ASSERT_TRUE(merged) << merged.error().text();
  EXPECT_FALSE(has_adapters(*merged));
  model.merge_adapters();
  EXPECT_EQ(merged->size(), model.named_parameters().size());
  for (const auto& [name, tensor] : *merged)
    EXPECT_TRUE(torch::allclose(tensor, model.named_parameters()[name])) << name;
}

TEST(Adapter, HalfOfAnAdapterIsNotMerged) {
  const StateDict whole = {{"a.weight", torch::zeros({4, 3})},
                           {"a.lora_A", torch::zeros({2, 3})},
                           {"a.lora_B", torch::zeros({4, 2})}};
  EXPECT_TRUE(merge_adapters(whole, 1, "x"));
  for (const std::size_t left_out : {0u, 1u, 2u}) {
    StateDict state = whole;
    state.erase(state.begin() + static_cast<std::ptrdiff_t>(left_out));
    const auto merged = merge_adapters(state, 1, "x");
    ASSERT_FALSE(merged);
    EXPECT_THAT(merged.error().message, HasSubstr("have no weight, or not both halves"));
  }
  StateDict other = whole;
  other[1].second = torch::zeros({3, 3});
  const auto merged = merge_adapters(other, 1, "x");
  ASSERT_FALSE(merged);
  EXPECT_THAT(merged.error().message, HasSubstr("adapter of a in x does not fit"));
}

}  // namespace
}  // namespace omniq::model
