#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "flow/resolve.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Error usage(const std::string& message) {
  return Error{ErrorKind::kUsage, message, "whimbrel help resolve"};
}

Result<ResolveOptions> options_of(const Arguments& arguments) {
  if (arguments.words.size() != 1) return usage("resolve takes the name of one migration");
  if (arguments.applied + arguments.pending + arguments.accept_change != 1) {
    return usage("resolve takes one of --applied, --pending and --accept-change");
  }
  ResolveOptions options;
  options.name = arguments.words.front();
  options.lock_wait = arguments.wait;
  if (arguments.pending) options.resolution = Resolution::kPending;
  if (arguments.accept_change) options.resolution = Resolution::kAcceptChange;
  return options;
}

Result<std::unique_ptr<Reporter>> talk(const Arguments& arguments) {
  Reporter::Options options;
  options.output = arguments.output;
  options.progress.kind = ProgressStyle::Kind::kNone;
  options.command = "resolve";
  options.quiet = arguments.quiet;
  return Reporter::open(options);
}

void print(const Arguments& arguments, const ResolveOptions& options, const Resolved& resolved) {
  if (arguments.output == Output::kText) {
    for (const std::string& line : resolved.lines) fmt::print("{}\n", line);
    return;
  }
  Json json{{"type", "resolve"},           {"exit", 0},
            {"migration", resolved.file},  {"as", to_text(options.resolution)},
            {"changed", resolved.changed}, {"messages", resolved.lines}};
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Result<int> run_resolve(const Arguments& arguments) {
  ResolveOptions options = TRY(options_of(arguments));
  Project project = TRY(open_project(arguments.sources));
  TRY(require_confirmation(project.config, project.database,
                           ask_confirmation(arguments, project.config, project.database)));
  auto reporter = TRY(talk(arguments));
  ShownScriptLines shown(*project.scripts, *reporter);
  auto resolved = resolve(project, options, *reporter, process_stop());
  if (resolved) {
    print(arguments, options, *resolved);
    return 0;
  }
  Error error = std::move(resolved).error();
  if (error.kind == ErrorKind::kLockHeld) {
    error.hint = "wait for it: add --wait 10m; or look: whimbrel status";
  }
  return error;
}

}  // namespace whimbrel
