// migrate-mongo's command line: its commands and options, what a line means, and its help.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace whimbrel {

struct CompatOption {
  std::string flags;  ///< "-f --file <file>", as help and messages write it
  std::string description;
  std::string short_name;  ///< "-f"; "" for none
  std::string long_name;   ///< "--file"
  bool takes_value = false;
};

struct CompatCommand {
  std::string name;
  std::string arguments;  ///< as the usage line writes them: "[description]"
  size_t most_arguments = 0;
  std::string description;
  std::vector<CompatOption> options;
};

const std::vector<CompatCommand>& compat_commands();

/// What a command line asks for.
struct CompatLine {
  enum class Kind {
    kRun,      ///< the command with its options and arguments
    kVersion,  ///< print the version
    kHelp,     ///< print `text` to stdout
    kUsage,    ///< print `text` to stderr, exit with 1
  };
  Kind kind = Kind::kUsage;
  std::string text;
  const CompatCommand* command = nullptr;      ///< of kRun
  std::map<std::string, std::string> options;  ///< long name -> value, "" for a switch that is set
  std::vector<std::string> arguments;
};

/// How wide help may be, on stdout and on stderr.
struct HelpWidths {
  size_t out = 80;
  size_t err = 80;
};

CompatLine parse_compat_line(const std::vector<std::string>& words, const HelpWidths& widths);

/// Help of the program for nullptr.
std::string compat_help(const CompatCommand* command, size_t width);

}  // namespace whimbrel
