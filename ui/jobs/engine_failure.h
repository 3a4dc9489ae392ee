// What a job says when the engine throws: out of memory, and what is broken in it.
#pragma once

#include <exception>
#include <string>

#include "core/base/result.h"
#include "core/base/text.h"

namespace omniq::ui {

inline tl::unexpected<Error> engine_failure(const std::exception& e, std::string hint) {
  return fail(ErrorCode::io,
              cat("Something failed inside the engine: ", split(e.what(), '\n').front()),
              std::move(hint));
}

}  // namespace omniq::ui
