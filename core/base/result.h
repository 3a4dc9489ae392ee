// Errors that a user can cause are values; broken invariants are exceptions.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace omniq {

enum class ErrorCode {
  usage,       // the command line's words are off
  config,      // a setting is unknown, out of range or contradicts another
  data,        // a dataset, list or video cannot be used
  checkpoint,  // weights or a checkpoint cannot be read or do not fit
  io,          // a file or folder cannot be read or written
  numeric,     // a model computed NaN or infinity
  memory,      // the machine's or the GPU's memory ran out
  engine,      // the engine cannot be loaded, or something in it failed
  stopped,     // the user asked to stop; the state was saved
};

/// What went wrong, where (a key, a file and line), and what to do about it.
struct Error {
  ErrorCode code;
  std::string message;  // one sentence that names the file or key and what is wrong
  std::string hint;     // what to do; may be empty

  std::string text() const { return hint.empty() ? message : message + " " + hint; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

}  // namespace omniq

/// Returns the error of a Result from the enclosing function; for use where no value is needed.
#define OMNIQ_TRY(expression)                                                  \
  do {                                                                         \
    if (auto omniq_result_ = (expression); !omniq_result_)                     \
      return tl::unexpected<::omniq::Error>(std::move(omniq_result_).error()); \
  } while (false)

/// Binds `declaration` to the value of a Result, or returns its error from the enclosing function.
#define OMNIQ_ASSIGN_CONCAT_(a, b) a##b
#define OMNIQ_ASSIGN_NAME_(line) OMNIQ_ASSIGN_CONCAT_(omniq_assign_, line)
#define OMNIQ_ASSIGN(declaration, expression)                                               \
  auto OMNIQ_ASSIGN_NAME_(__LINE__) = (expression);                                         \
  if (!OMNIQ_ASSIGN_NAME_(__LINE__))                                                        \
    return tl::unexpected<::omniq::Error>(std::move(OMNIQ_ASSIGN_NAME_(__LINE__)).error()); \
  declaration = std::move(*OMNIQ_ASSIGN_NAME_(__LINE__))
