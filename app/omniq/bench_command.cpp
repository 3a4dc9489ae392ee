// omniq bench: hands over to omniq-bench, which also runs where there is only libtorch and CUDA.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/omniq/command.h"
#include "app/omniq/signals.h"
#include "core/base/text.h"

namespace omniq::app {

void add_bench(CommandLine& line) {
  auto words = std::make_shared<std::vector<std::string>>();
  const auto hand_over = [words]() -> Result<int> {
    const auto program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "omniq-bench";
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (std::string& word : *words) argv.push_back(word.data());
    argv.push_back(nullptr);
    unwatch_signals();  // what is blocked or ignored would stay so
    ::execv(program.c_str(), argv.data());
    return fail(ErrorCode::usage,
                cat("Cannot start ", program.string(), ": ", std::strerror(errno), "."),
                "It is built beside omniq; build it, or copy it there.");
  };
  line.parser
      .command("bench", "Time the kernels; omniq bench --help lists what",
               [&line, hand_over] { line.action = hand_over; })
      .words(*words);  // --help is omniq-bench's
}

}  // namespace omniq::app
