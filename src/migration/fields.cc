#include "migration/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "migration/core_schema.h"

namespace whimbrel::migration {
namespace {

using Type = CoreValue::Type;

const Names kOwnCollections = {"whimbrel_runs", "whimbrel_ranges", "whimbrel_journal",
                               "whimbrel_errors", "whimbrel_audit"};

bool is_scalar_of(const YamlNode& node, Type type) {
  return node.is_scalar() && resolve(node).type == type;
}

}  // namespace

std::string unknown_word(std::string_view what, std::string_view word,
                         std::span<const std::string> allowed) {
  // A key may be a mistyped connection string: its password must not be shown.
  return fmt::format("unknown {} '{}'{}; allowed: {}", what, redact_uri(word),
                     did_you_mean(word, allowed), join(allowed, ", "));
}

void refuse_unknown_keys(const YamlNode& mapping, std::string_view what,
                         std::span<const std::string> allowed, ProblemList& problems) {
  for (const YamlEntry& entry : mapping.entries) {
    const std::string& key = entry.key.text;
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    problems.add(entry.key, fmt::format("unknown key '{}' of {}{}; allowed: {}", redact_uri(key),
                                        what, did_you_mean(key, allowed), join(allowed, ", ")));
  }
}

void refuse_value(const YamlNode& node, std::string_view what, std::string_view allowed,
                  ProblemList& problems) {
  problems.add(node,
               fmt::format("{} must be {}, not {}", what, allowed, redact_uri(describe(node))));
}

bool is_string(const YamlNode& node) {
  return is_scalar_of(node, Type::kString);
}
bool is_integer(const YamlNode& node) {
  return is_scalar_of(node, Type::kInt);
}
bool is_number(const YamlNode& node) {
  return is_integer(node) || is_scalar_of(node, Type::kFloat);
}

std::string read_text(const YamlNode& node, std::string_view what, ProblemList& problems) {
  bool valid = is_string(node) && !node.text.empty() && node.text.find('\0') == std::string::npos;
  if (valid) return node.text;
  bool unquoted = node.is_scalar() && !node.quoted && !node.text.empty();
  refuse_value(node, what, unquoted ? "text (in quotes)" : "text", problems);
  return {};
}

bool read_bool(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (is_scalar_of(node, Type::kBool)) return resolve(node).boolean;
  refuse_value(node, what, "true or false", problems);
  return false;
}

bool read_switch(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (is_scalar_of(node, Type::kBool)) return resolve(node).boolean;
  if (is_string(node) && (node.text == "on" || node.text == "off")) return node.text == "on";
  refuse_value(node, what, "on or off", problems);
  return true;
}

int64_t read_integer(const YamlNode& node, std::string_view what, int64_t least, int64_t most,
                     ProblemList& problems) {
  CoreValue value = node.is_scalar() ? resolve(node) : CoreValue{};
  bool valid = value.type == Type::kInt && value.integer >= least && value.integer <= most;
  if (valid) return value.integer;
  bool open = most == INT64_MAX;
  refuse_value(node, what,
               open ? fmt::format("a whole number of at least {}", least)
                    : fmt::format("a whole number from {} to {}", least, most),
               problems);
  return least;
}

Names read_names(const YamlNode& node, std::string_view what, ProblemList& problems) {
  Names names;
  if (!node.is_sequence()) {
    refuse_value(node, what, "a list of texts, for example [a, b]", problems);
    return names;
  }
  for (const YamlNode& item : node.items) {
    std::string name = read_text(item, fmt::format("an item of {}", what), problems);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      problems.add(item, fmt::format("'{}' is in {} already", name, what));
    } else if (!name.empty()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

int read_workers(const YamlNode& node, ProblemList& problems) {
  constexpr int64_t kMostWorkers = 256;
  if (is_string(node) && node.text == "auto") return 0;
  if (is_integer(node) && resolve(node).integer >= 1 && resolve(node).integer <= kMostWorkers) {
    return static_cast<int>(resolve(node).integer);
  }
  refuse_value(node, "workers", fmt::format("auto or a whole number from 1 to {}", kMostWorkers),
               problems);
  return 1;
}

int64_t read_bytes(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (is_integer(node)) return read_integer(node, what, 1, INT64_MAX, problems);
  if (is_string(node)) {
    auto bytes = parse_bytes(node.text);
    if (bytes && *bytes >= 1) return *bytes;
  }
  refuse_value(node, what, "a size such as 8MiB, 512KiB or 1GiB", problems);
  return 1;
}

int64_t read_duration(const YamlNode& node, std::string_view what, ProblemList& problems) {
  // Only text that starts with a digit: parse_duration would take "nanms".
  if (is_string(node) && !node.text.empty() && node.text[0] >= '0' && node.text[0] <= '9') {
    auto duration = parse_duration(node.text);
    if (duration && duration->count() >= 1) return duration->count();
  }
  refuse_value(node, what, "a duration such as 100ms, 2s, 5m, 1h30m or 30d", problems);
  return 1;
}

int64_t read_batch_bytes(const YamlNode& node, std::string_view what, ProblemList& problems) {
  int64_t bytes = read_bytes(node, what, problems);
  if (bytes > kMaxBatchBytes) refuse_value(node, what, "a size of at most 48MiB", problems);
  return std::min(bytes, kMaxBatchBytes);
}

int64_t read_batch_time(const YamlNode& node, std::string_view what, ProblemList& problems) {
  int64_t time = read_duration(node, what, problems);
  if (time > kMaxBatchMilliseconds) {
    refuse_value(node, what, "a duration of at most 30s (the server ends transactions after 60 s)",
                 problems);
  }
  return std::min(time, kMaxBatchMilliseconds);
}

std::string read_collection(const YamlNode& node, std::string_view what, ProblemList& problems) {
  constexpr size_t kLongest = 235;  // the server's limit for "database.collection" is 255
  std::string name = read_text(node, what, problems);
  auto refuse = [&](std::string_view why) {
    problems.add(node, fmt::format("{} '{}' {}", what, redact_uri(name), why));
  };
  if (name.find('$') != std::string::npos) refuse("must not contain '$'");
  if (name.starts_with(".")) refuse("must not start with '.'");
  if (name.starts_with("system.")) refuse("is reserved: system collections belong to the server");
  if (name.size() > kLongest) refuse(fmt::format("is longer than {} bytes", kLongest));
  bool own =
      std::find(kOwnCollections.begin(), kOwnCollections.end(), name) != kOwnCollections.end();
  if (own) refuse("belongs to whimbrel; a migration must not touch it");
  return name;
}

}  // namespace whimbrel::migration
