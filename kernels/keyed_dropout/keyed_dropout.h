// Random numbers and dropout that depend on a key and on whose they are, and on nothing else.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace omniq::kernels {

// What is drawn for an element follows from (key, sample, number of the element in its sample),
// with the same bits on every device: neither the other samples of a batch nor their order matter,
// nor what else is drawn. samples is int64 [B]. Throw c10::Error where shapes, dtypes or devices do
// not agree.

/// Uniform in [0, 1), of 24 bits: float32 [B, count] on the device of samples.
at::Tensor keyed_uniform(const at::Tensor& samples, std::uint64_t key, std::int64_t count);

/// Zeroes elements of x with the probability `rate`, in [0, 1), and divides the others by 1 − rate.
/// x floating, [B, …] or with samples along another `axis`, on the device of samples; x itself for
/// a rate of 0. Differentiable any number of times; a backward pass draws the same again, so that
/// nothing but `samples` is kept for it.
at::Tensor keyed_dropout(const at::Tensor& x, const at::Tensor& samples, std::uint64_t key,
                         double rate, std::int64_t axis = 0);

}  // namespace omniq::kernels
