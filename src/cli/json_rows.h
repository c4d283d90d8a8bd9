// Rows that are printed as they are read: one JSON object a line, or all of them in one object.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/process.h"
#include "cli/arguments.h"

namespace whimbrel {

inline nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}
inline nlohmann::ordered_json who_json(const ProcessIdentity& who) {
  return {{"user", who.user}, {"host", who.host}, {"pid", who.pid}};
}

class JsonRows {
 public:
  /// As one object: `{"schema":1,"type":TYPE,"database":…,KEY:[…]}`, closed by the destructor.
  JsonRows(Output output, const std::string& database, const std::string& type,
           const std::string& key)
      : lines_(output == Output::kNdjson) {
    if (lines_) return;
    fmt::print("{{\"schema\":1,\"type\":{},\"database\":{},{}:[", text(type), text(database),
               text(key));
  }
  ~JsonRows() {
    if (!lines_) fmt::print("]}}\n");
  }
  JsonRows(const JsonRows&) = delete;
  JsonRows& operator=(const JsonRows&) = delete;

  void add(const nlohmann::ordered_json& row) {
    if (lines_) fmt::print("{}\n", text(row));
    else fmt::print("{}{}", first_ ? "" : ",", text(row));
    first_ = false;
  }

  /// Text that is no UTF-8 is shown as far as it is.
  static std::string text(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }

 private:
  bool lines_;
  bool first_ = true;
};

}  // namespace whimbrel
