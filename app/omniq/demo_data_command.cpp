// omniq demo-data
#include <iostream>
#include <thread>

#include "app/omniq/command.h"
#include "app/omniq/progress_bar.h"
#include "app/omniq/signals.h"
#include "core/base/text.h"
#include "core/data/demo.h"

namespace omniq::app {

void add_demo_data(CommandLine& line) {
  auto directory = std::make_shared<std::string>();
  auto options = std::make_shared<data::DemoOptions>();
  Command command = add_command(
      line, "demo-data", "Generate the demo set: short videos of moving shapes",
      [=, &line]() -> Result<int> {
        options->threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
        {
          const Stoppable stop(/*saves=*/false);
          ProgressBar bar("generating", line.progress);
          OMNIQ_TRY(data::generate_demo(
              *directory, *options,
              [&](std::int64_t done, std::int64_t total) {
                bar.show(done, total, cat(done, "/", total, " clips"));
              },
              stop.token()));
        }
        if (line.json) {
          print_json({{"directory", *directory},
                      {"classes", 8},
                      {"train_clips", 8 * options->train_clips},
                      {"test_clips", 8 * options->test_clips}});
        } else {
          std::cout << 8 * (options->train_clips + options->test_clips) << " clips of 8 classes in "
                    << shown(*directory) << "\n";
        }
        return kDone;
      });
  add_progress(line, command);
  command.required("DIR", *directory, "Folder to write")
      .option("--seed", options->seed, "Another seed gives another set")
      .option("--train-clips", options->train_clips, "Training clips a class", {1, 100000})
      .option("--test-clips", options->test_clips, "Test clips a class", {1, 100000});
}

}  // namespace omniq::app
