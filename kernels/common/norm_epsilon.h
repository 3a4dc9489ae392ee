// The ε of the norms, for C++ and CUDA: compiled without torch.
#pragma once

namespace omniq::kernels::detail {

/// (x − mean) ÷ √(variance + ε)
inline constexpr double kNormEpsilon = 1e-5;

}  // namespace omniq::kernels::detail
