#include "kernels/keyed_dropout/keyed_dropout.h"

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/keyed_dropout/keyed_bits.h"
#include "kernels/keyed_dropout/keyed_dropout_cuda.h"

namespace omniq::kernels {
namespace {

using detail::KeyedRows;

constexpr std::int64_t kGrain = 16384;  // elements that are worth a thread

void check(const char* name, const at::Tensor& samples) {
  TORCH_CHECK(samples.dim() == 1 && samples.scalar_type() == at::kLong, name,
              ": samples must be int64 [B], got ", samples.scalar_type(), " ", samples.sizes());
}

/// Calls f(element of its sample, place in memory, bits of the sample) for all, on the CPU.
template <typename F>
void for_each_element(const KeyedRows& rows, const F& f) {
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / rows.inner);
  at::parallel_for(0, rows.outer * rows.batch, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const detail::SampleBits bits(rows.key, rows.samples[row % rows.batch]);
      const std::int64_t before = row / rows.batch * rows.inner;
      for (std::int64_t i = 0; i < rows.inner; ++i) f(before + i, row * rows.inner + i, bits);
    }
  });
}

at::Tensor dropped(const KeyedRows& rows, const at::Tensor& x, double rate) {
  const auto threshold = static_cast<std::uint32_t>(rate * 0x1.0p32);
  const double scale = 1 / (1 - rate);
  const at::Tensor y = at::empty_like(x);
  if (x.is_cuda()) {
    const auto launch = [&](auto zero) {
      using T = decltype(zero);
      C10_CUDA_CHECK(detail::keyed_dropout(rows, detail::data_of<const T>(x), threshold, scale,
                                           detail::data_of<T>(y),
                                           at::cuda::getCurrentCUDAStream()));
    };
    if (x.scalar_type() == at::kDouble) {
      launch(double{});
    } else {
      detail::dispatch_device_type(x.scalar_type(), launch);
    }
    return y;
  }
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "keyed_dropout", [&] {
    using Exact = at::opmath_type<scalar_t>;
    const auto* from = x.const_data_ptr<scalar_t>();
    auto* to = y.mutable_data_ptr<scalar_t>();
    for_each_element(rows, [&](std::int64_t element, std::int64_t at, const auto& bits) {
      to[at] =
          bits(element) < threshold
              ? scalar_t(0)
              : static_cast<scalar_t>(static_cast<Exact>(from[at]) * static_cast<Exact>(scale));
    });
  });
  return y;
}

struct KeyedDropout : torch::autograd::Function<KeyedDropout> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& raw,
                            const at::Tensor& raw_samples, std::int64_t key, double rate,
                            std::int64_t axis) {
    const c10::OptionalDeviceGuard guard(raw.device());
    const at::Tensor x = raw.contiguous(), samples = raw_samples.contiguous();
    context->save_for_backward({samples});
    context->saved_data["key"] = key;
    context->saved_data["rate"] = rate;
    context->saved_data["axis"] = axis;
    if (x.numel() == 0) return x.clone();
    const KeyedRows rows{c10::multiply_integers(x.sizes().slice(0, axis)), x.size(axis),
                         c10::multiply_integers(x.sizes().slice(axis + 1)),
                         samples.const_data_ptr<std::int64_t>(), static_cast<std::uint64_t>(key)};
    return dropped(rows, x, rate);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    auto& saved = context->saved_data;
    return {keyed_dropout(gradients[0], context->get_saved_variables()[0],
                          static_cast<std::uint64_t>(saved["key"].toInt()),
                          saved["rate"].toDouble(), saved["axis"].toInt()),
            {},
            {},
            {},
            {}};
  }
};

}  // namespace

at::Tensor keyed_uniform(const at::Tensor& raw, std::uint64_t key, std::int64_t count) {
  check("keyed_uniform", raw);
  const c10::OptionalDeviceGuard guard(raw.device());
  const at::Tensor samples = raw.contiguous();
  const at::Tensor out = at::empty({samples.size(0), count}, samples.options().dtype(at::kFloat));
  if (out.numel() == 0) return out;
  const KeyedRows rows{1, samples.size(0), count, samples.const_data_ptr<std::int64_t>(), key};
  auto* to = out.mutable_data_ptr<float>();
  if (samples.is_cuda()) {
    C10_CUDA_CHECK(detail::keyed_uniform(rows, to, at::cuda::getCurrentCUDAStream()));
  } else {
    for_each_element(rows, [&](std::int64_t element, std::int64_t at, const auto& bits) {
      to[at] = bits.uniform(element);
    });
  }
  return out;
}

at::Tensor keyed_dropout(const at::Tensor& x, const at::Tensor& samples, std::uint64_t key,
                         double rate, std::int64_t axis) {
  check("keyed_dropout", samples);
  TORCH_CHECK(rate >= 0 && rate < 1, "keyed_dropout: rate must be in [0, 1), got ", rate);
  TORCH_CHECK(
      x.is_floating_point() && axis >= 0 && axis < x.dim() && x.size(axis) == samples.size(0),
      "keyed_dropout: x is ", x.scalar_type(), " ", x.sizes(), ", expected floating with ",
      samples.size(0), " samples along axis ", axis);
  detail::check_device("keyed_dropout", "samples", samples, x);
  if (rate == 0) return x;
  return KeyedDropout::apply(x, samples, static_cast<std::int64_t>(key), rate, axis);
}

}  // namespace omniq::kernels
