#include "cli/compat_main.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/stop.h"
#include "base/text.h"
#include "cli/compat_commands.h"
#include "cli/compat_table.h"
#include "flow/compat.h"

namespace whimbrel {
namespace {

constexpr const char* kVersion = "14.0.7";  // whose behaviour this is
constexpr int kFailed = 1;

/// Columns of a terminal; 80 for anything else.
size_t columns_of(int descriptor) {
  winsize size{};
  bool known = isatty(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string option_of(const CompatLine& line, const std::string& name) {
  auto found = line.options.find(name);
  return found == line.options.end() ? "" : found->second;
}

void print_done(const char* verb, const std::vector<std::string>& files) {
  for (const std::string& file : files) fmt::print("MIGRATED {}: {}\n", verb, file);
}

/// A signal ends it without a word; everything else is said as migrate-mongo says it.
int finish(const Compat& compat, const Error& error) {
  std::fflush(stdout);
  bool signal = error.kind == ErrorKind::kInterrupted || error.kind == ErrorKind::kTerminated;
  if (signal) return exit_code(error.kind);
  fmt::print(stderr, "ERROR: {} {}\n", error.message, compat.stack_of(error));
  return kFailed;
}

int finish(const Compat& compat, const Status& status) {
  return status ? 0 : finish(compat, status.error());
}

int print_init(Compat& compat, const CompatLine& line) {
  bool esm = option_of(line, "--module") == "esm";
  Status made = compat.init(esm ? ModuleSystem::kEsm : ModuleSystem::kCommonJs);
  if (made) {
    fmt::print(
        "Initialization successful. Please edit the generated `migrate-mongo-config.js` file\n");
  }
  return finish(compat, made);
}

int print_create(Compat& compat, const CompatLine& line) {
  auto created = compat.create(line.arguments.empty() ? "" : line.arguments.front());
  if (!created) return finish(compat, created.error());
  fmt::print("Created: {}\n", *created);
  return 0;
}

int print_up(Compat& compat) {
  std::vector<std::string> done;
  Status applied = compat.up(done);
  print_done("UP", done);
  return finish(compat, applied);
}

int print_down(Compat& compat, const CompatLine& line) {
  std::vector<std::string> done;
  bool block = line.options.contains("--block");
  Status undone = compat.down(block ? DownReach::kBlock : DownReach::kLast, done);
  print_done("DOWN", done);
  return finish(compat, undone);
}

int print_status(Compat& compat, const std::vector<std::string>& words) {
  auto status = compat.status();
  if (!status) return finish(compat, status.error());
  std::vector<std::string> head = {"Filename", "Applied At", "Migration block"};
  if (status->hashes) head.insert(head.begin() + 1, "Hash");
  std::vector<std::vector<std::string>> rows;
  for (const node::CompatItem& item : status->items) rows.push_back(item.cells);
  auto variable = [](const char* name) { return static_cast<const char*>(std::getenv(name)); };
  fmt::print("{}\n", compat_table(head, rows, compat_colours(words, variable)));
  return 0;
}

int run(const CompatLine& line, const std::vector<std::string>& words) {
  Compat compat({option_of(line, "--file"), option_of(line, "--migrations-dir"), words},
                process_stop());
  const std::string& name = line.command->name;
  if (name == "init") return print_init(compat, line);
  if (name == "create") return print_create(compat, line);
  if (name == "up") return print_up(compat);
  if (name == "down") return print_down(compat, line);
  return print_status(compat, words);
}

}  // namespace

bool is_compat_call(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--compat") return true;
  return argc > 0 && std::filesystem::path(argv[0]).filename() == "migrate-mongo";
}

int compat_main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "--compat") words.erase(words.begin());
  CompatLine line =
      parse_compat_line(words, {columns_of(STDOUT_FILENO), columns_of(STDERR_FILENO)});
  switch (line.kind) {
    case CompatLine::Kind::kVersion:
      fmt::print("{}\n", kVersion);
      return 0;
    case CompatLine::Kind::kHelp:
      fmt::print("{}", line.text);
      return 0;
    case CompatLine::Kind::kUsage:
      fmt::print(stderr, "{}", line.text);
      return kFailed;
    case CompatLine::Kind::kRun:
      break;
  }
  return run(line, words);
}

}  // namespace whimbrel
