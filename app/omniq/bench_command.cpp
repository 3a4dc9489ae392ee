// omniq bench: hands over to omniq-bench, which also runs where there is only libtorch and CUDA.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/omniq/command.h"
#include "core/base/text.h"

namespace omniq::app {

void add_bench(CommandLine& line) {
  CLI::App* command =
      line.app.add_subcommand("bench", "Time the kernels; omniq bench --help lists what");
  command->prefix_command();
  command->set_help_flag();  // --help is omniq-bench's
  command->callback([command, &line] {
    line.action = [command]() -> Result<int> {
      const auto program =
          std::filesystem::read_symlink("/proc/self/exe").parent_path() / "omniq-bench";
      std::vector<std::string> words = command->remaining();
      std::vector<char*> argv = {const_cast<char*>(program.c_str())};
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(program.c_str(), argv.data());
      return fail(ErrorCode::usage,
                  cat("Cannot start ", program.string(), ": ", std::strerror(errno), "."),
                  "It is built beside omniq; build it, or copy it there.");
    };
  });
}

}  // namespace omniq::app
