// Takes part of a list aside without tearing recordings apart. Internal to core/data.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/dataset.h"

namespace omniq::data {

/// Whether each clip is held out: about `fraction` of all clips, whole groups at a time, the same
/// share of every class as far as its groups allow: at least one group of each class that has two,
/// never the last one. What one class gave too little or too much, the next ones make up for.
/// Depends on `seed` and on the clips' names, not on their order.
std::vector<bool> hold_out(const std::vector<ClipRef>& clips, double fraction, std::uint64_t seed);

}  // namespace omniq::data
