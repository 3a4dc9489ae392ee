#include "core/data/video.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/base/text.h"
#include "core/data/loader.h"
#include "core/data/video_frames.h"
#include "tests/core/data/support.h"
#include "tests/core/data/video_files.h"

namespace omniq::data {
namespace {

using test::TempDir;
using testing::AllOf;
using testing::HasSubstr;

/// What the frames [n, h, w, 3] of a counting video show.
std::vector<int> numbers(const at::Tensor& frames, double visible = 1) {
  std::vector<int> shown;
  for (std::int64_t i = 0; i < frames.size(0); ++i) {
    const at::Tensor rows =
        frames[i].select(-1, 1).narrow(1, frames.size(2) / 2, 4).to(at::kDouble).mean(1);
    const auto brightness = [&](int row) { return rows[row].item<double>(); };
    shown.push_back(test::read_count(brightness, static_cast<int>(frames.size(1)), visible));
  }
  return shown;
}

constexpr double kCropped = 224.0 / 256.0;  // of the short side, in evaluation

/// Red, green and blue of one pixel.
std::array<int, 3> pixel(const at::Tensor& frame, std::int64_t y, std::int64_t x) {
  return {frame[y][x][0].item<int>(), frame[y][x][1].item<int>(), frame[y][x][2].item<int>()};
}

/// A second of silence as a WAV file.
std::string silence() {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 255);
    return out;
  };
  return "RIFF" + number(36 + 16000, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
         number(8000, 4) + number(16000, 4) + number(2, 2) + number(16, 2) + "data" +
         number(16000, 4) + std::string(16000, '\0');
}

TEST(Video, ExactFramesInAnyOrder) {
  const TempDir dir;
  for (const auto& [name, fourcc] :
       {std::pair{"a.mp4", "mp4v"}, {"a.avi", "MJPG"}, {"b.avi", "XVID"}}) {
    const auto path = dir.path() / name;
    test::write_counting_video(path, 60, {64, 48}, fourcc);
    const auto info = probe_video(path);
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->frames, 60);
    EXPECT_EQ(info->width, 64);
    EXPECT_EQ(info->height, 48);
    EXPECT_NEAR(info->fps, 25, 0.01);
    EXPECT_EQ(measure_video(path).value().frames, 60);
    const std::vector<std::int64_t> indices{0, 1, 2, 59, 17, 17, 3, 40, 58, 12, 0};
    const auto frames = decode_frames(path, indices, 0);
    ASSERT_TRUE(frames) << frames.error().text();
    EXPECT_EQ(frames->sizes(), (at::IntArrayRef{11, 48, 64, 3}));
    EXPECT_THAT(numbers(*frames), testing::ElementsAreArray(indices)) << name;
    const std::vector<std::int64_t> past{5, 60};
    const auto error = decode_frames(path, past, 0);
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().code, ErrorCode::data);
    EXPECT_THAT(error.error().message, AllOf(HasSubstr(name), HasSubstr("60 frames")));
  }
}

TEST(Video, AStreamPlaysAndSeeks) {
  const TempDir dir;
  const auto path = dir.path() / "a.mp4";
  test::write_counting_video(path, 12);
  auto stream = VideoStream::open(path, 0);
  ASSERT_TRUE(stream) << stream.error().text();
  ASSERT_EQ(stream->info().frames, 12);
  at::Tensor frame = at::empty({1, stream->height(), stream->width(), 3}, at::kByte);
  const auto read = [&] {
    return stream->read(frame.mutable_data_ptr<std::uint8_t>()) ? numbers(frame).front() : -1;
  };
  EXPECT_EQ(stream->position(), 0);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(read(), i);
  EXPECT_EQ(read(), -1);
  for (const int there : {3, 8, 7, 0, 11}) {
    ASSERT_TRUE(stream->seek(there));
    EXPECT_EQ(stream->position(), there);
    EXPECT_EQ(read(), there);
    EXPECT_EQ(stream->position(), there + 1);
  }
  ASSERT_TRUE(stream->seek(50));
  EXPECT_EQ(read(), -1);
  ASSERT_TRUE(stream->seek(2));
  EXPECT_EQ(read(), 2);
  EXPECT_FALSE(VideoStream::open(dir.path() / "none.mp4", 0));
}

// Whatever the container and its key frames: after any seek the picture is the one that playing
// from the start shows there.
TEST(Video, SeekingShowsThePictureThatPlayingShows) {
  const TempDir dir;
  constexpr int kFrames = 150;
  for (const auto& [name, fourcc] : {std::pair{"a.mp4", "mp4v"},
                                     {"b.avi", "XVID"},
                                     {"c.avi", "MJPG"},
                                     {"d.mkv", "H264"},
                                     {"e.mp4", "avc1"},
                                     {"f.webm", "VP80"},
                                     {"g.mpg", "PIM1"}}) {
    SCOPED_TRACE(name);
    const auto path = dir.path() / name;
    try {
      test::write_video(
          path, kFrames, {96, 64},
          [](int frame, cv::Mat& picture) {
            cv::RNG random(static_cast<std::uint64_t>(frame / 10 + 1));  // scenes of ten frames
            random.fill(picture, cv::RNG::UNIFORM, 60, 190);
            cv::GaussianBlur(picture, picture, {9, 9}, 0);
            picture.colRange(frame % 90, frame % 90 + 6) = cv::Scalar::all(250);
          },
          fourcc);
    } catch (const std::runtime_error&) {
      continue;  // this machine has no such encoder
    }
    auto stream = VideoStream::open(path, 0);
    ASSERT_TRUE(stream) << stream.error().text();
    const std::int64_t bytes = stream->height() * stream->width() * 3;
    std::vector<std::string> played;
    std::string frame(static_cast<std::size_t>(bytes), 0);
    const auto read = [&] { return stream->read(reinterpret_cast<std::uint8_t*>(frame.data())); };
    while (read()) played.push_back(frame);
    ASSERT_GE(played.size(), kFrames - 2u);
    Random random(3, 1, 4, 1);
    const auto last = static_cast<std::int64_t>(played.size());
    for (int i = 0; i < 60; ++i) {
      const std::int64_t there = i < 4 ? last - 1 - i : random.below(last);
      ASSERT_TRUE(stream->seek(there));
      ASSERT_EQ(stream->position(), there);
      for (std::int64_t k = there; k < std::min(there + 3, last); ++k) {
        ASSERT_TRUE(read()) << k;
        ASSERT_TRUE(frame == played[static_cast<std::size_t>(k)])
            << "frame " << k << " of " << name;
      }
    }
    // Where frames were only passed on the way forwards, too.
    auto scrubbed = VideoStream::open(path, 0);
    for (const std::int64_t there : {120, 60, 61, 30, 119, 7, 90}) {
      ASSERT_TRUE(scrubbed->seek(there));
      ASSERT_TRUE(scrubbed->read(reinterpret_cast<std::uint8_t*>(frame.data())));
      ASSERT_TRUE(frame == played[static_cast<std::size_t>(there)])
          << "frame " << there << " of " << name;
    }
  }
}

TEST(Video, ShortSideIsResized) {
  const TempDir dir;
  const auto path = dir.path() / "a.mp4";
  test::write_counting_video(path, 4, {96, 64});
  const std::vector<std::int64_t> indices{3};
  EXPECT_EQ(decode_frames(path, indices, 32)->sizes(), (at::IntArrayRef{1, 32, 48, 3}));
  EXPECT_EQ(decode_frames(path, indices, 100)->sizes(), (at::IntArrayRef{1, 100, 150, 3}));
  EXPECT_THAT(numbers(*decode_frames(path, indices, 32)), testing::ElementsAre(3));
  EXPECT_EQ(decode_frames(path, {}, 32)->size(0), 0);
  const std::vector<std::int64_t> negative{-1};
  EXPECT_THROW((void)decode_frames(path, negative, 0), std::invalid_argument);
}

TEST(Video, ColoursAreRgb) {
  const TempDir dir;
  const auto path = dir.path() / "a.avi";
  test::write_video(
      path, 2, {64, 64},
      [](int, cv::Mat& picture) {
        picture = cv::Scalar(200, 40, 30);                  // BGR: blue
        picture.colRange(0, 32) = cv::Scalar(30, 60, 210);  // red on the left
      },
      "MJPG");
  const std::vector<std::int64_t> indices{0};
  const at::Tensor frame = decode_frames(path, indices, 0).value()[0];
  EXPECT_GT(pixel(frame, 30, 8)[0], 180);
  EXPECT_LT(pixel(frame, 30, 8)[2], 60);
  EXPECT_GT(pixel(frame, 30, 56)[2], 180);
  EXPECT_LT(pixel(frame, 30, 56)[0], 60);
}

TEST(Video, RotationFlagIsApplied) {
  const TempDir dir;
  const auto path = dir.path() / "a.mp4";
  test::write_video(path, 3, {96, 64}, [](int, cv::Mat& picture) {
    picture.colRange(0, 32) = cv::Scalar::all(220);  // bright on the left
  });
  // The display matrix of the track header: a quarter turn clockwise, as phones write it.
  std::string bytes = test::slurp(path);
  const std::size_t header = bytes.find("tkhd");
  ASSERT_NE(header, std::string::npos);
  const std::uint32_t matrix[9] = {0, 0x10000, 0, 0xffff0000, 0, 0, 64u << 16, 0, 0x40000000};
  for (int i = 0; i < 9; ++i) {
    for (int b = 0; b < 4; ++b) {
      bytes[header + 44 + 4 * i + b] = static_cast<char>(matrix[i] >> (24 - 8 * b) & 255);
    }
  }
  const auto rotated = dir.write("rotated.mp4", bytes);
  const auto info = probe_video(rotated);
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_EQ(info->width, 64);
  EXPECT_EQ(info->height, 96);
  const std::vector<std::int64_t> indices{1};
  const at::Tensor frame = decode_frames(rotated, indices, 0).value()[0];
  ASSERT_EQ(frame.sizes(), (at::IntArrayRef{96, 64, 3}));
  EXPECT_GT(pixel(frame, 10, 32)[0], 180);  // the left side has become the top
  EXPECT_LT(pixel(frame, 80, 32)[0], 60);
}

TEST(Video, StillsAreVideosOfOneFrame) {
  const TempDir dir;
  test::write_counting_video(dir.path() / "one.mp4", 1);
  cv::Mat picture(48, 64, CV_8UC3, cv::Scalar(20, 20, 220));
  cv::imwrite((dir.path() / "still.png").string(), picture);
  cv::imwrite((dir.path() / "still.jpg").string(), picture);
  ClipOptions options;
  options.frames = 4;
  options.size = 32;
  for (const char* name : {"one.mp4", "still.png", "still.jpg"}) {
    const auto path = dir.path() / name;
    EXPECT_EQ(measure_video(path).value().frames, 1) << name;
    const auto clip = load_clip(path, options);
    ASSERT_TRUE(clip) << clip.error().text();
    EXPECT_EQ(clip->video.sizes(), (at::IntArrayRef{1, 4, 32, 32, 3}));
    EXPECT_TRUE(clip->video.select(1, 0).equal(clip->video.select(1, 3)));
  }
  const at::Tensor frame =
      decode_frames(dir.path() / "still.png", std::vector<std::int64_t>{0}, 0).value();
  EXPECT_EQ(pixel(frame[0], 5, 5), (std::array{220, 20, 20}));
}

TEST(Video, UnusableFilesAreNamedWithTheirCause) {
  const TempDir dir;
  const auto message = [](const std::filesystem::path& path) {
    const auto info = probe_video(path);
    EXPECT_FALSE(info) << path;
    EXPECT_EQ(info ? ErrorCode::usage : info.error().code, ErrorCode::data);
    EXPECT_THAT(info ? "" : info.error().message, HasSubstr(path.filename().string()));
    // Every way in says the same.
    EXPECT_FALSE(measure_video(path));
    EXPECT_FALSE(decode_frames(path, std::vector<std::int64_t>{0}, 32));
    EXPECT_FALSE(load_clip(path, {}));
    return info ? std::string() : info.error().message;
  };
  EXPECT_THAT(message(dir.path() / "absent.mp4"), HasSubstr("does not exist"));
  EXPECT_THAT(message(dir.path()), HasSubstr("is a folder"));
  EXPECT_THAT(message(dir.write("empty.mp4", "")), HasSubstr("is empty"));
  ASSERT_EQ(::mkfifo((dir.path() / "pipe.mp4").c_str(), 0600), 0);
  EXPECT_THAT(message(dir.path() / "pipe.mp4"), HasSubstr("is a named pipe, not a video file"));
  EXPECT_THAT(message("/dev/zero"), HasSubstr("is a device, not a video file"));
  const std::string heic(
      "\0\0\0\x18"
      "ftypheic\0\0\0\0mif1heic\0\0\0\x08mdat",
      32);
  EXPECT_THAT(message(dir.write("IMG_0001.HEIC", heic)), HasSubstr("is a HEIC picture"));
  EXPECT_THAT(message(dir.write("notes.avi", "This is not a video.\n")),
              HasSubstr("is a text file"));
  EXPECT_THAT(message(dir.write("notes.txt", "This is not a video.\n")),
              HasSubstr("is a text file"));
  EXPECT_THAT(message(dir.write("sound.avi", silence())), HasSubstr("sound only"));
  std::string noise(5000, '\0');
  Random random(1);
  for (char& c : noise) c = static_cast<char>(random.below(256));
  noise[0] = 'q';
  EXPECT_THAT(message(dir.write("noise.mp4", noise)), HasSubstr("is not a video"));

  test::write_counting_video(dir.path() / "whole.mp4", 40);
  const std::string whole = test::slurp(dir.path() / "whole.mp4");
  EXPECT_THAT(message(dir.write("cut.mp4", whole.substr(0, whole.size() / 2))),
              HasSubstr("truncated"));

  // A stream header without a frame behind it.
  test::write_counting_video(dir.path() / "whole.avi", 40, {64, 48}, "MJPG");
  const std::string avi = test::slurp(dir.path() / "whole.avi");
  const std::size_t movie = avi.find("movi");
  ASSERT_NE(movie, std::string::npos);
  EXPECT_THAT(message(dir.write("bare.avi", avi.substr(0, movie + 4))),
              HasSubstr("no frame of it can be decoded"));
}

TEST(Video, CutOffFilesGiveTheFramesTheyHave) {
  const TempDir dir;
  test::write_counting_video(dir.path() / "whole.avi", 60, {64, 48}, "MJPG");
  const std::string whole = test::slurp(dir.path() / "whole.avi");
  const auto cut = dir.write("cut.avi", whole.substr(0, whole.size() / 2));
  const VideoLength length = measure_video(cut).value();
  const std::int64_t total = length.frames;
  EXPECT_GT(total, 10);
  EXPECT_LT(total, 40);
  EXPECT_TRUE(length.fault.cut_off);
  EXPECT_THAT(length.fault.what, HasSubstr("its header promises"));
  EXPECT_NEAR(static_cast<double>(probe_video(cut)->frames), static_cast<double>(total), 1)
      << "the header's 60 are not believed; half a picture may be no frame";

  ClipOptions options;
  options.frames = 4;
  options.size = 32;
  options.sampling = Sampling::segments;
  const auto clip = load_clip(cut, options);
  ASSERT_TRUE(clip) << clip.error().text();
  const auto expected = sample_frames(total, 4, 1, Sampling::segments, nullptr);
  EXPECT_THAT(numbers(clip->video[0], kCropped), testing::ElementsAreArray(expected));
  const auto error = decode_frames(cut, std::vector<std::int64_t>{59}, 0);
  EXPECT_THAT(error.error().text(), AllOf(HasSubstr("cut.avi"), HasSubstr("It was cut off")));
}

TEST(Video, StreamsWithoutACountAreCounted) {
  const TempDir dir;
  test::write_counting_video(dir.path() / "a.avi", 30, {64, 48}, "XVID");
  // The frames without their container: an elementary stream, of which no header says how long it
  // is.
  const std::string avi = test::slurp(dir.path() / "a.avi");
  std::string stream;
  for (std::size_t at = avi.find("movi") + 4; avi.compare(at, 4, "00dc") == 0;) {
    std::size_t size = 0;
    for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(avi[at + 4 + i]);
    stream += avi.substr(at + 8, size);
    at += 8 + size + size % 2;
  }
  const auto path = dir.write("raw.m4v", stream);
  const auto info = probe_video(path);
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_EQ(info->frames, 30);
  for (const bool whole : {false, true}) {
    const auto read = read_video(
        path, 0,
        [](std::int64_t total) { return sample_frames(total, 5, 1, Sampling::segments, nullptr); },
        1, [&](std::uint64_t) { return whole; });
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(read->promised, 30);
    EXPECT_EQ(read->whole, whole);
    EXPECT_EQ(read->frames.size(0), whole ? 30 : 5);
    std::vector<int> shown;
    for (const std::int64_t position : read->positions) {
      shown.push_back(numbers(read->frames.narrow(0, position, 1))[0]);
    }
    EXPECT_THAT(shown, testing::ElementsAre(3, 9, 15, 21, 27));
    EXPECT_EQ(read->picks, (std::vector<std::int64_t>{3, 9, 15, 21, 27}));
  }
}

TEST(Video, EvaluationViews) {
  const TempDir dir;
  const auto sides = dir.path() / "sides.avi";
  test::write_video(
      sides, 2, {128, 64},
      [](int, cv::Mat& picture) {
        picture = cv::Scalar::all(128);
        picture.colRange(0, 20) = cv::Scalar(0, 0, 220);     // red on the left
        picture.colRange(108, 128) = cv::Scalar(220, 0, 0);  // blue on the right
      },
      "MJPG");
  ClipOptions options;
  options.frames = 4;
  options.stride = 2;
  options.size = 56;
  options.temporal_views = 2;
  options.spatial_views = 3;
  const at::Tensor clip = load_clip(sides, options).value().video;
  ASSERT_EQ(clip.sizes(), (at::IntArrayRef{6, 4, 56, 56, 3}));
  for (int t = 0; t < 2; ++t) {
    EXPECT_GT(pixel(clip[t * 3][0], 28, 4)[0], 180);
    EXPECT_NEAR(pixel(clip[t * 3 + 1][0], 28, 4)[0], 128, 8);
    EXPECT_GT(pixel(clip[t * 3 + 2][0], 28, 51)[2], 180);
  }
  const auto counting = dir.path() / "counting.avi";
  test::write_counting_video(counting, 50, {128, 64}, "MJPG");
  const at::Tensor views = load_clip(counting, options).value().video;
  for (int s = 0; s < 3; ++s) {
    EXPECT_THAT(numbers(views[s], kCropped), testing::ElementsAre(0, 2, 4, 6));
    EXPECT_THAT(numbers(views[3 + s], kCropped), testing::ElementsAre(42, 44, 46, 48));
  }
}

TEST(Video, RealClips) {
  const auto root = test::shared_data() / "ucf101-mini";
  OMNIQ_SKIP_WITHOUT(root);
  const auto path = root / "YoYo" / "v_YoYo_g01_c01.avi";
  const auto info = probe_video(path);
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_EQ(info->width, 320);
  EXPECT_EQ(info->height, 240);
  EXPECT_EQ(measure_video(path).value().frames, info->frames);
  const auto clip = load_clip(path, {});
  ASSERT_TRUE(clip) << clip.error().text();
  EXPECT_EQ(clip->video.sizes(), (at::IntArrayRef{1, 32, 224, 224, 3}));
}

}  // namespace
}  // namespace omniq::data
