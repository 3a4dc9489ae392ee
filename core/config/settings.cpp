#include "core/config/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "core/base/text.h"
#include "core/model/fusion/registry.h"
#include "core/model/swin/options.h"

namespace omniq::config {
namespace {

template <class T>
std::string format_value(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return join(value, ", ");
  } else {  // the shortest text that reads back as the same number
    char buffer[64];
    std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    if (const auto e = text.find('e'); e != std::string::npos) {
      // YAML 1.1 (PyYAML among others) takes 1e-04 for a word: a number has a point and a sign.
      if (text[e + 2] == '0') text.erase(e + 2, 1);
      if (text.find('.') == std::string::npos) text.insert(e, ".0");
    }
    return text;
  }
}

template <class T>
bool parse_number(std::string_view text, T& out) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc() && end == text.data() + text.size();
}

template <class T>
Status parse_value(const Setting& setting, const std::string& text, T& out) {
  const auto refuse = [&](std::string_view what) {
    const std::string allowed = setting.allowed();
    return fail(ErrorCode::config, cat("'", text, "' is not ", what, "."),
                allowed.empty() ? "" : "Allowed: " + allowed + ".");
  };
  if constexpr (std::is_same_v<T, bool>) {
    const std::string lower = to_lower(trim(text));
    if (lower == "true" || lower == "yes" || lower == "on" || lower == "1")
      out = true;
    else if (lower == "false" || lower == "no" || lower == "off" || lower == "0")
      out = false;
    else
      return refuse("true or false");
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (setting.kind == Kind::choice &&
        std::find(setting.choices.begin(), setting.choices.end(), text) == setting.choices.end()) {
      const std::string near = nearest(text, setting.choices);
      return fail(ErrorCode::config, cat("'", text, "' is not ", setting.allowed(), "."),
                  near.empty() ? "" : "Did you mean '" + near + "'?");
    }
    if (setting.within_limits && !setting.within_limits(text)) return refuse("a name for a folder");
    // It becomes part of config.yaml, which is UTF-8.
    if (!is_utf8(text)) return refuse("UTF-8: rename the file or folder");
    out = text;
    if (setting.kind == Kind::path && (text == "~" || text.starts_with("~/"))) {
      const char* home = std::getenv("HOME");
      if (home == nullptr || *home == 0) return refuse("a path here: HOME is not set");
      out.replace(0, 1, home);
    }
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    if (!is_utf8(text)) return refuse("UTF-8");
    out.clear();
    for (const std::string& part : split(text, ',')) {
      if (!trim(part).empty()) out.emplace_back(trim(part));
    }
  } else {
    T value{};
    if (!parse_number(text, value))
      return refuse(std::is_integral_v<T> ? "a whole number" : "a number");
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(value)) return refuse("a finite number");
    }
    const bool below =
        setting.low && (setting.low_open ? value <= *setting.low : value < *setting.low);
    if (below || (setting.high && value > *setting.high)) return refuse("in range");
    out = value;
  }
  return {};
}

constexpr std::size_t kNameBytes = 100;  // the time and a number are added, and 255 are possible

bool names_a_folder(std::string_view text) {
  return text.size() <= kNameBytes && is_utf8(text) && text == trim(text) && text != "." &&
         text != ".." && text.find('/') == std::string_view::npos && shown(text) == text;
}

// Who a setting is for, in words and as a test.
struct Who {
  std::string words;
  std::function<bool(const Experiment&)> test;
};

/// The fusions for which `test` holds; the words name them, the others where these are fewer, or
/// nothing where it is all.
Who fusions(const std::function<bool(const model::FusionKind&)>& test) {
  std::vector<std::string> in, out;
  for (const model::FusionKind& kind : model::fusion_kinds())
    (test(kind) ? in : out).push_back(kind.name);
  return {out.empty()              ? ""
          : in.size() > out.size() ? "all fusions but " + join(out, ", ")
                                   : join(in, ", "),
          [in](const Experiment& e) { return std::ranges::count(in, e.fusion.name) > 0; }};
}
Who sequence_fusions() {
  return fusions([](const model::FusionKind& kind) { return kind.sequence; });
}
Who trainable(const std::string& what) {
  return {"train.trainable " + what,
          [what](const Experiment& e) { return e.train.trainable == what; }};
}
Who strided_sampling() {
  return {"data.sampling stride", [](const Experiment& e) { return e.data.sampling == "stride"; }};
}
Who masked_pretraining() {
  return {"masked pretraining", [](const Experiment& e) { return e.text.enabled; }};
}

/// Builds the rows: row(AT(train.epochs), "help").in(1, 1000).unit("epochs").basic().
class Row {
 public:
  template <class Access>
  Row(std::string key, Access access, std::string help) {
    setting_.key = std::move(key);
    setting_.help = std::move(help);
    setting_.applies = [](const Experiment&) { return true; };
    Experiment defaults;
    using T = std::remove_reference_t<decltype(access(defaults))>;
    if constexpr (std::is_same_v<T, bool>)
      setting_.kind = Kind::boolean;
    else if constexpr (std::is_integral_v<T>)
      setting_.kind = Kind::integer;
    else if constexpr (std::is_floating_point_v<T>)
      setting_.kind = Kind::real;
    else if constexpr (std::is_same_v<T, std::string>)
      setting_.kind = Kind::text;
    else
      setting_.kind = Kind::list;
    setting_.default_value = format_value(access(defaults));
    setting_.get = [access](const Experiment& e) {
      return format_value(access(const_cast<Experiment&>(e)));
    };
    // The row is looked up again when a value is set: it is finished only after this constructor.
    setting_.set = [access, key = setting_.key](Experiment& e, const std::string& text) {
      return parse_value(*find_setting(key), text, access(e));
    };
  }
  Row& in(double low, double high = std::numeric_limits<double>::infinity()) {
    setting_.low = low;
    if (std::isfinite(high)) setting_.high = high;
    return *this;
  }
  Row& above(double low, double high = std::numeric_limits<double>::infinity()) {
    setting_.low_open = true;
    return in(low, high);
  }
  Row& unit(std::string text) { return setting_.unit = std::move(text), *this; }
  Row& of(std::vector<std::string> choices) {
    setting_.kind = Kind::choice;
    setting_.choices = std::move(choices);
    return *this;
  }
  Row& folder_name() {
    setting_.limits =
        cat("at most ", kNameBytes, " bytes of UTF-8 without / and control characters");
    setting_.within_limits = names_a_folder;
    return *this;
  }
  Row& path() { return setting_.kind = Kind::path, *this; }
  Row& basic() { return setting_.level = Level::basic, *this; }
  Row& only(Who who) {
    setting_.applies_to = std::move(who.words);
    setting_.applies = std::move(who.test);
    return *this;
  }
  /// For the fusions that say so.
  Row& of_fusions() {
    return only(fusions([this](const model::FusionKind& kind) {
      return std::ranges::count(kind.settings, setting_.key) > 0;
    }));
  }
  Row& newer() { return setting_.newer = true, *this; }
  Row& shapes_step() { return setting_.shapes_step = true, *this; }
  Row& group(const std::string& name) { return setting_.group = name, *this; }
  operator Setting() && { return std::move(setting_); }

 private:
  Setting setting_;
};

// The key is the member's own path, so the two cannot differ.
#define AT(member) \
#member, [](Experiment & e) -> auto& { return e.member; }

void add_group(std::vector<Setting>& all, const std::string& group,
               std::initializer_list<Row> rows) {
  for (Row row : rows) all.push_back(std::move(row.group(group)));
}

std::vector<Setting> describe() {
  std::vector<Setting> all;
  // clang-format off
  add_group(all, "Model", {
    Row(AT(fusion.name), "How the frames of a clip are put together.").of(model::fusion_names()).basic().shapes_step(),
    Row(AT(vision_backbone), "The per-frame encoder.").of(model::swin_names()).basic().shapes_step(),
    Row(AT(backbone.weights), "Pretrained weights of the encoder (.safetensors or .pth with torchvision's names); empty: initialised at random.").path().basic(),
    Row(AT(backbone.allow_partial), "Take weights that fill only a part of the encoder; the rest is initialised at random, and the run's environment.json lists it.").newer(),
    Row(AT(backbone.stochastic_depth), "Rate at which residual branches of the last encoder block are skipped.").in(0, 0.9).only(trainable("all")),
    Row(AT(num_classes), "Number of classes; 0: as many as the dataset has.").in(0, 100000).shapes_step(),
    Row(AT(fusion.depth), "Fusion blocks.").in(1, 64).of_fusions().shapes_step(),
    Row(AT(fusion.d_model), "Width of the fusion; 0: the encoder's output width, with no projection.").in(0, 16384).unit("channels").only(sequence_fusions()).shapes_step(),
    Row(AT(fusion.d_state), "States a channel of the state-space scan.").in(1, 256).of_fusions().shapes_step(),
    Row(AT(fusion.expand), "Inner width of the state-space block, as a multiple of the fusion's width.").in(1, 8).of_fusions().shapes_step(),
    Row(AT(fusion.n_heads), "Attention heads.").in(1, 128).of_fusions().shapes_step(),
    Row(AT(fusion.dropout), "Dropout in the fusion's feed-forward and attention layers.").in(0, 0.95).of_fusions(),
    Row(AT(fusion.tie_directions), "Whether the two directions of time share weights.").of_fusions().shapes_step(),
    Row(AT(fusion.max_frames), "Learned positions: the longest clip that the fusion takes.").in(1, 65536).unit("frames").only(sequence_fusions()),
    Row(AT(model.init_std), "Standard deviation of the initial linear weights.").above(0, 1),
    Row(AT(model.position_std), "Standard deviation of the initial positions, types and class token.").above(0, 1).only(sequence_fusions()),
    Row(AT(init_from_pretrain), "A checkpoint of another run (.safetensors) that the model starts from, its adapters merged; a head of other classes starts at random.").path(),
    Row(AT(init_allow_partial), "Take a checkpoint that fills only a part of the model; the rest is initialised at random, and the run's environment.json lists it.").newer(),
  });
  add_group(all, "Data", {
    Row(AT(data.root), "Folder that holds <Class>/<clip>.").path().basic(),
    Row(AT(data.trainlist), "Training list, \"Class/clip.avi 1\" a line; empty: the class folders, without what is tested with.").path().basic(),
    Row(AT(data.testlist), "Test list, with or without labels.").path().basic(),
    Row(AT(data.classind), "Class list, \"1 Name\" a line; empty: the class folders, sorted.").path().basic(),
    Row(AT(data.split), "Name of the split, for the record."),
    Row(AT(data.val), "Part of the training list held out to choose the best epoch, whole groups at a time; 0: none, and the last epoch is reported.").in(0, 0.5),
    Row(AT(frames), "Frames of a clip.").in(1, 65536).unit("frames").basic().shapes_step(),
    Row(AT(stride), "Distance between sampled frames.").in(1, 1000).unit("frames").only(strided_sampling()),
    Row(AT(data.sampling), "stride: a window of frames x stride; segments: one frame of each of `frames` equal parts of the whole video.").of({"stride", "segments"}),
    Row(AT(size), "Height and width of the model's input.").in(8, 4096).unit("pixels").shapes_step(),
    Row(AT(data.hflip), "Flip half of the training clips left to right; off where direction is the label."),
    Row(AT(data.cache_gb), "Memory for decoded videos, so that an epoch decodes only what does not fit.").in(0, 4096).unit("GiB"),
  });
  add_group(all, "Training", {
    Row(AT(train.trainable), "What trains: lora (adapters and head), fusion (fusion and head), all (everything).").of({"lora", "fusion", "all"}).basic().shapes_step(),
    Row(AT(train.epochs), "Passes over the training list.").in(1, 100000).unit("epochs").basic(),
    Row(AT(train.batch_size), "Clips of one forward pass.").in(1, 4096).unit("clips").basic().shapes_step(),
    Row(AT(train.accum_steps), "Forward passes whose gradients make one step.").in(1, 4096).shapes_step(),
    Row(AT(optim.name), "Optimiser.").of({"adamw"}),
    Row(AT(optim.lr_head), "Peak learning rate of fusion and head.").above(0, 10).basic(),
    Row(AT(optim.lr_backbone), "Peak learning rate of the encoder.").above(0, 10).only(trainable("all")),
    Row(AT(optim.weight_decay), "Decoupled weight decay; none on biases, norms, embeddings, A_log and D_skip.").in(0, 10),
    Row(AT(optim.beta1), "AdamW's decay of the first moment.").in(0, 0.9999),
    Row(AT(optim.beta2), "AdamW's decay of the second moment.").in(0, 0.999999),
    Row(AT(optim.warmup), "Part of the steps over which the learning rate rises from 0; a cosine to 0 follows.").in(0, 1),
    Row(AT(optim.clip_norm), "Largest norm of the gradient; 0: no clipping.").in(0, 1e6),
    Row(AT(train.label_smoothing), "Label smoothing of the cross-entropy.").in(0, 0.9),
    Row(AT(train.amp), "Mixed precision on a GPU (bfloat16, or float16 with loss scaling where there is none); the CPU computes in float32.").shapes_step(),
    Row(AT(train.recompute), "Keep less of the encoder for the backward pass, which computes attention and MLP again: less memory, more time. In mixed precision on a GPU; elsewhere all is kept.").only(trainable("all")).shapes_step(),
    Row(AT(train.num_workers), "Threads that decode videos.").in(1, 256).unit("threads"),
    Row(AT(train.log_every), "Steps between rows of metrics.").in(1, 1000000).unit("steps"),
    Row(AT(train.checkpoint_minutes), "Time between checkpoints within an epoch; one is written after every epoch in any case. 0: after every step.").in(0, 10000).unit("minutes"),
  });
  add_group(all, "LoRA", {
    Row(AT(lora.r), "Rank of the adapters; capped at half of a layer's smaller side.").in(1, 1024).only(trainable("lora")).shapes_step(),
    Row(AT(lora.alpha), "Scale of the adapters: W + (alpha / r) B A.").above(0, 4096).only(trainable("lora")),
    Row(AT(lora.dropout), "Dropout on the adapters' input.").in(0, 0.95).only(trainable("lora")),
    Row(AT(lora.head), "The classification head trains in full or by an adapter.").of({"full", "lora"}).only(trainable("lora")).shapes_step(),
  });
  add_group(all, "Evaluation", {
    Row(AT(eval.batch_size), "Clips of one evaluation batch.").in(1, 4096).unit("clips"),
    Row(AT(eval.temporal_views), "Windows of time whose probabilities are averaged.").in(1, 100),
    Row(AT(eval.spatial_views), "Crops whose probabilities are averaged: 1 or 3.").in(1, 3),
    Row(AT(eval.latency), "Measure the latency of a batch after the accuracy."),
  });
  add_group(all, "Pretraining", {
    Row(AT(text.enabled), "Text tokens beside the video tokens.").only(masked_pretraining()),
    Row(AT(text.model_name), "Where the text table comes from.").only(masked_pretraining()),
    Row(AT(text.max_len), "Text tokens of a prompt.").in(1, 4096).unit("tokens").only(masked_pretraining()),
    Row(AT(mask.video_ratio), "Part of the frames that is masked.").in(0, 1).only(masked_pretraining()),
    Row(AT(mask.text_ratio), "Part of the text tokens that is masked.").in(0, 1).only(masked_pretraining()),
    Row(AT(loss.video_mse), "Weight of the video loss.").in(0, 1000).only(masked_pretraining()),
    Row(AT(loss.text_ce), "Weight of the text loss.").in(0, 1000).only(masked_pretraining()),
  });
  add_group(all, "Run", {
    Row(AT(run.name), "Name of the run, and the end of its folder's name; empty: made from fusion and what trains.").folder_name(),
    Row(AT(run.tags), "Tags, separated by commas."),
    Row(AT(run.dir), "The run folder itself; empty: a new one in train.save_dir.").path(),
    Row(AT(train.save_dir), "Folder that run folders are made in.").path(),
    Row(AT(seed), "Seed of initialisation, order, augmentation and dropout.").in(0, 9e15),
    Row(AT(device), "Where the model runs; auto: the GPU if there is one.").of({"auto", "cpu", "cuda"}).shapes_step(),
    Row(AT(threads), "Threads of the CPU's operators; 0: all cores. The same count repeats a run bit for bit.").in(0, 1024).unit("threads").shapes_step(),
  });
  // clang-format on
  return all;
}

}  // namespace

model::FusionOptions fusion_options(const Experiment& e) {
  const auto backbone = model::swin_options(e.vision_backbone);
  const std::int64_t backbone_width = backbone ? backbone->output_width() : 0;
  model::FusionOptions options;
  options.width = e.fusion.d_model > 0 ? e.fusion.d_model : backbone_width;
  options.depth = e.fusion.depth;
  options.d_state = e.fusion.d_state;
  options.expand = e.fusion.expand;
  options.n_heads = e.fusion.n_heads;
  options.dropout = e.fusion.dropout;
  options.tie_directions = e.fusion.tie_directions;
  return options;
}

std::string Setting::allowed() const {
  if (kind == Kind::choice) return "one of " + join(choices, ", ");
  if (kind == Kind::boolean) return "true or false";
  if (!limits.empty()) return limits;
  const std::string suffix = unit.empty() ? "" : " " + unit;
  // 100000 is shorter as 1e+05, but not for a reader.
  const auto bound = [](double value) {
    const bool whole = std::abs(value) < 1e7 && value == std::floor(value);
    return whole ? std::to_string(static_cast<std::int64_t>(value)) : format_value(value);
  };
  const std::string from = low ? bound(*low) : "";
  if (low && high)
    return cat(low_open ? "above " : "", from, low_open ? ", at most " : " to ", bound(*high),
               suffix);
  if (low) return cat(low_open ? "above " : "at least ", from, suffix);
  return {};
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = describe();
  return all;
}

const Setting* find_setting(const std::string& key) {
  for (const Setting& setting : settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::string step_key(const Experiment& e) {
  std::string key;
  for (const Setting& setting : settings()) {
    if (setting.shapes_step && setting.applies(e)) key += setting.get(e) + '\n';
  }
  return key;
}

std::vector<Finding> cross_check(const Experiment& e) {
  std::vector<Finding> findings;
  const auto add = [&](std::string key, std::string message, std::string hint) {
    findings.push_back({std::move(key), std::move(message), std::move(hint)});
  };
  const auto* fusion = model::find_fusion(e.fusion.name);
  if (fusion) {
    if (fusion->sequence && e.frames > e.fusion.max_frames) {
      add("frames",
          cat("frames is ", e.frames, ", but the fusion has positions for ", e.fusion.max_frames,
              " (fusion.max_frames)."),
          cat("Set fusion.max_frames=", e.frames, " or fewer frames."));
    }
    if (auto problem = fusion->check(fusion_options(e)); !problem.message.empty()) {
      add(problem.key, problem.message, problem.hint);
    }
    if (e.train.trainable == "lora" && !fusion->sequence && e.lora.head == "lora") {
      add("lora.head", "lora.head is lora, but this fusion has no other layer to adapt.",
          "Set train.trainable=all or lora.head=full.");
    }
  }
  if (e.eval.spatial_views == 2) {
    add("eval.spatial_views",
        "eval.spatial_views is 2, but only 1 (centre) and 3 (both ends and centre) exist.",
        "Use 1 or 3.");
  }
  if (e.text.enabled) {
    add("text.enabled",
        "text.enabled is true, but this version trains with labels only: it has no masked "
        "pretraining.",
        "Set text.enabled=false.");
  }
  if (e.data.root.empty())
    add("data.root", "data.root is not set.",
        "Name the folder that holds <Class>/<clip>: data.root=DIR.");
  if (!e.data.trainlist.empty() && e.data.testlist.empty()) {
    add("data.testlist", "data.trainlist is set and data.testlist is not.",
        "Set both, or none to have a fifth of the clips held out as the test list.");
  }
  return findings;
}

}  // namespace omniq::config
