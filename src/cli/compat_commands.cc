#include "cli/compat_commands.h"

#include <fmt/format.h>

#include <algorithm>

namespace whimbrel {
namespace {

CompatOption file_option() {
  return {"-f --file <file>", "use a custom config file", "-f", "--file", true};
}

CompatOption directory_option() {
  return {"--migrations-dir <migrationsDir>", "use a custom migrations directory", "",
          "--migrations-dir", true};
}

bool is_help_flag(const std::string& word) {
  return word == "-h" || word == "--help";
}

/// "-5", "-.5e3": a number, not an option.
bool is_negative_number(const std::string& word) {
  size_t at = 1;
  auto digits = [&] {
    size_t start = at;
    while (at < word.size() && word[at] >= '0' && word[at] <= '9') ++at;
    return at > start;
  };
  bool whole = digits();
  if (at < word.size() && word[at] == '.') {
    ++at;
    if (!digits()) return false;
  } else if (!whole) {
    return false;
  }
  if (at < word.size() && word[at] == 'e') {
    ++at;
    if (at < word.size() && (word[at] == '+' || word[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == word.size();
}

/// What one level of the command line makes of its words.
struct Parsed {
  std::vector<std::string> operands;
  std::vector<std::string> unknown;  ///< the first unknown option and everything behind it
  std::map<std::string, std::string> options;
  std::string error;  ///< "" when it can be gone on with
  bool version = false;
};

const CompatOption* find_option(const std::vector<CompatOption>& options, const std::string& word) {
  for (const CompatOption& option : options) {
    if (word == option.long_name || (word == option.short_name && !word.empty())) return &option;
  }
  return nullptr;
}

/// Takes words apart by commander's rules, of which two are unusual: an option of the program
/// counts wherever it stands, and everything behind an unknown option waits for the command.
class Level {
 public:
  Level(const std::vector<CompatOption>& options, bool has_commands)
      : options_(options), has_commands_(has_commands) {}

  Parsed parse(const std::vector<std::string>& words) {
    for (size_t at = 0; at < words.size() && parsed_.error.empty() && !parsed_.version; ++at) {
      if (words[at] == "--") {
        if (in_unknown_) parsed_.unknown.push_back("--");
        auto& rest = in_unknown_ ? parsed_.unknown : parsed_.operands;
        rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
        break;
      }
      take(words, at);
    }
    return std::move(parsed_);
  }

 private:
  void set(const CompatOption& option, const std::string& value) {
    parsed_.options[option.long_name] = value;
    if (option.long_name == "--version") parsed_.version = true;
  }

  void take(const std::vector<std::string>& words, size_t& at) {
    std::string word = words[at];
    while (true) {
      if (const CompatOption* option = find_option(options_, word)) {
        return take_option(*option, words, at);
      }
      // "-bf": options in one word; what is left of it gets a dash of its own.
      bool group = word.size() > 2 && word[0] == '-' && word[1] != '-';
      const CompatOption* first = group ? find_option(options_, word.substr(0, 2)) : nullptr;
      if (!first) break;
      if (first->takes_value) return set(*first, word.substr(2));
      set(*first, "");
      word = "-" + word.substr(2);
    }
    if (!take_assignment(word)) put(word);
  }

  void take_option(const CompatOption& option, const std::vector<std::string>& words, size_t& at) {
    if (!option.takes_value) return set(option, "");
    if (at + 1 < words.size()) return set(option, words[++at]);
    parsed_.error = fmt::format("error: option '{}' argument missing\n", option.flags);
  }

  bool take_assignment(const std::string& word) {
    size_t equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos || equals < 3) return false;
    const CompatOption* option = find_option(options_, word.substr(0, equals));
    if (!option || !option->takes_value) return false;
    set(*option, word.substr(equals + 1));
    return true;
  }

  void put(const std::string& word) {
    bool option = word.size() > 1 && word[0] == '-';
    if (option && (has_commands_ || !is_negative_number(word))) in_unknown_ = true;
    (in_unknown_ ? parsed_.unknown : parsed_.operands).push_back(word);
  }

  const std::vector<CompatOption>& options_;
  bool has_commands_;
  bool in_unknown_ = false;
  Parsed parsed_;
};

/// Edits between two words: insertions, deletions, exchanges, and swaps of neighbours.
size_t distance(const std::string& a, const std::string& b) {
  constexpr size_t kMost = 3;
  size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > kMost) return std::max(a.size(), b.size());
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

/// "\n(Did you mean status?)", or "". Names of options are compared without their dashes.
std::string suggestion(std::string word, std::vector<std::string> names) {
  constexpr size_t kFarthest = 3;
  constexpr double kLeastSimilarity = 0.4;
  std::string dashes = word.starts_with("--") ? "--" : "";
  word = word.substr(dashes.size());
  std::vector<std::string> nearest;
  size_t best = kFarthest;
  for (std::string name : names) {
    name = name.substr(dashes.size());
    if (name.size() <= 1) continue;
    size_t length = std::max(word.size(), name.size());
    size_t edits = distance(word, name);
    double similarity = static_cast<double>(length - edits) / static_cast<double>(length);
    if (similarity <= kLeastSimilarity || edits > best) continue;
    if (edits < best) nearest.clear();
    best = edits;
    nearest.push_back(dashes + name);
  }
  if (nearest.empty()) return "";
  std::sort(nearest.begin(), nearest.end());
  if (nearest.size() == 1) return fmt::format("\n(Did you mean {}?)", nearest.front());
  return fmt::format("\n(Did you mean one of {}?)", fmt::join(nearest, ", "));
}

CompatLine usage(std::string text) {
  CompatLine line;
  line.text = std::move(text);
  return line;
}

CompatLine help(const CompatCommand* command, const HelpWidths& widths) {
  CompatLine line;
  line.kind = CompatLine::Kind::kHelp;
  line.text = compat_help(command, widths.out);
  return line;
}

CompatLine unknown_option(const std::string& word, const CompatCommand* command) {
  std::vector<std::string> names;
  if (command) {
    for (const CompatOption& option : command->options) names.push_back(option.long_name);
    names.push_back("--help");
  }
  names.insert(names.end(), {"--version", "--help"});
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string near = word.starts_with("--") ? suggestion(word, names) : "";
  return usage(fmt::format("error: unknown option '{}'{}\n", word, near));
}

CompatLine unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (const CompatCommand& command : compat_commands()) names.push_back(command.name);
  names.push_back("help");
  return usage(fmt::format("error: unknown command '{}'{}\n", word, suggestion(word, names)));
}

const CompatCommand* find_command(const std::string& name) {
  for (const CompatCommand& command : compat_commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

bool asks_for_help(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), is_help_flag);
}

CompatLine parse_command(const CompatCommand& command, std::vector<std::string> operands,
                         const std::vector<std::string>& words, const HelpWidths& widths) {
  Parsed parsed = Level(command.options, false).parse(words);
  if (!parsed.error.empty()) return usage(parsed.error);
  operands.insert(operands.end(), parsed.operands.begin(), parsed.operands.end());
  if (asks_for_help(parsed.unknown)) return help(&command, widths);
  if (!parsed.unknown.empty()) return unknown_option(parsed.unknown.front(), &command);
  if (operands.size() > command.most_arguments) {
    return usage(fmt::format(
        "error: too many arguments for '{}'. Expected {} argument{} but got {}.\n", command.name,
        command.most_arguments, command.most_arguments == 1 ? "" : "s", operands.size()));
  }
  CompatLine line;
  line.kind = CompatLine::Kind::kRun;
  line.command = &command;
  line.options = std::move(parsed.options);
  line.arguments = std::move(operands);
  return line;
}

}  // namespace

const std::vector<CompatCommand>& compat_commands() {
  static const std::vector<CompatCommand> commands = {
      {"init",
       "",
       0,
       "initialize a new migration project",
       {{"-m --module <module loading system>", "module loading system (commonjs (DEFAULT) or esm)",
         "-m", "--module", true}}},
      {"create",
       "[description]",
       1,
       "create a new database migration with the provided description",
       {file_option(), directory_option()}},
      {"up", "", 0, "run all pending database migrations", {file_option(), directory_option()}},
      {"down",
       "",
       0,
       "undo the last applied database migration",
       {file_option(),
        {"-b --block", "rollback all scripts from the same migration block", "-b", "--block"},
        directory_option()}},
      {"status",
       "",
       0,
       "print the changelog of the database",
       {file_option(), directory_option()}}};
  return commands;
}

CompatLine parse_compat_line(const std::vector<std::string>& words, const HelpWidths& widths) {
  static const std::vector<CompatOption> options = {
      {"-V, --version", "output the version number", "-V", "--version"}};
  Parsed parsed = Level(options, true).parse(words);
  if (parsed.version) {
    CompatLine line;
    line.kind = CompatLine::Kind::kVersion;
    return line;
  }
  std::string first = parsed.operands.empty() ? "" : parsed.operands.front();
  if (const CompatCommand* command = find_command(first)) {
    parsed.operands.erase(parsed.operands.begin());
    return parse_command(*command, parsed.operands, parsed.unknown, widths);
  }
  if (first == "help") {
    if (parsed.operands.size() < 2 || parsed.operands[1].empty()) return help(nullptr, widths);
    const CompatCommand* command = find_command(parsed.operands[1]);
    return command ? help(command, widths) : usage(compat_help(nullptr, widths.err));
  }
  if (parsed.operands.empty() && parsed.unknown.empty())
    return usage(compat_help(nullptr, widths.err));
  if (asks_for_help(parsed.unknown)) return help(nullptr, widths);
  if (!parsed.operands.empty()) return unknown_command(first);
  return unknown_option(parsed.unknown.front(), nullptr);
}

}  // namespace whimbrel
