#include "migration/notify_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "migration/expansion.h"
#include "migration/fields.h"

namespace whimbrel::migration {
namespace {

using Kind = Receiver::Kind;
using Format = Receiver::Format;

constexpr size_t kMostReceivers = 16;  // each has a thread of its own
const Names kKeys = {"webhook", "format", "command", "email", "sendmail", "on", "above", "timeout"};

/// Whether a value that still holds ${VAR} is to be judged.
enum class Variables { kOpen, kFilled };

/// Reads one item of the list.
class ReceiverFields {
 public:
  ReceiverFields(const YamlNode& item, Variables variables, ProblemList& problems)
      : item_(item), variables_(variables), problems_(problems) {}

  Receiver read();

 private:
  /// The key's value, or nullptr when it is not there or not known yet.
  const YamlNode* value(std::string_view key) const;
  void read_kind();
  void read_webhook(const YamlNode& node);
  void read_command(const YamlNode& node);
  void read_email(const YamlNode& node);
  void read_format();
  void read_events();
  void only_with(std::string_view key, Kind kind, std::string_view other);

  const YamlNode& item_;
  Variables variables_;
  ProblemList& problems_;
  Receiver receiver_;
};

bool ends_host(std::string_view host, std::string_view domain) {
  return host == domain || host.ends_with("." + std::string(domain));
}

Format usual_format(const std::string& url) {
  std::string shown = shown_url(url);
  std::string_view host = std::string_view(shown).substr(shown.find("://") + 3);
  host = host.substr(0, host.rfind(':'));
  if (host == "hooks.slack.com") return Format::kSlack;
  bool teams = ends_host(host, "webhook.office.com") || ends_host(host, "logic.azure.com");
  return teams ? Format::kTeams : Format::kJson;
}

bool is_url(std::string_view text) {
  bool scheme = text.starts_with("https://") || text.starts_with("http://");
  bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != '\x7f'; });
  return scheme && printable && !shown_url(text).ends_with("://");
}

/// Strict, because it becomes an argument of sendmail and a line of the header.
bool is_address(std::string_view text) {
  size_t at = text.find('@');
  bool shape = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
               text.find('@', at + 1) == std::string_view::npos && text.front() != '-';
  return shape && std::all_of(text.begin(), text.end(), [](char c) {
           constexpr std::string_view kRefused = " ,;:<>()[]\\\"|";
           return c > ' ' && c != '\x7f' && kRefused.find(c) == std::string_view::npos;
         });
}

const YamlNode* ReceiverFields::value(std::string_view key) const {
  const YamlNode* node = item_.find(key);
  bool open =
      node && variables_ == Variables::kOpen && node->is_scalar() && has_variables(node->text);
  return open ? nullptr : node;
}

void ReceiverFields::read_webhook(const YamlNode& node) {
  receiver_.address = read_text(node, "notify.webhook", problems_);
  if (receiver_.address.empty()) return;
  if (!is_url(receiver_.address)) {
    // It may hold a secret: it is not shown.
    return problems_.add(node,
                         "notify.webhook must start with https:// or http:// and name a host");
  }
  receiver_.format = usual_format(receiver_.address);
}

void ReceiverFields::read_command(const YamlNode& node) {
  if (!node.is_sequence()) {
    std::string text = read_text(node, "notify.command", problems_);
    receiver_.command = {"sh", "-c", text};
    return;
  }
  for (const YamlNode& word : node.items) {
    bool open = variables_ == Variables::kOpen && word.is_scalar() && has_variables(word.text);
    if (!open) {
      receiver_.command.push_back(read_text(word, "an item of notify.command", problems_));
    }
  }
  if (node.items.empty()) problems_.add(node, "notify.command must name a program");
}

void ReceiverFields::read_email(const YamlNode& node) {
  receiver_.address = read_text(node, "notify.email", problems_);
  if (!receiver_.address.empty() && !is_address(receiver_.address)) {
    problems_.add(node, "notify.email must be one address such as ops@example.com");
  }
}

void ReceiverFields::read_kind() {
  std::vector<std::string> given;
  for (const char* key : {"webhook", "command", "email"}) {
    if (item_.find(key)) given.emplace_back(key);
  }
  if (given.size() != 1) {
    return problems_.add(item_, given.empty()
                                    ? "an item of notify needs one of webhook, command, email"
                                    : fmt::format("an item of notify has {} and {}; make two items",
                                                  given[0], given[1]));
  }
  const YamlNode* node = value(given.front());
  if (given.front() == "command") receiver_.kind = Kind::kCommand;
  if (given.front() == "email") receiver_.kind = Kind::kEmail;
  if (!node) return;
  if (receiver_.kind == Kind::kWebhook) read_webhook(*node);
  else if (receiver_.kind == Kind::kCommand) read_command(*node);
  else read_email(*node);
}

void ReceiverFields::only_with(std::string_view key, Kind kind, std::string_view other) {
  const YamlEntry* entry = item_.find_entry(key);
  if (!entry || receiver_.kind == kind) return;
  problems_.add(entry->key, fmt::format("notify.{} is for {} alone", key, other));
}

void ReceiverFields::read_format() {
  static const Names kFormats = {"json", "slack", "teams"};
  const YamlNode* node = value("format");
  if (!node) return;
  std::string word = read_text(*node, "notify.format", problems_);
  auto found = std::find(kFormats.begin(), kFormats.end(), word);
  if (found != kFormats.end()) receiver_.format = static_cast<Format>(found - kFormats.begin());
  else if (!word.empty()) problems_.add(*node, unknown_word("notify.format", word, kFormats));
}

void ReceiverFields::read_events() {
  const YamlNode* on = value("on");
  if (on) {
    receiver_.on.clear();
    read_names(*on, "notify.on", problems_);
    for (const YamlNode& item : on->items) {
      if (variables_ == Variables::kOpen && has_variables(item.text)) continue;
      auto event = notify_event(item.text);
      if (event) receiver_.on.push_back(*event);
      else problems_.add(item, unknown_word("event of notify.on", item.text, notify_event_names()));
    }
    if (on->is_sequence() && on->items.empty()) problems_.add(*on, "notify.on names no event");
  }
  const YamlEntry* above = item_.find_entry("above");
  if (!above) return;
  if (!receiver_.wants(NotifyEvent::kQuarantine)) {
    problems_.add(above->key, "notify.above needs `on` with quarantine in it");
  }
  if (const YamlNode* node = value("above")) {
    receiver_.above = read_integer(*node, "notify.above", 0, INT64_MAX, problems_);
  }
}

Receiver ReceiverFields::read() {
  if (!item_.is_mapping()) {
    refuse_value(item_, "an item of notify", "a mapping such as { webhook: URL }", problems_);
    return {};
  }
  refuse_unknown_keys(item_, "notify", kKeys, problems_);
  read_kind();
  only_with("format", Kind::kWebhook, "webhooks");
  only_with("sendmail", Kind::kEmail, "email");
  read_format();
  read_events();
  if (const YamlNode* node = value("sendmail")) {
    receiver_.sendmail = read_text(*node, "notify.sendmail", problems_);
  }
  if (const YamlNode* node = value("timeout")) {
    constexpr int64_t kLongest = 10 * 60 * 1000;
    int64_t timeout = read_duration(*node, "notify.timeout", problems_);
    if (timeout > kLongest) problems_.add(*node, "notify.timeout must be at most 10m");
    receiver_.timeout = std::chrono::milliseconds(timeout);
  }
  return receiver_;
}

void fill(YamlNode& node, ProblemList& problems) {
  for (YamlNode& item : node.items) fill(item, problems);
  for (YamlEntry& entry : node.entries) fill(entry.value, problems);
  if (!node.is_scalar() || !has_variables(node.text)) return;
  auto expanded = expand(node.text, process_variable);
  if (!expanded) return problems.add(node, "notify: " + expanded.error().message);
  if (!expanded->unset.empty()) {
    return problems.add(node, fmt::format("notify needs the environment variable {}, which is not "
                                          "set; set it or write ${{{}:-default}}",
                                          expanded->unset, expanded->unset));
  }
  node.text = expanded->text;
  node.quoted = false;
}

}  // namespace

void check_notify(const YamlNode& list, std::string_view what, ProblemList& problems) {
  if (!list.is_sequence()) return refuse_value(list, what, "a list of mappings", problems);
  if (list.items.size() > kMostReceivers) {
    problems.add(list, fmt::format("{} has {} items; at most {} are taken", what, list.items.size(),
                                   kMostReceivers));
  }
  for (const YamlNode& item : list.items) {
    ReceiverFields(item, Variables::kOpen, problems).read();
  }
}

std::vector<Receiver> read_receivers(const YamlNode& list, ProblemList& problems) {
  YamlNode filled = list;
  fill(filled, problems);
  std::vector<Receiver> receivers;
  if (!problems.empty()) return receivers;
  for (const YamlNode& item : filled.items) {
    receivers.push_back(ReceiverFields(item, Variables::kFilled, problems).read());
  }
  return receivers;
}

}  // namespace whimbrel::migration
