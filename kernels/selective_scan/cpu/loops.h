// The loops of the CPU scan, on plain pointers: compiled without torch so that they can have their
// own compiler flags.
#pragma once

#include <cstdint>

#include "kernels/selective_scan/arguments.h"

namespace omniq::kernels::detail {

/// States come in multiples of this (zeros at the end do no harm: their A, B and C are 0).
inline constexpr std::int64_t kStateMultiple = 16;
/// Channels that are worked on together.
inline constexpr std::int64_t kTile = 16;

template <typename T>
using CpuScanArguments = ScanArguments<T, T>;

/// Where the gradients go. Those of u, delta and z are assigned (z's second direction is added
/// where the directions share it), the others are added to. Null for those that are not needed; B
/// and C go together. Those of A, D_skip and delta_bias are laid out as in the arguments; B and C
/// are [directions, clips, tokens, states], contiguous.
template <typename T>
struct ScanGradients {
  Rows<const T> y;
  Rows<T> u, delta, z;
  T *A, *B, *C, *D_skip, *delta_bias;
};

/// What one call works on: [begin, end) of clips and of channel tiles, in every direction.
struct ScanRange {
  std::int64_t clip_begin, clip_end, tile_begin, tile_end;
};

/// Number of elements of scratch memory that a call needs.
std::int64_t scan_forward_scratch(std::int64_t states);
std::int64_t scan_backward_scratch(std::int64_t tokens, std::int64_t states);

/// Forward over the flattened (direction, clip, tile) indices [begin, end).
void scan_forward(const CpuScanArguments<float>& args, const Rows<float>& y, std::int64_t begin,
                  std::int64_t end, float* scratch);
void scan_forward(const CpuScanArguments<double>& args, const Rows<double>& y, std::int64_t begin,
                  std::int64_t end, double* scratch);

/// Backward, recomputing the states of a few channels at a time.
void scan_backward(const CpuScanArguments<float>& args, const ScanGradients<float>& grads,
                   const ScanRange& range, float* scratch);
void scan_backward(const CpuScanArguments<double>& args, const ScanGradients<double>& grads,
                   const ScanRange& range, double* scratch);

}  // namespace omniq::kernels::detail
