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
struct Name {
  std::string_view driver, uri;
};
// Names of its own that the driver has for options of the connection string.
constexpr std::array<Name, 6> kRenamed = {{{"j", "journal"},
                                           {"wtimeout", "wtimeoutMS"},
                                           {"readConcern", "readConcernLevel"},
                                           {"sslCA", "tlsCAFile"},
                                           {"sslPass", "tlsCertificateKeyFilePassword"},
                                           {"writeConcern", "w"}}};
// Objects of the driver's, and what their fields are called in the connection string.
struct Field {
  std::string_view object, field, uri;
};
constexpr std::array<Field, 11> kFields = {
    {{"writeConcern", "w", "w"},
     {"writeConcern", "j", "journal"},
     {"writeConcern", "journal", "journal"},
     {"writeConcern", "wtimeout", "wtimeoutMS"},
     {"writeConcern", "wtimeoutMS", "wtimeoutMS"},
     {"readConcern", "level", "readConcernLevel"},
     {"readPreference", "mode", "readPreference"},
     {"readPreference", "preference", "readPreference"},
     {"readPreference", "tags", "readPreferenceTags"},
     {"readPreference", "tagSets", "readPreferenceTags"},
     {"readPreference", "maxStalenessSeconds", "maxStalenessSeconds"}}};

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

  void set(const std::string& name, const std::vector<std::string>& values) {
    std::string start = lower(name) + "=";
    std::erase_if(options,
                  [&](const std::string& option) { return lower(option).starts_with(start); });
    for (const std::string& value : values) options.push_back(name + "=" + percent_encoded(value));
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

using Texts = std::vector<std::string>;

/// "dc:ny,rack:1"; nullopt when a value has no text.
std::optional<std::string> pairs_of(mongo::View object) {
  std::string text;
  for (const Value& item : object.elements()) {
    auto value = text_of(item);
    if (!value) return std::nullopt;
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", item.key(), *value);
  }
  return text;
}

/// Tag sets: one object or text, or an array of them. Each is an option of its own.
std::optional<Texts> tag_sets_of(const Value& value) {
  if (value.type() == mongo::Type::kString) return Texts{std::string(value.as_string())};
  if (value.type() == mongo::Type::kDocument) {
    auto pairs = pairs_of(value.as_document());
    return pairs ? std::optional(Texts{*pairs}) : std::nullopt;
  }
  if (value.type() != mongo::Type::kArray) return std::nullopt;
  Texts sets;
  for (const Value& item : value.as_document().elements()) {
    auto set = item.type() == mongo::Type::kArray ? std::nullopt : tag_sets_of(item);
    if (!set) return std::nullopt;
    sets.push_back(set->front());
  }
  return sets;
}

std::optional<Texts> list_of(const Value& value) {
  if (value.type() != mongo::Type::kArray) return std::nullopt;
  std::string list;
  for (const Value& item : value.as_document().elements()) {
    auto text = text_of(item);
    if (!text) return std::nullopt;
    list += (list.empty() ? "" : ",") + *text;
  }
  return Texts{list};
}

/// What stands behind "name=" in a connection string, as often as the name has to be there.
std::optional<Texts> texts_of(std::string_view uri_name, const Value& value) {
  if (uri_name == "readPreferenceTags") return tag_sets_of(value);
  if (auto text = text_of(value)) return Texts{*text};
  if (lower(uri_name) == "compressors") return list_of(value);
  bool properties = uri_name == "authMechanismProperties" && value.type() == mongo::Type::kDocument;
  if (!properties) return std::nullopt;
  auto pairs = pairs_of(value.as_document());
  return pairs ? std::optional(Texts{*pairs}) : std::nullopt;
}

/// Puts the options of a driver into the parts of a connection string, one by one.
class Merge {
 public:
  Merge(Parts& parts, std::vector<std::string>& unmapped) : parts_(parts), unmapped_(unmapped) {}

  bool changed = false;

  void take(const Value& option, mongo::View all) {
    std::string name(option.key());
    if (lists(kMeaningless, name)) return;
    if (name == "auth" && set_user(parts_, option.as_document())) changed = true;
    else if (name == "sslValidate" && option.type() == mongo::Type::kBool)
      set("tlsAllowInvalidCertificates", Texts{option.as_bool() ? "false" : "true"});
    else if (name == "sslCert" || name == "sslKey") take_certificate(option, all);
    else if (option.type() == mongo::Type::kDocument && is_object(name)) take_fields(option);
    else take_plain(name, option);
  }

 private:
  static bool is_object(std::string_view name) {
    return std::any_of(kFields.begin(), kFields.end(),
                       [&](const Field& field) { return field.object == name; });
  }

  void set(std::string_view name, const Texts& values) {
    parts_.set(std::string(name), values);
    changed = true;
  }

  void take_plain(const std::string& name, const Value& option) {
    auto renamed = std::find_if(kRenamed.begin(), kRenamed.end(),
                                [&](const Name& known) { return known.driver == name; });
    std::string_view uri_name = renamed == kRenamed.end() ? name : renamed->uri;
    bool known = renamed != kRenamed.end() || lists(kMapped, name);
    auto texts = known ? texts_of(uri_name, option) : std::nullopt;
    // Early drivers took the certificate itself.
    bool file = name != "sslCA" || (texts && !texts->front().starts_with("-----"));
    if (texts && file) set(uri_name, *texts);
    else unmapped_.push_back(name);
  }

  void take_fields(const Value& object) {
    for (const Value& item : object.as_document().elements()) {
      auto field = std::find_if(kFields.begin(), kFields.end(), [&](const Field& known) {
        return known.object == object.key() && known.field == item.key();
      });
      auto texts = field == kFields.end() ? std::nullopt : texts_of(field->uri, item);
      if (texts) set(field->uri, *texts);
      else unmapped_.push_back(fmt::format("{}.{}", object.key(), item.key()));
    }
  }

  /// Our connection reads certificate and key from one file.
  void take_certificate(const Value& option, mongo::View all) {
    std::string certificate = all.get_string("sslCert");
    std::string key = all.get_string("sslKey");
    bool one_file = !certificate.empty() && certificate == key && !key.starts_with("-----");
    if (one_file) set("tlsCertificateKeyFile", {key});
    else unmapped_.emplace_back(option.key());
  }

  Parts& parts_;
  std::vector<std::string>& unmapped_;
};

}  // namespace

MergedUri merge_driver_options(const std::string& uri, mongo::View options) {
  MergedUri merged{uri, {}};
  if (options.empty() || uri.find("://") == std::string::npos) return merged;
  Parts parts(uri);
  Merge merge(parts, merged.unmapped);
  for (const Value& option : options.elements()) merge.take(option, options);
  if (merge.changed) merged.uri = parts.text();
  return merged;
}

}  // namespace whimbrel::migration
