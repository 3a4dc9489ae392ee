#include "core/infer/live.h"
#include "core/model/precision.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/data/video.h"
#include "core/infer/moments.h"
#include "core/model/probabilities.h"
#include "tests/core/data/video_files.h"
#include "tests/core/model/small_model.h"
#include "tests/support/temporary_folder.h"

namespace omniq::infer {
namespace {

data::ClipOptions options(data::Sampling sampling) {
  data::ClipOptions clip;
  clip.sampling = sampling;
  clip.frames = 4;
  clip.stride = 2;
  clip.size = 32;
  return clip;
}

/// What the clip of these frames of a file is, from decoding to the answer, without any window.
std::vector<double> encoded_anew(model::OmniQ& model, const std::filesystem::path& path,
                                 const std::vector<std::int64_t>& numbers, std::int64_t size) {
  const torch::InferenceMode inference;
  const at::Tensor frames =
      data::decode_frames(path, numbers, data::resized_short_side(size)).value();
  const data::CropResize view = data::evaluation_view(frames.size(1), frames.size(2), size);
  const at::Tensor clip =
      torch::empty({1, 1, static_cast<std::int64_t>(numbers.size()), size, size, 3}, torch::kByte);
  for (std::int64_t i = 0; i < clip.size(2); ++i) {
    view.apply(frames[i].const_data_ptr<std::uint8_t>(), frames.size(2),
               clip[0][0][i].mutable_data_ptr<std::uint8_t>());
  }
  const at::Tensor p = model::class_probabilities(model, clip, {}).value()[0].to(torch::kDouble);
  return {p.const_data_ptr<double>(), p.const_data_ptr<double>() + p.size(0)};
}

// Frames that come one by one, as decoded, get the answers of the same clips of the file.
TEST(Live, AnswersLikeTheSameClipsOfAFile) {
  const testing_support::TemporaryFolder folder;
  const auto path = folder / "counting.mp4";
  data::test::write_counting_video(path, 30, {96, 64});
  for (const auto sampling : {data::Sampling::segments, data::Sampling::stride}) {
    const auto model = model::small_model("mamba");
    model->eval();
    const data::ClipOptions clip = options(sampling);
    constexpr std::int64_t kWindow = 12;
    Live live(clip, kWindow, FrameWindow(model, torch::kCPU, model::Precision::float32, kWindow));
    auto stream = data::VideoStream::open(path, 0);
    ASSERT_TRUE(stream);
    const data::FrameSize size = {stream->height(), stream->width()};
    std::vector<std::uint8_t> frame(static_cast<std::size_t>(size.height * size.width * 3));
    for (std::int64_t i = 0; stream->read(frame.data()); ++i) {
      const Moment moment = live.push(frame.data(), size).value();
      ASSERT_EQ(moment.frame, i);
      const auto anew = encoded_anew(*model, path, clip_until(clip, i + 1, kWindow), clip.size);
      ASSERT_EQ(moment.probabilities.size(), anew.size());
      for (std::size_t c = 0; c < anew.size(); ++c)
        EXPECT_NEAR(moment.probabilities[c], anew[c], 1e-5) << "frame " << i;
    }
  }
}

TEST(Live, FramesMayChangeTheirSize) {
  const auto model = model::small_model("average");
  model->eval();
  Live live(options(data::Sampling::segments), 8,
            FrameWindow(model, torch::kCPU, model::Precision::float32, 8));
  const std::vector<std::uint8_t> frame(200 * 200 * 3, 90);
  const auto first = live.push(frame.data(), {60, 200})->probabilities;
  const auto second = live.push(frame.data(), {200, 100})->probabilities;
  for (std::size_t c = 0; c < first.size(); ++c) EXPECT_NEAR(first[c], second[c], 1e-5);
}

}  // namespace
}  // namespace omniq::infer
