// Everything that a run can be told, with its defaults. What each setting means, its range and its
// unit stand in settings.cpp, a row a setting.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace omniq::config {

struct Experiment {
  std::int64_t frames = 32;
  std::int64_t stride = 2;
  std::int64_t size = 224;
  std::int64_t num_classes = 0;
  std::string vision_backbone = "swin_tiny";
  std::int64_t seed = 0;
  std::string device = "auto";
  std::int64_t threads = 0;
  std::string init_from_pretrain;
  bool init_allow_partial = false;

  struct Run {
    std::string dir;
    std::string name;
    std::vector<std::string> tags;
  } run;

  struct Data {
    std::string root;
    std::string split = "1";
    std::string trainlist, testlist, classind;
    double val = 0.1;
    bool hflip = true;
    std::string sampling = "stride";
    double cache_gb = 2;
  } data;

  struct Backbone {
    std::string weights;
    bool allow_partial = false;
    double stochastic_depth = 0.2;
  } backbone;

  struct Fusion {
    std::string name = "mamba";
    std::int64_t depth = 2;
    std::int64_t d_model = 0;
    std::int64_t d_state = 128;
    std::int64_t expand = 2;
    std::int64_t n_heads = 8;
    double dropout = 0.1;
    bool tie_directions = true;
    std::int64_t max_frames = 32;
  } fusion;

  struct Model {
    double init_std = 0.02;
    double position_std = 0.02;
  } model;

  struct Lora {
    std::int64_t r = 8;
    double alpha = 16;
    double dropout = 0.05;
    std::string head = "full";
  } lora;

  struct Optim {
    std::string name = "adamw";
    double lr_backbone = 1e-4;
    double lr_head = 1e-4;
    double weight_decay = 0.05;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double warmup = 0.05;
    double clip_norm = 0.5;
  } optim;

  struct Train {
    std::string trainable = "lora";
    std::int64_t batch_size = 8;
    std::int64_t accum_steps = 4;
    std::int64_t epochs = 20;
    std::int64_t num_workers = 2;
    bool amp = true;
    bool recompute = false;
    double label_smoothing = 0.1;
    std::string save_dir = "runs";
    std::int64_t log_every = 10;
    double checkpoint_minutes = 5;
  } train;

  struct Eval {
    std::int64_t batch_size = 8;
    std::int64_t temporal_views = 1;
    std::int64_t spatial_views = 1;
    bool latency = true;
  } eval;

  struct Text {
    bool enabled = false;
    std::string model_name = "Qwen/Qwen2.5-Omni-7B";
    std::int64_t max_len = 16;
  } text;

  struct Mask {
    double video_ratio = 0.4;
    double text_ratio = 0.15;
  } mask;

  struct Loss {
    double video_mse = 0.5;
    double text_ce = 0.5;
  } loss;
};

}  // namespace omniq::config
