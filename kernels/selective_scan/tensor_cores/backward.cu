// Launches the backward kernels of the scan on tensor cores.
#include "kernels/selective_scan/tensor_cores/backward.cuh"
#include "kernels/selective_scan/tensor_cores/launch.cuh"
#include "kernels/selective_scan/tensor_cores/sums.cuh"

namespace omniq::kernels::detail {

template <typename T>
std::int64_t scan_backward_products_shared_bytes(std::int64_t states) {
  return states == 64 ? sizeof(BackwardShared<T, 64>) : sizeof(BackwardShared<T, 128>);
}

template <typename T>
ScanProductScratch scan_backward_products_scratch(const CudaScanArguments<T>& args) {
  const auto divide_up = [](std::int64_t x, std::int64_t by) { return (x + by - 1) / by; };
  const std::int64_t sequences = args.directions * args.clips;
  const std::int64_t octets = divide_up(args.tokens, kOctetTokens);
  const std::int64_t floats =
      args.states == 64 ? SharesLayout<64>::kFloats : SharesLayout<128>::kFloats;
  return {sequences * (octets - 1) * divide_up(args.channels, kWarpChannels) * kWarpChannels *
              args.states * static_cast<std::int64_t>(sizeof(__nv_bfloat16)),
          divide_up(args.channels, kProductChannels) * sequences * octets * floats};
}

template <typename T, int kStates>
cudaError_t launch_backward_products(const CudaScanArguments<T>& args,
                                     const CudaScanProductGradients<T>& grads,
                                     const ScanChunks& chunks, cudaStream_t stream) {
  using Shared = ProductShared<T, kStates>;
  if (chunks.count > 1) {
    CudaScanArguments<T> adjoint = args;
    adjoint.u = grads.y;
    adjoint.B = args.C;
    ProductParameters<T> p{};
    set_product_parameters(p, adjoint, chunks);
    p.ends = grads.adjoints;
    const cudaError_t error =
        launch_products<Shared>(scan_products_ends_kernel<T, kStates, true>, p, stream);
    if (error != cudaSuccess) return error;
  }
  GradientParameters<T> p{};
  set_product_parameters(p, args, chunks);
  p.found_ends = grads.ends;
  p.found_exponents = grads.exponents;
  p.octet_states = static_cast<uint4*>(grads.states);
  if (args.tokens > kOctetTokens) {
    const cudaError_t error =
        launch_products<Shared>(scan_products_octet_states_kernel<T, kStates>,
                                static_cast<ProductParameters<T>&>(p), stream);
    if (error != cudaSuccess) return error;
  }
  p.vectors = p.vectors && has_vectors(grads.y) && has_vectors(grads.ungated);
  p.grad_y = grads.y;
  p.found_ungated = grads.ungated;
  p.grad_u = grads.u;
  p.grad_delta = grads.delta;
  p.grad_z = grads.z;
  p.found_adjoints = grads.adjoints;
  p.grad_skip = grads.D_skip;
  p.grad_bias = grads.delta_bias;
  p.shares = grads.shares;
  const cudaError_t error = launch_products<BackwardShared<T, kStates>>(
      scan_products_backward_kernel<T, kStates>, p, stream);
  if (error != cudaSuccess) return error;

  const std::int64_t sequences = args.directions * args.clips;
  const std::int64_t octets = (args.tokens + kOctetTokens - 1) / kOctetTokens;
  const SumParameters<T> sum{args.B,       args.C,           grads.B,     grads.C,
                             grads.shares, args.clips,       args.tokens, octets,
                             sequences,    p.channel_blocks, p.weights};
  scan_products_sum_kernel<T, kStates><<<static_cast<unsigned>(sequences * octets),
                                         SharesLayout<kStates>::kQuads * 32, 0, stream>>>(sum);
  return cudaGetLastError();
}

template <typename T>
cudaError_t scan_backward_products(const CudaScanArguments<T>& args,
                                   const CudaScanProductGradients<T>& grads,
                                   const ScanChunks& chunks, cudaStream_t stream) {
  return with_constant<64, 128>(args.states, [&](auto states) {
    return launch_backward_products<T, states>(args, grads, chunks, stream);
  });
}

using Element = OMNIQ_ELEMENT;
template std::int64_t scan_backward_products_shared_bytes<Element>(std::int64_t);
template ScanProductScratch scan_backward_products_scratch(const CudaScanArguments<Element>&);
template cudaError_t scan_backward_products(const CudaScanArguments<Element>&,
                                            const CudaScanProductGradients<Element>&,
                                            const ScanChunks&, cudaStream_t);

}  // namespace omniq::kernels::detail
