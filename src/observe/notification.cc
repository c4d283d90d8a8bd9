#include "observe/notification.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/text.h"
#include "observe/event_json.h"

namespace whimbrel {
namespace {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

std::string place(const Notification& notification) {
  std::string name = notification.database.empty() ? "the project" : notification.database;
  return notification.environment.empty() ? name
                                          : fmt::format("{} ({})", name, notification.environment);
}

std::string headline(const Notification& notification) {
  std::string test = notification.test ? "Test: " : "";
  std::string what = notification.event == NotifyEvent::kQuarantine
                         ? "put documents in quarantine"
                         : std::string(to_text(notification.event));
  return fmt::format("{}whimbrel {} {} on {}", test, notification.command, what,
                     place(notification));
}

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts facts_of(const Notification& notification) {
  const Counts& counts = notification.documents;
  Facts facts;
  if (!notification.migration.empty()) facts.emplace_back("Migration", notification.migration);
  if (counts.scanned > 0) {
    facts.emplace_back(
        "Documents",
        fmt::format("{} processed, {} modified, {} in quarantine", with_commas(counts.scanned),
                    with_commas(counts.modified), with_commas(counts.quarantined)));
  }
  facts.emplace_back("Time", duration_text(notification.seconds));
  if (notification.exit) facts.emplace_back("Exit code", std::to_string(*notification.exit));
  facts.emplace_back("Host", notification.host);
  if (!notification.log_file.empty()) facts.emplace_back("Log file", notification.log_file);
  return facts;
}

/// The three characters that Slack takes for its own.
std::string slack_escaped(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    if (c == '&') escaped += "&amp;";
    else if (c == '<') escaped += "&lt;";
    else if (c == '>') escaped += "&gt;";
    else escaped += c;
  }
  return escaped;
}

std::string slack_body(const Notification& notification) {
  std::string text = fmt::format("*{}*\n{}", slack_escaped(headline(notification)),
                                 slack_escaped(notification.message));
  for (const auto& [name, value] : facts_of(notification)) {
    text += fmt::format("\n{}: {}", name, slack_escaped(value));
  }
  return dump(Json{{"text", text}});
}

std::string teams_body(const Notification& notification) {
  Json facts = Json::array();
  for (const auto& [name, value] : facts_of(notification)) {
    facts.push_back({{"title", name}, {"value", value}});
  }
  Json title{{"type", "TextBlock"},
             {"text", headline(notification)},
             {"weight", "Bolder"},
             {"size", "Medium"},
             {"wrap", true}};
  Json message{{"type", "TextBlock"}, {"text", notification.message}, {"wrap", true}};
  Json card{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
            {"type", "AdaptiveCard"},
            {"version", "1.4"}};
  card["body"] = Json::array({title, message, {{"type", "FactSet"}, {"facts", facts}}});
  Json attachment{{"contentType", "application/vnd.microsoft.card.adaptive"},
                  {"contentUrl", nullptr},
                  {"content", card}};
  Json body{{"type", "message"}};
  body["attachments"] = Json::array({attachment});
  return dump(body);
}

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');  // and what OpenSSL ends it with
  int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                               reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

/// A header's value: one line, and in ASCII (RFC 2047: words of at most 75 characters).
std::string header_text(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < ' '; }, ' ');
  bool ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 128; });
  if (ascii) return text;
  constexpr size_t kWord = 42;
  std::string words;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(at + kWord, text.size());
    while (end < text.size() && end > at + 1 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) {
      --end;
    }
    words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : "\n ",
                         base64(std::string_view(text).substr(at, end - at)));
    at = end;
  }
  return words;
}

}  // namespace

std::string notification_json(const Notification& notification) {
  Json json{{"schema", 1},
            {"event", to_text(notification.event)},
            {"at", iso_time(notification.at)},
            {"database", text_or_null(notification.database)},
            {"environment", text_or_null(notification.environment)},
            {"host", notification.host},
            {"command", notification.command},
            {"run", text_or_null(notification.run)},
            {"migration", text_or_null(notification.migration)},
            {"migrations", notification.migrations},
            {"message", notification.message}};
  json["exit"] = notification.exit ? Json(*notification.exit) : Json(nullptr);
  json["documents"] = to_json(notification.documents);
  json["seconds"] = notification.seconds;
  json["logFile"] = text_or_null(notification.log_file);
  json["idempotencyKey"] = notification.key;
  if (notification.test) json["test"] = true;
  return dump(json);
}

std::string webhook_body(const Notification& notification, Receiver::Format format) {
  if (format == Receiver::Format::kSlack) return slack_body(notification);
  if (format == Receiver::Format::kTeams) return teams_body(notification);
  return notification_json(notification);
}

std::string mail_text(const Notification& notification, const std::string& address) {
  std::string text = fmt::format(
      "To: {}\nSubject: {}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
      "Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\nX-Idempotency-Key: {}\n"
      "\n{}\n\n",
      address, header_text(headline(notification)), notification.key, notification.message);
  for (const auto& [name, value] : facts_of(notification)) {
    text += fmt::format("{}: {}\n", name, value);
  }
  if (!notification.migrations.empty()) {
    text += "\nMigrations:\n";
    for (const std::string& name : notification.migrations) text += "  " + name + "\n";
  }
  return text;
}

}  // namespace whimbrel
