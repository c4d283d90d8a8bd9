#include "migration/config_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/window.h"
#include "migration/core_schema.h"
#include "migration/expansion.h"
#include "migration/fields.h"
#include "migration/notify_fields.h"

namespace whimbrel::migration {
namespace {

using Check = void (*)(const YamlNode&, std::string_view what, ProblemList&);

/// One key: either a value with its check, or a section with keys of its own.
struct Key {
  std::string name;
  Check check = nullptr;
  std::vector<Key> inside = {};
};

void text(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_text(node, what, problems);
}
void boolean(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_bool(node, what, problems);
}
void on_off(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_switch(node, what, problems);
}
void names(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_names(node, what, problems);
}
void count(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_integer(node, what, 0, INT64_MAX, problems);
}
void docs(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_integer(node, what, 1, kMaxBatchDocs, problems);
}
void bytes(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_bytes(node, what, problems);
}
void batch_bytes(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_batch_bytes(node, what, problems);
}
void batch_time(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_batch_time(node, what, problems);
}
void duration(const YamlNode& node, std::string_view what, ProblemList& problems) {
  read_duration(node, what, problems);
}
void workers(const YamlNode& node, std::string_view, ProblemList& problems) {
  read_workers(node, problems);
}

bool is_off(const YamlNode& node) {
  return is_string(node) && node.text == "off";
}
bool is_percentage(const YamlNode& node) {
  return is_string(node) && parse_percentage(node.text).has_value();
}

void errors(const YamlNode& node, std::string_view what, ProblemList& problems) {
  bool valid = is_percentage(node) || (is_integer(node) && resolve(node).integer >= 0);
  if (!valid)
    refuse_value(node, what, "a number of documents or a share such as \"0.1%\"", problems);
}
void duration_or_off(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (!is_off(node)) read_duration(node, what, problems);
}
void percentage_or_off(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (!is_off(node) && !is_percentage(node)) {
    refuse_value(node, what, "a percentage such as 15%, or off", problems);
  }
}
void rate_or_off(const YamlNode& node, std::string_view what, ProblemList& problems) {
  bool rate = is_integer(node) && resolve(node).integer >= 1;
  if (!is_off(node) && !rate) refuse_value(node, what, "documents per second, or off", problems);
}
void number(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (!is_number(node)) refuse_value(node, what, "a number", problems);
}
void mapping(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (!node.is_mapping()) refuse_value(node, what, "a mapping", problems);
}

void one_of(const YamlNode& node, std::string_view what, const Names& allowed,
            ProblemList& problems) {
  std::string word = read_text(node, what, problems);
  bool known = std::find(allowed.begin(), allowed.end(), word) != allowed.end();
  if (!word.empty() && !known) problems.add(node, unknown_word(what, word, allowed));
}
void on_unknown(const YamlNode& node, std::string_view what, ProblemList& problems) {
  static const Names kAllowed = {"pause", "ignore"};
  one_of(node, what, kAllowed, problems);
}
void nice(const YamlNode& node, std::string_view what, ProblemList& problems) {
  static const Names kAllowed = {"gentle", "normal", "fast"};
  one_of(node, what, kAllowed, problems);
}
void requirements(const YamlNode& node, std::string_view what, ProblemList& problems) {
  static const Names kAllowed = {"test", "rehearsal", "verify", "backup"};
  read_names(node, what, problems);
  for (const YamlNode& item : node.items) one_of(item, what, kAllowed, problems);
}
void windows(const YamlNode& node, std::string_view what, ProblemList& problems) {
  for (const std::string& window : read_names(node, what, problems)) {
    if (has_variables(window)) continue;
    auto parsed = Windows::parse({window});
    if (!parsed) problems.add(node, parsed.error().message);
  }
}
const std::vector<Key>& section_keys() {
  static const std::vector<Key> kKeys = {
      {"mongodb", nullptr, {{"uri", text}, {"uriFile", text}, {"database", text}}},
      {"migrationsDir", text},
      {"changelogCollection", text},
      {"lockCollection", text},
      {"lockTtl", count},
      {"useFileHash", boolean},
      {"engine",
       nullptr,
       {{"workers", workers},
        {"batch", nullptr, {{"docs", docs}, {"bytes", batch_bytes}, {"time", batch_time}}},
        {"maxErrors", errors},
        {"journal", on_off},
        {"nice", nice},
        {"journalKeep", duration}}},
      {"throttle",
       nullptr,
       {{"maxLag", duration_or_off},
        {"maxDirtyCache", percentage_or_off},
        {"maxTickets", percentage_or_off},
        {"maxQueue", rate_or_off},
        {"maxOps", rate_or_off},
        {"maxRate", rate_or_off},
        {"flowControl", on_off},
        {"on_unknown", on_unknown},
        {"custom",
         nullptr,
         {{"command", mapping},
          {"path", text},
          {"collection", text},
          {"where", mapping},
          {"max", number}}}}},
      {"windows", windows},
      {"backup", nullptr, {{"directory", text}, {"before", names}}},
      {"notify", check_notify},
      {"log", nullptr, {{"maxSize", bytes}, {"keep", count}}},
      {"node", nullptr, {{"command", text}, {"loaders", names}, {"transformTimeout", duration}}},
  };
  return kKeys;
}

Names names_of(const std::vector<Key>& keys) {
  Names all;
  for (const Key& key : keys) all.push_back(key.name);
  return all;
}

void check_section(const YamlNode& node, std::string_view path, const std::vector<Key>& keys,
                   ProblemList& problems);

void check_key(const YamlNode& node, const std::string& path, const Key& key,
               ProblemList& problems) {
  if (!key.check) {
    check_section(node, path, key.inside, problems);
  } else if (!node.is_scalar() || !has_variables(node.text)) {
    key.check(node, path, problems);
  }
}

void check_section(const YamlNode& node, std::string_view path, const std::vector<Key>& keys,
                   ProblemList& problems) {
  std::string_view shown = path.empty() ? "whimbrel.yaml" : path;
  if (!node.is_mapping()) return refuse_value(node, shown, "a mapping", problems);
  refuse_unknown_keys(node, shown, names_of(keys), problems);
  for (const Key& key : keys) {
    const YamlNode* value = node.find(key.name);
    std::string inner = path.empty() ? key.name : fmt::format("{}.{}", path, key.name);
    if (value) check_key(*value, inner, key, problems);
  }
  const YamlEntry* file = node.find_entry("uriFile");
  if (file && node.find("uri")) {
    problems.add(file->key, fmt::format("{} has 'uri' and 'uriFile'; keep one", shown));
  }
}

std::vector<Key> with_keys(const std::vector<Key>& keys, std::vector<Key> more) {
  more.insert(more.begin(), keys.begin(), keys.end());
  return more;
}

void check_environments(const YamlNode& node, std::string_view what, ProblemList& problems) {
  static const std::vector<Key> kKeys =
      with_keys(section_keys(), {{"protected", boolean}, {"requires", requirements}});
  if (!node.is_mapping()) return refuse_value(node, what, "a mapping of names", problems);
  for (const YamlEntry& entry : node.entries) {
    if (entry.value.is_null()) continue;
    check_section(entry.value, fmt::format("environments.{}", entry.key.text), kKeys, problems);
  }
}

}  // namespace

std::optional<double> parse_percentage(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  double percent = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), percent);
  bool whole = problem == std::errc() && end == text.data() + text.size();
  return whole && percent <= 100 ? std::optional(percent / 100) : std::nullopt;
}

void check_config(const YamlNode& root, ProblemList& problems) {
  static const std::vector<Key> kKeys =
      with_keys(section_keys(), {{"environments", check_environments}});
  if (root.is_null()) return;
  check_section(root, "", kKeys, problems);
}

}  // namespace whimbrel::migration
