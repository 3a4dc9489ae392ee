#include "core/assembly/dataset.h"

#include "core/base/text.h"

namespace omniq::assembly {

data::ClipOptions clip_options(const config::Experiment& e) {
  data::ClipOptions options;
  options.frames = e.frames;
  options.stride = e.stride;
  options.sampling =
      e.data.sampling == "segments" ? data::Sampling::segments : data::Sampling::stride;
  options.size = e.size;
  options.hflip = e.data.hflip;
  options.temporal_views = e.eval.temporal_views;
  options.spatial_views = e.eval.spatial_views;
  return options;
}

Result<data::Dataset> open_dataset(const config::Experiment& e) {
  data::DatasetOptions options;
  options.root = e.data.root;
  options.trainlist = e.data.trainlist;
  options.testlist = e.data.testlist;
  options.classind = e.data.classind;
  options.val_fraction = e.data.val;
  options.seed = static_cast<std::uint64_t>(e.seed);
  OMNIQ_ASSIGN(data::Dataset dataset, data::load_dataset(options));
  const auto classes = static_cast<std::int64_t>(dataset.classes.size());
  if (e.num_classes > 0 && e.num_classes != classes) {
    return fail(
        ErrorCode::config,
        cat("num_classes is ", e.num_classes, ", but the dataset has ", classes, " classes."),
        "Set num_classes=0 to take the dataset's number.");
  }
  return dataset;
}

data::LoaderOptions loader_options(const config::Experiment& e, bool training) {
  data::LoaderOptions options;
  options.clip = clip_options(e);
  options.training = training;
  options.batch_size = training ? e.train.batch_size : e.eval.batch_size;
  if (training) options.together = e.train.accum_steps;
  options.seed = static_cast<std::uint64_t>(e.seed);
  options.workers = static_cast<int>(e.train.num_workers);
  options.cache_bytes = static_cast<std::size_t>(e.data.cache_gb * 0x1p30);
  return options;
}

}  // namespace omniq::assembly
