#include "core/assembly/checkpoint.h"
#include "core/assembly/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/text.h"
#include "core/eval/run_evaluation.h"
#include "core/infer/predictor.h"
#include "core/model/weights/safetensors.h"
#include "core/train/trainer.h"
#include "tests/core/train/demo_training.h"

namespace omniq::train {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::read_text;
using testing_support::TemporaryFolder;

model::OmniQ nano(int width = 64) {
  model::OmniqOptions options;
  options.seed = 1;
  options.backbone = "swin_nano";
  options.fusion = "transformer";
  options.fusion_options.width = width;
  options.fusion_options.depth = 1;
  options.classes = 3;
  return model::OmniQ(options);
}

AdamW optimizer_of(model::OmniQ& model) {
  ParameterGroup group;
  for (const auto& item : model.named_parameters()) {
    group.names.push_back(item.key());
    group.parameters.push_back(item.value());
  }
  return AdamW({group}, {});
}

assembly::TrainerState state_of(std::int64_t step) {
  assembly::TrainerState state;
  state.step = step;
  state.epoch = step / 4;
  state.batch = step % 4;
  state.classes = {"a", "b", "c"};
  return state;
}

/// Changes one bit in the middle of the tensor `name`.
void flip_bit(const fs::path& path, const std::string& name) {
  const auto reader = model::SafetensorsReader::open(path);
  const auto& entry = reader->entries()[static_cast<std::size_t>(reader->find(name))];
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), sizeof length);
  const auto at = static_cast<std::streamoff>(8 + length + (entry.begin + entry.end) / 2);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at).put(static_cast<char>(byte ^ 64));
}

TEST(Checkpoint, DamageIsFoundAndTheLastWholeFileNamed) {
  const TemporaryFolder folder;
  const fs::path last = folder / "last.safetensors", previous = folder / "previous.safetensors",
                 best = folder / "best.safetensors";
  model::OmniQ model = nano();
  assembly::NamedTensors moments = optimizer_of(model).state();
  ASSERT_TRUE(assembly::save_checkpoint(last, model, &moments, state_of(4)));
  EXPECT_FALSE(fs::exists(previous));
  ASSERT_TRUE(assembly::save_checkpoint(last, model, &moments, state_of(8)));
  ASSERT_TRUE(assembly::save_checkpoint(best, model, nullptr, state_of(6)));
  EXPECT_EQ(assembly::read_checkpoint_state(previous)->step, 4);
  EXPECT_EQ(assembly::load_checkpoint(last, model, &moments)->step, 8);

  flip_bit(last, "fusion.norm.weight");
  const auto resumed = assembly::load_checkpoint(last, model, &moments);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::checkpoint);
  EXPECT_THAT(resumed.error().message,
              AllOf(HasSubstr(last.string() + " is damaged"), HasSubstr("fusion.norm.weight")));
  EXPECT_EQ(resumed.error().hint, cat("The last whole one is ", previous.string(),
                                      ", of step 4; to go on from it: cp --remove-destination '",
                                      previous.string(), "' '", last.string(), "'."));
  // Without an optimiser the newer one for inference does as well.
  EXPECT_THAT(assembly::load_checkpoint(last, model, nullptr).error().hint,
              HasSubstr(best.string()));
  flip_bit(previous, "optimizer.exp_avg.head.weight");
  fs::remove(best);
  EXPECT_THAT(assembly::load_checkpoint(last, model, &moments).error().hint,
              HasSubstr("no other whole checkpoint"));
  // Evaluation does not look at what it does not use.
  EXPECT_TRUE(assembly::load_checkpoint(previous, model, nullptr));
}

TEST(Checkpoint, CutOffOrZeroedIsFoundEverywhere) {
  const TemporaryFolder folder;
  const fs::path path = folder / "last.safetensors";
  model::OmniQ model = nano();
  ASSERT_TRUE(assembly::save_checkpoint(path, model, nullptr, state_of(4)));
  const std::string whole = read_text(path);
  std::mt19937 random(3);
  for (int i = 0; i < 40; ++i) {
    std::string bytes = whole;
    const std::size_t at = random() % (bytes.size() - 16);
    if (i % 2 == 0) {
      bytes.resize(at);
    } else {
      for (std::size_t k = at; k < at + 16; ++k) bytes[k] = static_cast<char>(bytes[k] ^ 0x55);
    }
    std::ofstream(path, std::ios::binary) << bytes;
    const auto state = assembly::load_checkpoint(path, model, nullptr);
    ASSERT_FALSE(state) << at;
    EXPECT_THAT(state.error().message, HasSubstr(path.string()));
  }
}

TEST(Checkpoint, WithoutChecksumsIsTakenAsItIs) {
  const TemporaryFolder folder;
  const fs::path path = folder / "last.safetensors";
  model::OmniQ model = nano();
  ASSERT_TRUE(assembly::save_checkpoint(path, model, nullptr, state_of(4)));
  std::string bytes = read_text(path);
  for (std::size_t at; (at = bytes.find("omniq.xxh3.")) != std::string::npos;)
    bytes.replace(at, 5, "other");
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_FALSE(model::SafetensorsReader::open(path)->checked());
  EXPECT_EQ(assembly::load_checkpoint(path, model, nullptr)->step, 4);
}

TEST(Checkpoint, AStateThatCannotBeIsRefused) {
  const TemporaryFolder folder;
  const fs::path path = folder / "last.safetensors";
  model::OmniQ model = nano();
  assembly::NamedTensors moments = optimizer_of(model).state();
  const assembly::RunExtent extent{3, 8};
  const auto message = [&](auto&& change) {
    assembly::TrainerState state = state_of(5);
    change(state);
    EXPECT_TRUE(assembly::save_checkpoint(path, model, &moments, state));
    const auto loaded = assembly::load_checkpoint(path, model, &moments, extent);
    return loaded ? "loaded" : loaded.error().message;
  };
  EXPECT_EQ(message([](assembly::TrainerState&) {}), "loaded");
  using S = assembly::TrainerState;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto& [change, expected] :
       std::vector<std::pair<std::function<void(S&)>, const char*>>{
           {[](S& s) { s.epoch = 4; }, "4 of 3 epochs"},
           {[](S& s) { s.batch = 9; }, "9 of the 8 batches"},
           {[](S& s) { s.step = 0; }, "0 steps in 1 epochs"},
           {[](S& s) { s.batch = -1; }, "negative"},
           {[](S& s) { s.loss_scale = 0; }, "loss scale is 0"},
           {[](S& s) { s.loss_scale = kInfinity; }, "cannot be read"},
           {[](S& s) { s.best["top1"] = 187; }, "best Top-1 is 187"},
           {[](S& s) { s.best_epoch = 7; }, "epoch 7 is the best"},
           {[](S& s) { s.window["top1"] = 3; }, "no counts"},
           {[](S& s) { s.classes.clear(); }, "no classes"}}) {
    EXPECT_THAT(message(change), AllOf(HasSubstr(path.string()), HasSubstr(expected)));
  }
}

TEST(Checkpoint, OfOtherSettingsIsRefusedWithNothingLeftOver) {
  const TemporaryFolder folder;
  const fs::path path = folder / "last.safetensors";
  model::OmniQ adapted = nano();
  adapted.set_trainable(model::Trainable::lora, {4, 12, 0}, false);
  ASSERT_TRUE(assembly::save_checkpoint(path, adapted, nullptr, state_of(4)));
  EXPECT_EQ(assembly::adapter_alpha(path), 12);
  model::OmniQ plain = nano();
  EXPECT_THAT(assembly::load_checkpoint(path, plain, nullptr).error().message,
              HasSubstr("a tensor that the model lacks, fusion."));
  model::OmniQ wider = nano(128);
  EXPECT_THAT(assembly::load_checkpoint(path, wider, nullptr).error().message,
              HasSubstr("another shape"));
}

using CheckpointOfARun = DemoTraining;

// What resume, eval and predict say of a damaged file, and that going on as they say works.
TEST_F(CheckpointOfARun, IsCheckedByTrainingEvaluationAndPrediction) {
  Observer silent;
  config::Experiment e = experiment("damaged");
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(train(e, *folder, silent));
  const fs::path last = folder->last_checkpoint(),
                 previous = last.parent_path() / "previous.safetensors";
  flip_bit(last, "head.weight");
  const auto sentence = [&](const auto& result) {
    EXPECT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::checkpoint);
    EXPECT_THAT(result.error().text(),
                AllOf(HasSubstr(last.string() + " is damaged"), HasSubstr(previous.string())));
  };
  sentence(train(e, *folder, silent));
  EXPECT_EQ(folder->status()->state, run::RunState::failed);
  EXPECT_THAT(folder->status()->reason, HasSubstr(last.string() + " is damaged"));
  sentence(eval::evaluate_run(*folder, {}));
  EXPECT_FALSE(fs::exists(folder->path() / "eval"));
  sentence(infer::Predictor::open(*folder));

  fs::copy_file(previous, last, fs::copy_options::overwrite_existing);
  const auto resumed = train(e, *folder, silent);
  ASSERT_TRUE(resumed) << resumed.error().text();
  EXPECT_EQ(resumed->state, run::RunState::finished);
  EXPECT_TRUE(eval::evaluate_run(*folder, {}));
}

TEST_F(CheckpointOfARun, GivesAnotherRunItsAdaptersAndSaysWhatStaysRandom) {
  Observer silent;
  config::Experiment first = experiment("lora");
  first.train.trainable = "lora";
  first.optim.lr_head = 0.01;
  const auto folder = run::RunFolder::create(first);
  ASSERT_TRUE(train(first, *folder, silent));
  // The same function as the run's own model, its adapters merged.
  const auto trained = assembly::load_trained(first, folder->last_checkpoint(), at::kCPU);
  ASSERT_TRUE(trained) << trained.error().text();
  config::Experiment second = experiment("from_lora");
  second.init_from_pretrain = folder->last_checkpoint().string();
  const auto built = assembly::build_model(second, 8);
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_TRUE(built->weights.front().report.complete());
  EXPECT_TRUE(built->weights.front().report.unexpected.empty());
  built->model->eval();
  {
    const torch::NoGradGuard no_grad;
    const at::Tensor video = torch::randn({1, 4, 3, 32, 32});
    EXPECT_TRUE(
        torch::allclose(built->model->forward(video), trained->model->forward(video), 1e-4, 1e-5));
  }

  // Other classes: a new head, and the record says so. Another fusion: refused, or asked for.
  second.run.dir += "_head";
  const auto head = assembly::build_model(second, 5);
  ASSERT_TRUE(head) << head.error().text();
  EXPECT_THAT(head->weights.front().report.mismatched, ::testing::SizeIs(2));
  second.fusion.name = "transformer";
  EXPECT_THAT(assembly::build_model(second, 8).error().text(),
              AllOf(HasSubstr("swin_nano and transformer"), HasSubstr("init_allow_partial=true")));
  second.init_allow_partial = true;
  second.train.epochs = 1;
  const auto other = run::RunFolder::create(second);
  const auto partial = train(second, *other, silent);
  ASSERT_TRUE(partial) << partial.error().text();
  const auto record =
      nlohmann::json::parse(read_text(other->file("environment.json")))["weights"][0];
  EXPECT_THAT(record["missing"].get<std::vector<std::string>>(),
              ::testing::Contains(HasSubstr("fusion.")));
  EXPECT_THAT(read_text(other->file("log.txt")), HasSubstr("These start at random: fusion."));
}

// The adapters in adapter/ and in the checkpoint are the same.
void expect_adapters_of(const run::RunFolder& folder, const fs::path& checkpoint) {
  const auto adapter = model::load_safetensors(folder.file("adapter/adapter_model.safetensors"));
  const auto expected = model::load_safetensors(checkpoint);
  ASSERT_TRUE(adapter && expected);
  int compared = 0;
  for (const auto& [name, tensor] : expected->tensors) {
    if (name.starts_with("optimizer.") || name.find(".lora_") == std::string::npos) continue;
    EXPECT_TRUE(torch::equal(adapter->find("base_model.model." + name + ".weight"), tensor))
        << name;
    ++compared;
  }
  EXPECT_GT(compared, 0);
  EXPECT_THAT(
      read_text(folder.file("adapter/README.md")),
      AllOf(HasSubstr("checkpoint " + checkpoint.filename().string()),
            HasSubstr(cat("epochs done: ", assembly::read_checkpoint_state(checkpoint)->epoch))));
}

TEST_F(CheckpointOfARun, TheAdapterFolderIsOfTheReportedCheckpoint) {
  Observer silent;
  for (const double held_out : {0.0, 0.25}) {
    config::Experiment e = experiment(cat("adapter", held_out));
    e.train.trainable = "lora";
    e.data.val = held_out;
    const auto folder = run::RunFolder::create(e);
    ASSERT_TRUE(train(e, *folder, silent));
    expect_adapters_of(*folder,
                       held_out > 0 ? folder->best_checkpoint() : folder->last_checkpoint());
    if (held_out == 0) continue;
    // A best epoch whose adapters are surely not those of the last.
    auto best = assembly::load_trained(e, folder->best_checkpoint(), at::kCPU);
    const assembly::TrainerState state =
        assembly::read_checkpoint_state(folder->best_checkpoint()).value();
    for (auto& item : best->model->named_parameters()) {
      if (item.key().ends_with("lora_B")) item.value().data().fill_(0.5);
    }
    ASSERT_TRUE(assembly::save_checkpoint(folder->best_checkpoint(), *best->model, nullptr, state));
    ASSERT_TRUE(train(e, *folder, silent));
    expect_adapters_of(*folder, folder->best_checkpoint());
  }
}

}  // namespace
}  // namespace omniq::train
