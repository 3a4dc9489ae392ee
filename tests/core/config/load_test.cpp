#include "core/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "core/base/text.h"
#include "tests/support/temporary_folder.h"

namespace omniq::config {
namespace {

using testing::HasSubstr;
using testing_support::TemporaryFolder;

Parsed parsed(const std::string& yaml, std::vector<std::string> overrides = {}) {
  return parse("data: {root: videos}\n" + yaml, "run.yaml", overrides);
}

std::string first_finding(const std::string& yaml, std::vector<std::string> overrides = {}) {
  const Parsed result = parsed(yaml, std::move(overrides));
  return result.findings.empty()
             ? ""
             : result.findings.front().message + " " + result.findings.front().hint;
}

TEST(Config, TakesNestedAndDottedKeysAndOverridesLast) {
  const Parsed result =
      parsed("frames: 16\ntrain:\n  batch_size: 4\n  epochs: 3\noptim.beta2: 0.98\n",
             {"train.epochs=7", "run.tags=a, b"});
  ASSERT_TRUE(result.findings.empty()) << result.findings.front().message;
  EXPECT_EQ(result.experiment.frames, 16);
  EXPECT_EQ(result.experiment.train.batch_size, 4);
  EXPECT_EQ(result.experiment.train.epochs, 7);
  EXPECT_EQ(result.experiment.optim.beta2, 0.98);
  EXPECT_EQ(result.experiment.run.tags, (std::vector<std::string>{"a", "b"}));
}

TEST(Config, DefaultsAreTheSpecified) {
  const Experiment e;
  EXPECT_EQ(e.frames, 32);
  EXPECT_EQ(e.stride, 2);
  EXPECT_EQ(e.fusion.d_state, 128);
  EXPECT_EQ(e.lora.r, 8);
  EXPECT_EQ(e.lora.alpha, 16);
  EXPECT_EQ(e.lora.dropout, 0.05);
  EXPECT_EQ(e.optim.lr_head, 1e-4);
  EXPECT_EQ(e.optim.weight_decay, 0.05);
  EXPECT_EQ(e.optim.clip_norm, 0.5);
  EXPECT_EQ(e.train.accum_steps, 4);
  EXPECT_EQ(e.data.val, 0.1);
}

TEST(Config, NamesTheNearestKeyWithFileAndLine) {
  const std::string text = first_finding("train:\n  batchsize: 4\n");
  EXPECT_THAT(text, HasSubstr("run.yaml, line 3"));
  EXPECT_THAT(text, HasSubstr("train.batchsize"));
  EXPECT_THAT(text, HasSubstr("'train.batch_size'"));
  EXPECT_THAT(first_finding("", {"epoch=3"}), HasSubstr("'train.epochs'"));
}

TEST(Config, SaysValueAndAllowedRange) {
  EXPECT_THAT(
      first_finding("frames: 0\n"),
      HasSubstr("run.yaml, line 2: frames: '0' is not in range. Allowed: 1 to 65536 frames."));
  EXPECT_THAT(first_finding("frames: many\n"), HasSubstr("'many' is not a whole number"));
  EXPECT_THAT(first_finding("frames: 1.5\n"), HasSubstr("not a whole number"));
  EXPECT_THAT(first_finding("optim:\n  lr_head: 0\n"), HasSubstr("above 0"));
  EXPECT_THAT(first_finding("optim:\n  lr_head: nan\n"), HasSubstr("not a finite number"));
  EXPECT_THAT(first_finding("fusion:\n  name: mambo\n"), HasSubstr("Did you mean 'mamba'?"));
  EXPECT_THAT(first_finding("", {"train.amp=maybe"}),
              HasSubstr("command line: train.amp: 'maybe'"));
  EXPECT_THAT(first_finding("", {"train.amp"}), HasSubstr("not of the form key=value"));
}

TEST(Config, FindsContradictions) {
  EXPECT_THAT(first_finding("frames: 40\n"), HasSubstr("fusion.max_frames=40"));
  EXPECT_THAT(first_finding("fusion: {name: transformer, n_heads: 7}\n"),
              HasSubstr("does not divide"));
  EXPECT_THAT(first_finding("text: {enabled: true}\n"), HasSubstr("text.enabled"));
  EXPECT_THAT(first_finding("", {"data.trainlist=a.txt"}), HasSubstr("data.testlist is not"));
  EXPECT_TRUE(first_finding("", {"data.testlist=a.txt"}).empty());
  EXPECT_TRUE(
      first_finding("frames: 40\nfusion: {name: average}\n").empty());  // it has no positions
}

TEST(Config, RefusesBrokenYamlAndDoubleKeys) {
  EXPECT_THAT(first_finding("train: {epochs: 3\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(first_finding("frames: 4\nframes: 5\n"), HasSubstr("a second time"));
  const Parsed result = parse("just words", "x.yaml", {});
  ASSERT_FALSE(result.findings.empty());
  EXPECT_THAT(result.findings.front().message, HasSubstr("x.yaml is not a configuration"));
}

TEST(Config, ADoubleKeyIsPlacedOnce) {
  EXPECT_EQ(first_finding("train:\n  epochs: 4\ntrain.epochs: 5\n"),
            "run.yaml, line 4: train.epochs is set a second time (first at run.yaml, line 3). Keep "
            "one of the two.");
}

TEST(Config, ASectionWithNothingUnderItSetsNothing) {
  EXPECT_EQ(first_finding("train:\noptim: ~\nframes: 4\n"), "");
  EXPECT_THAT(first_finding("train: 3\n"), HasSubstr("line 2: 'train' is a section"));
  EXPECT_THAT(first_finding("frames:\n"), HasSubstr("'' is not a whole number"));
  EXPECT_THAT(first_finding("run: {name: [a, b]}\n"), HasSubstr("run.name is one value"));
  EXPECT_THAT(first_finding("run: {tags: [a, [b]]}\n"), HasSubstr("a list or a map within"));
}

TEST(Config, MergeKeysGiveWhatTheMapDoesNotSay) {
  const Parsed result = parsed(
      "quick: &quick {epochs: 3, batch_size: 2}\nmany: &many {batch_size: 9, num_workers: 4}\n"
      "train:\n  epochs: 5\n  <<: [*quick, *many]\neval:\n  <<: {batch_size: 7}\n");
  ASSERT_TRUE(result.findings.empty()) << result.findings.front().message;
  EXPECT_EQ(result.experiment.train.epochs, 5) << "what stands there itself";
  EXPECT_EQ(result.experiment.train.batch_size, 2) << "the first of those that are merged";
  EXPECT_EQ(result.experiment.train.num_workers, 4);
  EXPECT_EQ(result.experiment.eval.batch_size, 7);
  const Parsed nested =
      parsed("parts:\n  a: &a {epochs: 3}\n  b: &b {<<: *a, batch_size: 2}\ntrain: {<<: *b}\n");
  ASSERT_TRUE(nested.findings.empty()) << nested.findings.front().message;
  EXPECT_EQ(nested.experiment.train.epochs, 3);
  EXPECT_EQ(nested.experiment.train.batch_size, 2);
  EXPECT_THAT(first_finding("train: {<<: 3}\n"), HasSubstr("line 2: << has no map to merge"));
  EXPECT_THAT(first_finding("mine: &mine {epochs: 3}\ntrain: {epochs: 3}\n"),
              HasSubstr("no setting 'mine.epochs'"))
      << "nothing merges it";
}

TEST(Config, AliasesWithoutEndAreOneFinding) {
  for (const char* yaml :
       {"a: &a {b: *a}\n", "train: &t {<<: *t}\n", "train: &t {x: {<<: [*t, *t]}}\n"}) {
    const Parsed result = parsed(yaml);
    ASSERT_EQ(result.findings.size(), 1u) << yaml;
    EXPECT_THAT(result.findings.front().message, HasSubstr("run.yaml, line 2: this goes on"));
  }
  std::string bomb = "a0: &a0 {x: 1, y: 2}\n";
  for (int i = 1; i < 30; ++i)
    bomb += cat("a", i, ": &a", i, " {x: *a", i - 1, ", y: *a", i - 1, "}\n");
  const Parsed result = parsed(bomb);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_THAT(result.findings.front().message, HasSubstr("thousands of values"));
  EXPECT_THAT(first_finding("frames: &a [*a]\n"), HasSubstr("a list or a map within a list"));
  EXPECT_THAT(first_finding(std::string(20000, '[')), HasSubstr("not valid YAML"));
  EXPECT_THAT(first_finding(std::string(2 << 20, ' ')), HasSubstr("run.yaml has 2.0 MiB"));
}

TEST(Config, ASecondDocumentIsRefused) {
  EXPECT_THAT(first_finding("frames: 4\n---\n\nframes: 8\n"),
              HasSubstr("run.yaml, line 5: a second document"));
  EXPECT_EQ(first_finding("frames: 4\n---\n"), "") << "with nothing in it";
}

TEST(Config, TextIsUtf8AndUtf16IsRead) {
  EXPECT_THAT(first_finding("frames: 4\nrun: {name: Caf\xe9}\n"),
              HasSubstr("run.yaml, line 3: \"run: {name: Caf\ufffd}\" is not UTF-8."));
  const std::string utf16(
      "\xff\xfe"
      "f\0r\0a\0m\0e\0s\0:\0 \0"
      "4\0",
      20);
  EXPECT_EQ(parse(utf16, "run.yaml", {}).experiment.frames, 4);
  EXPECT_THAT(first_finding("", {"backbone.weights=Caf\xe9.pth"}),
              HasSubstr("command line: backbone.weights: 'Caf\xe9.pth' is not UTF-8"));
}

TEST(Config, PathsBeginAtHome) {
  const std::string home = std::getenv("HOME");
  const Parsed result = parsed("train: {save_dir: ~/runs}\n", {"data.root=~", "data.split=~/x"});
  ASSERT_TRUE(result.findings.empty()) << result.findings.front().message;
  EXPECT_EQ(result.experiment.train.save_dir, home + "/runs");
  EXPECT_EQ(result.experiment.data.root, home);
  EXPECT_EQ(result.experiment.data.split, "~/x") << "no path";
  EXPECT_EQ(parsed("", {"data.root=./~/x"}).experiment.data.root, "./~/x");
}

TEST(Config, AReaderIsToldOfTwentyFindings) {
  const TemporaryFolder tmp;
  std::string yaml;
  for (int i = 0; i < 50; ++i) yaml += cat("x", i, ": 1\n");
  tmp.write("a.yaml", yaml);
  const auto loaded = load(tmp / "a.yaml", {});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().hint, HasSubstr("\nSo are 30 more lines."));
}

TEST(Config, UnderstandsTheReferenceNames) {
  const auto model = [](const std::string& yaml) { return parsed(yaml).experiment; };
  EXPECT_EQ(model("model: omniq_transformer\n").fusion.name, "transformer");
  EXPECT_EQ(model("model: swin_tiny_2d_temporalavg\nlora: {enabled: false}\n").train.trainable,
            "all");
  EXPECT_EQ(
      model("model: omniq_mamba\nlora: {enabled: true, freeze_backbone: true}\n").train.trainable,
      "lora");
  EXPECT_EQ(model("lora: {enabled: false, freeze_backbone: true}\n").train.trainable, "fusion");
  EXPECT_EQ(model("lora: {enabled: true, freeze_backbone: true}\ntrain: {trainable: all}\n")
                .train.trainable,
            "all");
  EXPECT_THAT(first_finding("model: resnet\n"), HasSubstr("resnet"));
  EXPECT_THAT(first_finding("lora: {enabled: true, freeze_backbone: false}\n"),
              HasSubstr("do not exist here"));
}

TEST(Config, ResolvedFileReadsBackToTheSame) {
  const Parsed before = parsed(
      "seed: 12345678901\nrun: {name: 'a: b # \"c\"', tags: [x, y]}\noptim: {lr_head: 3.0e-4}\n");
  ASSERT_TRUE(before.findings.empty());
  for (const bool help : {false, true}) {
    const Parsed after = parse(to_yaml(before.experiment, help), "again.yaml", {});
    ASSERT_TRUE(after.findings.empty()) << after.findings.front().message;
    for (const Setting& setting : settings())
      EXPECT_EQ(setting.get(after.experiment), setting.get(before.experiment)) << setting.key;
  }
}

// What PyYAML and other readers of YAML 1.1 take for a number: a word with an exponent needs a
// point and a sign in it.
TEST(Config, NumbersOfAResolvedFileAreNumbersToYaml11) {
  const std::regex number(R"([-+]?[0-9]+|[-+]?[0-9]*\.[0-9]*([eE][-+][0-9]+)?)");
  for (const auto& [written, value] : {std::pair("1e-4", 1e-4),
                                       {"3e-4", 3e-4},
                                       {"1.5e-05", 1.5e-5},
                                       {"2.5E-3", 2.5e-3},
                                       {"1e-12", 1e-12},
                                       {"0.25", 0.25},
                                       {"5", 5.0}}) {
    const Parsed parsed =
        parse("data.root: x\n", "a.yaml",
              std::vector<std::string>{cat("optim.lr_head=", written), "run.tags=1e-4, yes"});
    ASSERT_TRUE(parsed.findings.empty()) << written;
    const std::string yaml = to_yaml(parsed.experiment);
    for (const Setting& setting : settings()) {
      if (setting.kind != Kind::real && setting.kind != Kind::integer) continue;
      EXPECT_TRUE(std::regex_match(setting.get(parsed.experiment), number))
          << setting.key << ": " << setting.get(parsed.experiment);
    }
    EXPECT_DOUBLE_EQ(parse(yaml, "b.yaml", {}).experiment.optim.lr_head, value);
    EXPECT_THAT(yaml, HasSubstr(R"(tags: ["1e-4", "yes"])")) << "texts stay texts";
  }
}

TEST(Config, EverySettingIsDescribed) {
  for (const Setting& setting : settings()) {
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    EXPECT_FALSE(setting.group.empty()) << setting.key;
    Experiment e;
    EXPECT_TRUE(setting.set(e, setting.default_value))
        << setting.key << ": its default is not allowed";
  }
}

TEST(Config, ShippedFilesStart) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(OMNIQ_CONFIGS)) {
    const auto loaded = load(entry.path(), {});
    EXPECT_TRUE(loaded) << entry.path() << ": " << (loaded ? "" : loaded.error().text());
    ++files;
  }
  EXPECT_GE(files, 8);
}

TEST(Config, MissingFileSaysSo) {
  const auto loaded = load("/nowhere/run.yaml", {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::config);
  EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/run.yaml"));
}

}  // namespace
}  // namespace omniq::config
