#include "core/model/swin/layout.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include "kernels/window_attention/windows.h"

namespace omniq::model::swin {
namespace {

using Indices = std::vector<std::int64_t>;

// A token map in memory: the position y·width + x of each token in turn, −1 for padding.
struct Order {
  std::int64_t height, width;
  Indices position;
};

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

Order row_order(std::int64_t height, std::int64_t width) {
  Order order{height, width, Indices(static_cast<std::size_t>(height * width))};
  for (std::size_t i = 0; i < order.position.size(); ++i)
    order.position[i] = static_cast<std::int64_t>(i);
  return order;
}

// Tokens window by window, of the map padded at the bottom and right and then rolled up and left.
Order window_order(std::int64_t height, std::int64_t width, std::int64_t window,
                   std::int64_t shift_y, std::int64_t shift_x) {
  const std::int64_t padded_height = round_up(height, window);
  const std::int64_t padded_width = round_up(width, window);
  Order order{height, width, {}};
  order.position.reserve(static_cast<std::size_t>(padded_height * padded_width));
  for (std::int64_t wy = 0; wy < padded_height; wy += window) {
    for (std::int64_t wx = 0; wx < padded_width; wx += window) {
      for (std::int64_t i = 0; i < window; ++i) {
        for (std::int64_t j = 0; j < window; ++j) {
          const std::int64_t y = (wy + i + shift_y) % padded_height;
          const std::int64_t x = (wx + j + shift_x) % padded_width;
          order.position.push_back(y < height && x < width ? y * width + x : -1);
        }
      }
    }
  }
  return order;
}

at::Tensor to_tensor(const Indices& indices, at::Device device) {
  return torch::tensor(at::ArrayRef<std::int64_t>(indices), torch::kInt64).to(device);
}

// From tokens held as `from` (a permutation of the map) to the map positions listed in `wanted`.
Gather make_gather(const Order& from, const Indices& wanted, at::Device device) {
  const auto in = static_cast<std::int64_t>(from.position.size());
  const auto out = static_cast<std::int64_t>(wanted.size());
  Indices where(from.position.size());
  for (std::int64_t i = 0; i < in; ++i) where[static_cast<std::size_t>(from.position[i])] = i;
  Indices forward(wanted.size(), in);
  Indices backward(from.position.size(), out);
  Gather gather;
  bool identity = in == out;
  for (std::int64_t i = 0; i < out; ++i) {
    if (wanted[i] < 0) {
      gather.forward_pads = true;
    } else {
      forward[i] = where[wanted[i]];
      backward[forward[i]] = i;
    }
    identity = identity && forward[i] == i;
  }
  for (const std::int64_t i : backward) gather.backward_pads = gather.backward_pads || i == out;
  if (identity) return {};
  gather.forward = to_tensor(forward, device);
  gather.backward = to_tensor(backward, device);
  return gather;
}

// The 2 × 2 neighbours of each token of `next`, in torchvision's order: down first, then right.
Indices merge_positions(const Order& next, std::int64_t height, std::int64_t width) {
  Indices wanted;
  wanted.reserve(next.position.size() * 4);
  for (const std::int64_t position : next.position) {
    const std::int64_t y = position / next.width * 2;
    const std::int64_t x = position % next.width * 2;
    for (std::int64_t right = 0; right < 2; ++right) {
      for (std::int64_t down = 0; down < 2; ++down) {
        const bool inside = y + down < height && x + right < width;
        wanted.push_back(inside ? (y + down) * width + x + right : -1);
      }
    }
  }
  return wanted;
}

at::Tensor copy_rows(const at::Tensor& tokens, const at::Tensor& index, bool pads) {
  // Index `in` is the row of zeros behind the last token.
  return (pads ? at::constant_pad_nd(tokens, {0, 0, 0, 1}) : tokens).index_select(1, index);
}

// index_select with the inverse permutation as its gradient; autograd's own formula adds row by
// row.
struct Rearrange : torch::autograd::Function<Rearrange> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& tokens,
                            const at::Tensor& index, const at::Tensor& inverse, bool pads,
                            bool inverse_pads) {
    context->saved_data["inverse"] = inverse;
    context->saved_data["pads"] = inverse_pads;
    return copy_rows(tokens, index, pads);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    return {copy_rows(gradients[0], context->saved_data["inverse"].toTensor(),
                      context->saved_data["pads"].toBool()),
            {},
            {},
            {},
            {}};
  }
};

}  // namespace

at::Tensor rearrange(const at::Tensor& tokens, const Gather& gather, bool inverse) {
  if (gather.identity()) return tokens;
  if (inverse) {
    return Rearrange::apply(tokens, gather.backward, gather.forward, gather.backward_pads,
                            gather.forward_pads);
  }
  return Rearrange::apply(tokens, gather.forward, gather.backward, gather.forward_pads,
                          gather.backward_pads);
}

FrameLayout make_layout(std::int64_t rows, std::int64_t columns, std::int64_t stages,
                        std::int64_t window, at::Device device) {
  const auto stage_order = [&](std::int64_t height, std::int64_t width) {
    const bool divides = height % window == 0 && width % window == 0;
    return divides ? window_order(height, width, window, 0, 0) : row_order(height, width);
  };
  FrameLayout layout;
  layout.rows = rows;
  layout.columns = columns;
  layout.windowed = rows % window == 0 && columns % window == 0;
  Order order = stage_order(rows, columns);
  for (std::int64_t i = 0; i < stages; ++i) {
    StageLayout stage;
    stage.height = order.height;
    stage.width = order.width;
    const std::int64_t padded_height = round_up(stage.height, window);
    const std::int64_t padded_width = round_up(stage.width, window);
    stage.windows = padded_height * padded_width / (window * window);
    // A window that covers an axis has nothing to be shifted to on it.
    const std::int64_t shift_y = window < padded_height ? window / 2 : 0;
    const std::int64_t shift_x = window < padded_width ? window / 2 : 0;
    const auto windows = [&](std::int64_t dy, std::int64_t dx) {
      return make_gather(order, window_order(stage.height, stage.width, window, dy, dx).position,
                         device);
    };
    stage.plain = windows(0, 0);
    stage.shifted = windows(shift_y, shift_x);
    if (shift_y + shift_x > 0) {
      stage.shift_mask =
          kernels::shift_mask(padded_height, padded_width, window, shift_y, shift_x).to(device);
    }
    if (i + 1 < stages) {
      const Order next = stage_order((stage.height + 1) / 2, (stage.width + 1) / 2);
      stage.merge = make_gather(order, merge_positions(next, stage.height, stage.width), device);
      stage.merged = static_cast<std::int64_t>(next.position.size());
      order = next;
    }
    layout.stages.push_back(std::move(stage));
  }
  return layout;
}

}  // namespace omniq::model::swin
