#include "kernels/patch_rows/patch_rows.h"

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/patch_rows/patch_rows_cuda.h"

namespace omniq::kernels {
namespace {

static_assert(kByteCentre == detail::kCentreOfBytes && kByteScale == detail::kScaleOfBytes);

struct Shape {
  std::int64_t frames, channels, height, width;
};

at::Tensor composite(const at::Tensor& frames, const Shape& s, std::int64_t patch,
                     at::ScalarType dtype) {
  const std::int64_t down = s.height / patch, across = s.width / patch;
  if (frames.scalar_type() != at::kByte) {
    return frames.slice(2, 0, down * patch)
        .slice(3, 0, across * patch)
        .reshape({s.frames, s.channels, down, patch, across, patch})
        .permute({0, 2, 4, 1, 3, 5})
        .reshape({s.frames, down, across, s.channels * patch * patch})
        .to(dtype);
  }
  const at::Tensor values = (frames.to(at::kFloat) - kByteCentre) / kByteScale;
  return values.slice(1, 0, down * patch)
      .slice(2, 0, across * patch)
      .reshape({s.frames, down, patch, across, patch, s.channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({s.frames, down, across, patch * patch * s.channels})
      .to(dtype);
}

template <typename In>
at::Tensor run(const at::Tensor& raw, const Shape& s, at::ScalarType dtype) {
  const at::Tensor frames = detail::with_aligned_start(raw);
  const at::Tensor out = at::empty({s.frames, s.height / detail::kPatch, s.width / detail::kPatch,
                                    s.channels * detail::kPatch * detail::kPatch},
                                   frames.options().dtype(dtype));
  detail::launch_half_kernel(out, [&](auto zero, cudaStream_t stream) {
    return detail::patch_rows(detail::data_of<const In>(frames), s.frames,
                              static_cast<int>(s.height), static_cast<int>(s.width),
                              detail::data_of<decltype(zero)>(out), stream);
  });
  return out;
}

}  // namespace

at::Tensor patch_rows(const at::Tensor& frames, std::int64_t patch, at::ScalarType dtype) {
  const bool bytes = frames.scalar_type() == at::kByte;
  TORCH_CHECK(frames.dim() == 4 && (bytes || frames.is_floating_point()),
              "patch_rows: expected floating frames [n, c, H, W] or uint8 [n, H, W, c], got ",
              frames.scalar_type(), " ", frames.sizes());
  const Shape s{frames.size(0), frames.size(bytes ? 3 : 1), frames.size(bytes ? 1 : 2),
                frames.size(bytes ? 2 : 3)};
  TORCH_CHECK(patch > 0 && s.height >= patch && s.width >= patch, "patch_rows: frames of ",
              s.height, " × ", s.width, " are smaller than a patch of ", patch);
  detail::check_no_gradient("patch_rows", frames);
  const bool has_kernel = frames.is_cuda() && patch == detail::kPatch &&
                          s.channels == detail::kPatchChannels && detail::is_half(dtype) &&
                          (bytes || frames.scalar_type() == at::kFloat) && frames.numel() > 0;
  if (!has_kernel) return composite(frames, s, patch, dtype);
  return bytes ? run<std::uint8_t>(frames, s, dtype) : run<float>(frames, s, dtype);
}

}  // namespace omniq::kernels
