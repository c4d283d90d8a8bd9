#include "migration/driver_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace whimbrel::migration {
namespace {

using mongo::Value;

// Options of the connection string that the Node driver takes as an object, too.
constexpr std::array<std::string_view, 33> kMapped = {"appName",
                                                      "authMechanism",
                                                      "authMechanismProperties",
                                                      "authSource",
                                                      "compressors",
                                                      "connectTimeoutMS",
                                                      "directConnection",
                                                      "heartbeatFrequencyMS",
                                                      "journal",
                                                      "loadBalanced",
                                                      "localThresholdMS",
                                                      "maxStalenessSeconds",
                                                      "readConcernLevel",
                                                      "readPreference",
                                                      "readPreferenceTags",
                                                      "replicaSet",
                                                      "retryReads",
                                                      "retryWrites",
                                                      "serverSelectionTimeoutMS",
                                                      "socketTimeoutMS",
                                                      "srvMaxHosts",
                                                      "srvServiceName",
                                                      "ssl",
                                                      "tls",
                                                      "tlsAllowInvalidCertificates",
                                                      "tlsAllowInvalidHostnames",
                                                      "tlsCAFile",
                                                      "tlsCertificateKeyFile",
                                                      "tlsCertificateKeyFilePassword",
                                                      "tlsInsecure",
                                                      "w",
                                                      "wtimeoutMS",
                                                      "zlibCompressionLevel"};
// They say how the driver pools and parses, which is its own affair.
constexpr std::array<std::string_view, 12> kMeaningless = {
    "useNewUrlParser",    "useUnifiedTopology", "useCreateIndex",  "useFindAndModify",
    "maxPoolSize",        "minPoolSize",        "poolSize",        "maxIdleTimeMS",
    "waitQueueTimeoutMS", "maxConnecting",      "monitorCommands", "forceServerObjectId"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

template <size_t Size>
bool lists(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view known) { return lower(known) == lower(name); });
}

std::string percent_encoded(std::string_view text) {
  std::string result;
  for (unsigned char c : text) {
    bool plain = std::isalnum(c) != 0 ||
                 std::string_view("-._~:,").find(static_cast<char>(c)) != std::string_view::npos;
    result += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return result;
}

/// nullopt for what has no text in a connection string.
std::optional<std::string> text_of(const Value& value) {
  if (value.type() == mongo::Type::kString) return std::string(value.as_string());
  if (value.type() == mongo::Type::kBool) return value.as_bool() ? "true" : "false";
  if (value.is_number()) return fmt::format("{}", value.as_int());
  return std::nullopt;
}

/// A connection string in its parts: scheme://[user@]hosts[/database][?options].
struct Parts {
  std::string scheme, user, hosts, database;
  std::vector<std::string> options;

  explicit Parts(std::string_view uri) {
    size_t start = uri.find("://");
    scheme = uri.substr(0, start + 3);
    uri.remove_prefix(start + 3);
    if (size_t query = uri.find('?'); query != std::string_view::npos) {
      split_options(uri.substr(query + 1));
      uri = uri.substr(0, query);
    }
    // Only the last '@' before the hosts ends the user: a password may hold an unescaped one.
    if (size_t at = uri.rfind('@'); at != std::string_view::npos) {
      user = uri.substr(0, at);
      uri.remove_prefix(at + 1);
    }
    size_t slash = uri.find('/');
    hosts = uri.substr(0, slash);
    if (slash != std::string_view::npos) database = uri.substr(slash + 1);
  }

  void set(const std::string& name, const std::string& value) {
    std::string start = lower(name) + "=";
    std::erase_if(options,
                  [&](const std::string& option) { return lower(option).starts_with(start); });
    options.push_back(name + "=" + percent_encoded(value));
  }

  std::string text() const {
    std::string uri = scheme + (user.empty() ? "" : user + "@") + hosts + "/" + database;
    for (size_t i = 0; i < options.size(); ++i) uri += (i == 0 ? "?" : "&") + options[i];
    return uri;
  }

 private:
  void split_options(std::string_view query) {
    while (!query.empty()) {
      size_t end = std::min(query.find('&'), query.size());
      if (end > 0) options.emplace_back(query.substr(0, end));
      query.remove_prefix(std::min(end + 1, query.size()));
    }
  }
};

bool set_user(Parts& parts, mongo::View auth) {
  std::string name = auth.get_string("username");
  if (name.empty()) name = auth.get_string("user");
  if (name.empty()) return false;
  parts.user = percent_encoded(name) + ":" + percent_encoded(auth.get_string("password"));
  return true;
}

}  // namespace

MergedUri merge_driver_options(const std::string& uri, mongo::View options) {
  MergedUri merged{uri, {}};
  if (options.empty() || uri.find("://") == std::string::npos) return merged;
  Parts parts(uri);
  bool changed = false;
  for (const Value& option : options.elements()) {
    std::string name(option.key());
    if (lists(kMeaningless, name)) continue;
    auto text = text_of(option);
    bool user = name == "auth" && set_user(parts, option.as_document());
    bool mapped = text && lists(kMapped, name);
    if (mapped) parts.set(name, *text);
    changed = changed || user || mapped;
    if (!user && !mapped) merged.unmapped.push_back(name);
  }
  if (changed) merged.uri = parts.text();
  return merged;
}

}  // namespace whimbrel::migration
