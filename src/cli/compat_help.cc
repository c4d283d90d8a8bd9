#include <fmt/format.h>

#include <algorithm>

#include "cli/compat_commands.h"

namespace whimbrel {
namespace {

constexpr const char* kProgram = "migrate-mongo";
constexpr size_t kNarrowest = 40;  // below this, descriptions are not wrapped
constexpr size_t kIndent = 2;
constexpr size_t kGap = 2;

/// A term and what it means, as help lists them.
struct Item {
  std::string term;
  std::string description;
};

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Words with the spaces before them.
std::vector<std::string> chunks_of(const std::string& text) {
  std::vector<std::string> chunks;
  for (size_t at = 0; at < text.size();) {
    size_t word = at;
    while (word < text.size() && is_space(text[word])) ++word;
    size_t end = word;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > word) chunks.push_back(text.substr(at, end - at));
    at = end;
  }
  return chunks;
}

std::string without_leading_space(const std::string& text) {
  size_t at = 0;
  while (at < text.size() && is_space(text[at])) ++at;
  return text.substr(at);
}

std::vector<std::string> wrapped(const std::string& text, size_t width) {
  if (width < kNarrowest) return {text};
  std::vector<std::string> lines;
  for (const std::string& chunk : chunks_of(text)) {
    if (!lines.empty() && lines.back().size() + chunk.size() <= width) lines.back() += chunk;
    else lines.push_back(lines.empty() ? chunk : without_leading_space(chunk));
  }
  return lines;
}

std::string item_text(const Item& item, size_t term_width, size_t width) {
  size_t taken = term_width + kGap + kIndent;
  size_t left = width > taken ? width - taken : 0;
  std::string text = fmt::format("{:{}}{:<{}}{:{}}", "", kIndent, item.term, term_width, "", kGap);
  bool first = true;
  for (const std::string& line : wrapped(item.description, left)) {
    if (!first) text += fmt::format("\n{:{}}", "", taken);
    text += line;
    first = false;
  }
  return text + "\n";
}

std::string list_text(const std::string& title, const std::vector<Item>& items, size_t term_width,
                      size_t width) {
  std::string text = title + ":\n";
  for (const Item& item : items) text += item_text(item, term_width, width);
  return text;
}

size_t widest(const std::vector<Item>& items, size_t at_least) {
  for (const Item& item : items) at_least = std::max(at_least, item.term.size());
  return at_least;
}

const Item& help_item() {
  static const Item item{"-h, --help", "display help for command"};
  return item;
}

std::string program_help(size_t width) {
  std::vector<Item> options = {{"-V, --version", "output the version number"}, help_item()};
  std::vector<Item> commands;
  for (const CompatCommand& command : compat_commands()) {
    std::string arguments = command.arguments.empty() ? "" : " " + command.arguments;
    commands.push_back({command.name + " [options]" + arguments, command.description});
  }
  commands.push_back({"help [command]", "display help for command"});
  size_t term_width = widest(commands, widest(options, 0));
  return fmt::format("Usage: {} [options] [command]\n\n{}\n{}", kProgram,
                     list_text("Options", options, term_width, width),
                     list_text("Commands", commands, term_width, width));
}

}  // namespace

std::string compat_help(const CompatCommand* command, size_t width) {
  if (!command) return program_help(width);
  std::vector<Item> options;
  for (const CompatOption& option : command->options)
    options.push_back({option.flags, option.description});
  options.push_back(help_item());
  std::string arguments = command->arguments.empty() ? "" : " " + command->arguments;
  return fmt::format("Usage: {} {} [options]{}\n\n{}\n\n{}", kProgram, command->name, arguments,
                     fmt::join(wrapped(command->description, width), "\n"),
                     list_text("Options", options, widest(options, 0), width));
}

}  // namespace whimbrel
