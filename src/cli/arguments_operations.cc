#include "cli/arguments_operations.h"

#include "base/text.h"

namespace whimbrel {

void add_every(CLI::App& command, Arguments& arguments, const std::string& what) {
  auto every = [&arguments](const std::string& text) {
    auto duration = parse_duration(text);
    if (!duration) throw CLI::ValidationError("--every", duration.error().message);
    if (*duration < kShortestEvery)
      throw CLI::ValidationError("--every", "'" + text + "' is less than 100ms");
    arguments.every = *duration;
  };
  command.add_option_function<std::string>("--every", every, what);
}

void add_operations_commands(CLI::App& app, Arguments& arguments) {
  auto* monitor = app.add_subcommand(
      "monitor", "how the deployment is: load, cache, lag, slow operations, runs; writes nothing");
  add_every(*monitor, arguments, "time between two samples: 5s");
  monitor->add_option("--count", arguments.count, "end after so many samples")
      ->check(CLI::Range(1, 1'000'000'000));
}

}  // namespace whimbrel
