// Every kind of file: the exact frames, all of them, in their colours.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "core/data/loader.h"
#include "core/data/video.h"
#include "core/data/video_frames.h"
#include "tests/core/data/media.h"
#include "tests/core/data/support.h"

namespace omniq::data {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using testing::HasSubstr;

std::vector<int> up_to(int last, int first = 0) {
  std::vector<int> all(static_cast<std::size_t>(last - first));
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// All frames as they are decoded one after the other, [n, h, w, 3].
at::Tensor decode_whole(const fs::path& path) {
  const auto length = measure_video(path, 1);
  if (!length) throw std::runtime_error(length.error().text());
  std::vector<std::int64_t> all(static_cast<std::size_t>(length->frames));
  std::iota(all.begin(), all.end(), 0);
  return decode_frames(path, all, 0).value();
}

std::vector<int> numbers_of(const at::Tensor& frames) {
  std::vector<int> numbers;
  for (std::int64_t i = 0; i < frames.size(0); ++i) numbers.push_back(test::number_of(frames[i]));
  return numbers;
}

/// The corners of a numbered frame whose height is 3/4 of its width.
void expect_colours(const at::Tensor& frame, double tolerance) {
  const std::int64_t height = frame.size(0), width = frame.size(1);
  const std::int64_t y = height / 10, x = width * 3 / 40;
  const auto mean = [&](std::int64_t top, std::int64_t left) {
    return frame.narrow(0, top - 3, 6)
        .narrow(1, left - 3, 6)
        .to(at::kDouble)
        .mean(at::IntArrayRef{0, 1});
  };
  const auto expect = [&](const at::Tensor& seen, double r, double g, double b) {
    const at::Tensor right = at::tensor({r, g, b}, at::kDouble);
    EXPECT_LE((seen - right).abs().max().item<double>(), tolerance) << seen;
  };
  expect(mean(y, x), 220, 30, 30);
  expect(mean(y, width - x), 30, 200, 30);
  expect(mean(height - y, x), 30, 30, 220);
}

/// Whatever is asked for, and in whatever order, it is the frame of that number.
void expect_frames(const fs::path& path, const std::vector<int>& numbers, double tolerance = 12) {
  SCOPED_TRACE(path.filename().string());
  const auto info = probe_video(path);
  ASSERT_TRUE(info) << info.error().text();
  const auto count = static_cast<std::int64_t>(numbers.size());
  for (const int threads : {1, 2}) {
    const auto length = measure_video(path, threads);
    ASSERT_TRUE(length) << length.error().text();
    EXPECT_EQ(length->frames, count);
    EXPECT_EQ(length->fault.what, "");
    EXPECT_NEAR(length->seconds, static_cast<double>(numbers.back() - numbers.front() + 1) / 25,
                length->seconds / 10);
  }
  const at::Tensor frames = decode_whole(path);
  ASSERT_EQ(numbers_of(frames), numbers);
  EXPECT_EQ(frames.size(1), info->height);
  EXPECT_EQ(frames.size(2), info->width);
  expect_colours(frames[0], tolerance);
  expect_colours(frames[count - 1], tolerance);

  ClipOptions options;  // spread over all there is
  options.frames = 5;
  options.size = 64;
  options.sampling = Sampling::segments;
  const auto clip = load_clip(path, options);
  ASSERT_TRUE(clip) << clip.error().text();
  EXPECT_EQ(clip->numbers, sample_frames(count, 5, 1, Sampling::segments, nullptr));

  auto stream = VideoStream::open(path, 0);
  ASSERT_TRUE(stream) << stream.error().text();
  at::Tensor frame = at::empty({stream->height(), stream->width(), 3}, at::kByte);
  auto* pixels = frame.mutable_data_ptr<std::uint8_t>();
  for (const double part : {0.9, 0.1, 0.5, 0.55, 0.98, 0.0, 0.3}) {
    const auto there = static_cast<std::int64_t>(part * static_cast<double>(count));
    ASSERT_TRUE(stream->seek(there));
    for (std::int64_t i = there; i < std::min(there + 3, count); ++i) {
      ASSERT_EQ(stream->position(), i);
      ASSERT_TRUE(stream->read(pixels));
      ASSERT_TRUE(frame.equal(frames[i])) << "frame " << i << " after a seek to " << there;
    }
  }
}

class Kinds : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::have_ffmpeg()) GTEST_SKIP() << "needs the ffmpeg program";
  }
  fs::path write(const std::string& name, const std::string& options, int frames = 60,
                 int width = 160, int height = 120) const {
    return test::write_media(dir_.path() / name, options, frames, width, height);
  }
  fs::path from(const fs::path& source, const std::string& name, const std::string& options,
                const std::string& before = "") const {
    const fs::path path = dir_.path() / name;
    test::run_ffmpeg(before + " -i " + source.string() + " " + options + " " + path.string());
    return path;
  }
  fs::path join(const std::string& name, const std::vector<fs::path>& parts) const {
    std::string bytes;
    for (const fs::path& part : parts) bytes += test::slurp(part);
    return dir_.write(name, bytes);
  }
  TempDir dir_;
  const std::string h264_ = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 12 -bf 3 ";
};

TEST_F(Kinds, ContainersAndCodecs) {
  const std::string mpeg4 = "-c:v mpeg4 -q:v 2 -g 12 ", mpeg2 = "-c:v mpeg2video -q:v 2 -g 12 ";
  for (const auto& [name, options] : std::vector<std::pair<std::string, std::string>>{
           {"h264.mp4", h264_},
           {"h264.mov", h264_},
           {"h264.mkv", h264_},
           {"h264.flv", h264_},
           {"h264.ts", h264_},
           {"h264.avi", h264_},
           {"open_gop.mp4", h264_ + "-x264-params open-gop=1"},
           {"interlaced.ts", h264_ + "-flags +ildct+ilme -x264-params tff=1"},
           {"lossless444.mp4", "-c:v libx264 -preset veryfast -qp 0 -pix_fmt yuv444p"},
           {"hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1"},
           {"mpeg4.avi", mpeg4},
           {"b_frames.avi", mpeg4 + "-bf 2"},
           {"b_frames.mp4", mpeg4 + "-bf 2"},
           {"mpeg2.mpg", mpeg2 + "-bf 2"},
           {"mpeg2.ts", mpeg2 + "-bf 2"},
           {"mpeg2.mxf", mpeg2},
           {"mpeg1.mpg", "-c:v mpeg1video -q:v 2"},
           {"wmv2.wmv", "-c:v wmv2 -q:v 2"},
           {"theora.ogv", "-c:v libtheora -q:v 9"},
           {"vp8.webm", "-c:v libvpx -b:v 2M -auto-alt-ref 1 -lag-in-frames 16 -deadline realtime"},
           {"vp9.webm",
            "-c:v libvpx-vp9 -b:v 2M -auto-alt-ref 1 -lag-in-frames 16 -cpu-used 8 "
            "-deadline realtime"},
           {"av1.mkv", "-c:v libsvtav1 -preset 12"},
           {"mjpeg.avi", "-c:v mjpeg -q:v 2"},
           {"raw.mjpeg", "-c:v mjpeg -q:v 2 -f mjpeg"},
           {"raw.avi", "-c:v mjpeg -q:v 2 -f mjpeg"},
           {"raw.h264", h264_ + "-f h264"},
           {"raw.m4v", mpeg4 + "-f m4v"},
           {"raw.m2v", mpeg2 + "-f mpeg2video"},
           {"prores.mov", "-c:v prores_ks"},
           {"ffv1.mkv", "-c:v ffv1"},
           {"huffyuv.avi", "-c:v huffyuv"},
           {"uncompressed.avi", "-c:v rawvideo -pix_fmt bgr24"},
           {"picture.gif", ""},
       }) {
    expect_frames(write(name, options), up_to(60));
  }
}

TEST_F(Kinds, HeadersThatCountTooFew) {
  expect_frames(write("first_moov.mp4", h264_ + "-movflags frag_keyframe"), up_to(60));
  expect_frames(write("live.mp4", h264_ + "-movflags frag_keyframe+empty_moov"), up_to(60));
  const fs::path one = write("one.ts", h264_, 40);
  expect_frames(join("joined.ts", {one, one, one}), [] {
    std::vector<int> all;
    for (int i = 0; i < 120; ++i) all.push_back(i % 40);
    return all;
  }());
  // Matroska's Duration: an element 44 89 of eight bytes, a float64 in milliseconds.
  std::string bytes = test::slurp(write("whole.mkv", h264_));
  const std::size_t at = bytes.find("\x44\x89\x88");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at + 3, 8, std::string("\x40\x79\0\0\0\0\0\0", 8));  // 400
  expect_frames(dir_.write("short.mkv", bytes), up_to(60));
}

TEST_F(Kinds, CutsAreWhole) {
  const fs::path whole = write("whole.mp4", h264_);
  // What an edit list cuts off is decoded, but not shown.
  expect_frames(from(whole, "cut.mp4", "-c copy", "-ss 0.6"), up_to(60, 15));
  // Packets before the first key frame, which nobody can decode.
  const std::string stream = test::slurp(write("whole.ts", h264_));
  const std::size_t later = stream.size() / 188 / 3 * 188;
  const fs::path cut = dir_.write("cut.ts", stream.substr(0, 3 * 188) + stream.substr(later));
  const std::vector<int> left = numbers_of(decode_whole(cut));
  ASSERT_GT(left.size(), 20u);
  expect_frames(cut, up_to(60, left.front()));
  expect_frames(from(whole, "later.mkv", "-c copy -output_ts_offset 100"), up_to(60));
  EXPECT_NEAR(load_clip(dir_.path() / "later.mkv", {})->times.front(), 100, 0.1);
}

TEST_F(Kinds, VariableFrameRate) {
  const fs::path path =
      write("vfr.mkv", "-vf \"select='lt(mod(n,7),3)'\" -fps_mode vfr " + h264_, 63);
  std::vector<int> shown;
  for (int i = 0; i < 59; ++i) {
    if (i % 7 < 3) shown.push_back(i);
  }
  shown.resize(27);
  for (int i = 0; i < 27; ++i) shown[static_cast<std::size_t>(i)] = i / 3 * 7 + i % 3;
  const at::Tensor frames = decode_whole(path);
  ASSERT_EQ(numbers_of(frames), shown);
  ClipOptions options;
  options.frames = 27;
  options.sampling = Sampling::segments;
  const ModelClip clip = load_clip(path, options).value();
  for (std::size_t i = 0; i < shown.size(); ++i) EXPECT_NEAR(clip.times[i], shown[i] / 25.0, 0.002);
  EXPECT_EQ(measure_video(path)->fault.what, "");
}

TEST_F(Kinds, ColoursByWhatTheStreamSays) {
  const auto scaled = [&](const std::string& out, const std::string& tags) {
    return "-vf scale=" + out + " " + tags +
           " -c:v libx264 -preset veryfast -qp 2 -pix_fmt yuv420p";
  };
  constexpr double kClose = 5;
  expect_frames(write("bt601.mp4", scaled("out_color_matrix=bt601", "-colorspace smpte170m"), 20),
                up_to(20), kClose);
  expect_frames(write("bt709.mp4", scaled("out_color_matrix=bt709", "-colorspace bt709"), 20),
                up_to(20), kClose);
  expect_frames(write("bt2020.mp4", scaled("out_color_matrix=bt2020", "-colorspace bt2020nc"), 20),
                up_to(20), kClose);
  expect_frames(write("full.mp4", scaled("out_range=pc", "-color_range pc"), 20), up_to(20),
                kClose);
  expect_frames(write("full_vp9.webm",
                      "-vf scale=out_range=pc -color_range pc -c:v libvpx-vp9 -lossless 1 "
                      "-pix_fmt yuv420p -cpu-used 8 -deadline realtime",
                      20),
                up_to(20), kClose);
  // Where the stream says nothing, large pictures are BT.709, as players take them.
  expect_frames(write("hd.mp4", scaled("out_color_matrix=bt709", ""), 4, 1280, 960), up_to(4),
                kClose);
  expect_frames(write("sd.mp4", scaled("out_color_matrix=bt601", ""), 4, 640, 480), up_to(4),
                kClose);
  for (const char* format : {"yuv420p10le", "yuv422p10le", "yuv444p10le"}) {
    expect_frames(write(cat(format, ".mp4"),
                        cat("-c:v libx264 -preset veryfast -qp 2 -pix_fmt ", format), 20),
                  up_to(20), kClose);
  }
  for (const char* format : {"yuv420p12le", "yuv422p16le", "gbrp", "bgr0", "rgb48le"}) {
    expect_frames(write(cat(format, ".mkv"), cat("-c:v ffv1 -pix_fmt ", format), 10), up_to(10),
                  kClose);
  }
}

TEST_F(Kinds, SizesAndShapes) {
  expect_frames(write("odd.mkv", "-c:v ffv1 -pix_fmt yuv420p", 20, 161, 121), up_to(20));
  expect_frames(
      write("odd.webm", "-c:v libvpx-vp9 -b:v 2M -cpu-used 8 -deadline realtime", 20, 161, 121),
      up_to(20));
  const fs::path small = write("small.ts", h264_, 30),
                 large = write("large.ts", h264_, 30, 320, 240);
  for (const auto& [name, parts] :
       {std::pair{"grows.ts", std::vector{small, large}}, {"shrinks.ts", {large, small}}}) {
    const fs::path path = join(name, parts);
    const at::Tensor frames = decode_whole(path);
    std::vector<int> twice = up_to(30);
    twice.insert(twice.end(), twice.begin(), twice.begin() + 30);
    EXPECT_EQ(numbers_of(frames), twice) << name;
    EXPECT_EQ(frames.size(2), parts[0] == small ? 160 : 320) << "the size of the first frame";
    for (const int i : {0, 29, 30, 59}) expect_colours(frames[i], 12);
  }
  // Pixels twice as wide as high: half of the width is stored.
  const fs::path wide = write("wide.mp4", "-vf scale=80:120,setsar=2 " + h264_, 20);
  expect_frames(wide, up_to(20), 40);
  EXPECT_EQ(probe_video(wide)->width, 160);
  const fs::path tall = write("tall.mkv", "-vf scale=160:60,setsar=1/2 " + h264_, 20);
  EXPECT_EQ(probe_video(tall)->width, 80);
  EXPECT_EQ(probe_video(tall)->height, 60);
}

TEST_F(Kinds, TheVideoNotItsCover) {
  const fs::path video = write("video.mp4", h264_, 30);
  const fs::path cover = write("cover.png", "-frames:v 1 -update 1", 1, 600, 450);
  const std::string inputs = cover.string() + " -i " + video.string();
  // A picture as the first of two streams, one that is marked as attached, and a thumbnail.
  expect_frames(from(inputs, "first.mkv", "-map 0 -map 1 -c:v:0 mjpeg -c:v:1 copy"), up_to(30));
  expect_frames(
      from(inputs, "attached.mp4",
           "-map 0 -map 1 -c copy -disposition:v:0 attached_pic -disposition:v:1 default"),
      up_to(30));
  const std::string tone = "-f lavfi -i sine=duration=1";
  const fs::path song = dir_.path() / "song.mp3", sound = dir_.path() / "sound.mp4";
  test::run_ffmpeg(tone + " -i " + cover.string() +
                   " -map 0 -map 1 -c:a libmp3lame -c:v mjpeg -disposition:v attached_pic " +
                   song.string());
  test::run_ffmpeg(tone + " -c:a aac " + sound.string());
  for (const fs::path& path : {song, sound})
    EXPECT_EQ(probe_video(path).error().message, path.string() + " holds sound only, no video.");
}

TEST_F(Kinds, CutOffIsSaidOfFilesThatEndEarly) {
  for (const char* name : {"a.mp4", "a.mkv", "a.avi"}) {
    const std::string whole = test::slurp(write(name, h264_ + "-movflags +faststart"));
    const fs::path half = dir_.write(name, whole.substr(0, whole.size() * 2 / 3));
    const auto length = measure_video(half);
    ASSERT_TRUE(length) << length.error().text();
    EXPECT_TRUE(length->fault.cut_off) << name;
    EXPECT_THAT(length->fault.what, HasSubstr("its header promises")) << name;
    EXPECT_GT(length->frames, 20) << name;
    EXPECT_LT(length->frames, 55) << name;
    ClipOptions options;
    options.frames = 4;
    options.sampling = Sampling::segments;
    EXPECT_EQ(load_clip(half, options)->numbers,
              sample_frames(length->frames, 4, 1, Sampling::segments, nullptr));
  }
  const std::string whole = test::slurp(write("late.mp4", h264_));
  const auto no_index = probe_video(dir_.write("late.mp4", whole.substr(0, whole.size() / 2)));
  EXPECT_THAT(no_index.error().message, HasSubstr("is truncated"));
}

TEST_F(Kinds, WholeFilesAreNotCutOff) {
  const auto is_whole = [](const fs::path& path) {
    const auto length = measure_video(path);
    ASSERT_TRUE(length) << length.error().text();
    EXPECT_EQ(length->frames, 60) << path;
    EXPECT_FALSE(length->fault.cut_off) << path << ": " << length->fault.what;
  };
  // To a pipe FFmpeg cannot write the size afterwards, and says 2³² − 1.
  const fs::path piped = dir_.path() / "piped.avi";
  test::run_ffmpeg("-i " + write("whole.avi", "-c:v mpeg4").string() + " -c copy -f avi - > " +
                   piped.string());
  ASSERT_EQ(test::slurp(piped).substr(4, 4), "\xff\xff\xff\xff");
  is_whole(piped);
  const std::string whole = test::slurp(write("whole.mp4", h264_));
  is_whole(dir_.write("tagged.mp4", whole + "<?xpacket begin=\"x\"?><x:xmpmeta/>"));
}

TEST_F(Kinds, AStreamThatAppearsLateIsNoPartOfTheVideo) {
  // Sound begins after 8 s, and the file in the middle of a packet: the demuxer finds the sound only
  // while it reads.
  const fs::path whole = dir_.path() / "whole.mpg";
  test::run_ffmpeg(
      "-f lavfi -i 'nullsrc=s=160x120:r=25:d=16,geq=random(1)*255:128:128' -itsoffset 8 "
      "-f lavfi -i sine=440:duration=4:sample_rate=44100 -map 0:v -map 1:a -c:v mpeg2video -b:v 2M "
      "-maxrate 2M -bufsize 1M -c:a mp2 " +
      whole.string());
  const fs::path cut = dir_.write("cut.mpg", test::slurp(whole).substr(40000));
  const auto length = measure_video(cut);
  ASSERT_TRUE(length) << length.error().text();
  EXPECT_EQ(length->frames, test::frames_by_ffmpeg(cut));
  EXPECT_GT(length->frames, 380);
}

TEST_F(Kinds, WhatCannotBeDecodedMidwayIsSaid) {
  std::string bytes = test::slurp(write("a.avi", "-c:v mjpeg -q:v 2"));
  // Of frames 20 to 29 nothing is left.
  std::size_t at = bytes.find("movi") + 4;
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(bytes.substr(at, 4), "00dc");
    std::size_t size = 0;
    for (int k = 3; k >= 0; --k) size = size << 8 | static_cast<unsigned char>(bytes[at + 4 + k]);
    if (i >= 20) bytes.replace(at + 8, size, size, '\x55');
    at += 8 + size + size % 2;
  }
  const fs::path path = dir_.write("damaged.avi", bytes);
  for (const int threads : {1, 2}) {
    const auto length = measure_video(path, threads);
    ASSERT_TRUE(length) << length.error().text();
    EXPECT_EQ(length->frames, 50);
    EXPECT_FALSE(length->fault.cut_off);
    EXPECT_EQ(length->fault.what,
              "10 of its 60 packets cannot be decoded: Invalid data found when processing input");
  }
  std::vector<int> left = up_to(20);
  const std::vector<int> rest = up_to(60, 30);
  left.insert(left.end(), rest.begin(), rest.end());
  EXPECT_EQ(numbers_of(decode_whole(path)), left);
  // In part or as a whole, by one thread or several: the same clip, of what can be decoded.
  const FramePicker pick = [](std::int64_t total) {
    return sample_frames(total, 5, 1, Sampling::segments, nullptr);
  };
  for (const bool keep : {false, true}) {
    const auto video = read_video(path, 0, pick, 1, [&](std::uint64_t) { return keep; });
    ASSERT_TRUE(video) << video.error().text();
    EXPECT_EQ(video->picks, (std::vector<std::int64_t>{5, 15, 25, 35, 45}));
    std::vector<int> shown;
    for (const std::int64_t position : video->positions)
      shown.push_back(test::number_of(video->frames[position]));
    EXPECT_EQ(shown, (std::vector<int>{5, 15, 35, 45, 55}));
  }
}

// The files on which decoding failed; they are not part of the repository.
TEST(SharedCases, AreReadAsTheyAre) {
  const fs::path cases = test::shared_data().parent_path() / "cases";
  OMNIQ_SKIP_WITHOUT(cases);
  const auto check = [&](const std::string& name, const std::vector<int>& numbers) {
    SCOPED_TRACE(name);
    const auto length = measure_video(cases / name);
    ASSERT_TRUE(length) << length.error().text();
    EXPECT_EQ(length->fault.what, "");
    const at::Tensor frames = decode_whole(cases / name);
    EXPECT_EQ(numbers_of(frames), numbers);
    expect_colours(frames[frames.size(0) - 1], 16);
  };
  for (const char* name :
       {"frag_firstmoov.mp4", "mkv_short.mkv", "webrtc1.webm", "coverfirst.mkv", "fullvp9.webm"}) {
    check(name, up_to(100));
  }
  check("cut.mp4", up_to(100, 26));
  ClipOptions segments;
  segments.frames = 8;
  segments.sampling = Sampling::segments;
  EXPECT_THAT(load_clip(cases / "frag_firstmoov.mp4", segments)->numbers,
              testing::ElementsAre(6, 18, 31, 43, 56, 68, 81, 93));
  expect_colours(decode_whole(cases / "fullvp9.webm")[50], 4);
  const auto vfr = measure_video(cases / "vfr.mkv");
  EXPECT_EQ(vfr->frames, 46);
  EXPECT_EQ(vfr->fault.what, "");
  EXPECT_THAT(probe_video(cases / "song.mp3").error().message, HasSubstr("sound only"));
}

}  // namespace
}  // namespace omniq::data
