#include "engine/diff.h"

#include <fmt/format.h>

namespace whimbrel {

using mongo::Document;
using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

std::string shown(const Value& value) {
  constexpr size_t kMostCharacters = 60;
  Document holder;
  holder.append("v", value);
  std::string json = holder.view().to_relaxed_json();
  size_t start = json.find(':') + 2;
  std::string text = json.substr(start, json.size() - start - 2);
  if (text.size() > kMostCharacters) text = text.substr(0, kMostCharacters) + "...";
  return fmt::format("{} {}", text, type_name(value.type()));
}

void compare(const std::string& prefix, View before, View after, std::vector<std::string>& lines) {
  for (const Value& old : before.elements()) {
    std::string path = prefix + std::string(old.key());
    auto now = after.find(old.key());
    if (!now) {
      lines.push_back(fmt::format("- {}: {}", path, shown(old)));
    } else if (old.type() == Type::kDocument && now->type() == Type::kDocument) {
      compare(path + ".", old.as_document(), now->as_document(), lines);
    } else if (!now->same_bytes(old)) {
      lines.push_back(fmt::format("~ {}: {} -> {}", path, shown(old), shown(*now)));
    }
  }
  for (const Value& now : after.elements()) {
    if (before.find(now.key())) continue;
    lines.push_back(fmt::format("+ {}{}: {}", prefix, now.key(), shown(now)));
  }
}

}  // namespace

std::vector<std::string> typed_diff(View before, View after) {
  std::vector<std::string> lines;
  compare("", before, after, lines);
  return lines;
}

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kDouble:
      return "double";
    case Type::kString:
      return "string";
    case Type::kDocument:
      return "object";
    case Type::kArray:
      return "array";
    case Type::kBinary:
      return "binData";
    case Type::kUndefined:
      return "undefined";
    case Type::kObjectId:
      return "objectId";
    case Type::kBool:
      return "bool";
    case Type::kDate:
      return "date";
    case Type::kNull:
      return "null";
    case Type::kRegex:
      return "regex";
    case Type::kDbPointer:
      return "dbPointer";
    case Type::kCode:
      return "javascript";
    case Type::kSymbol:
      return "symbol";
    case Type::kCodeWithScope:
      return "javascriptWithScope";
    case Type::kInt32:
      return "int";
    case Type::kTimestamp:
      return "timestamp";
    case Type::kInt64:
      return "long";
    case Type::kDecimal128:
      return "decimal";
    case Type::kMaxKey:
      return "maxKey";
    case Type::kMinKey:
      return "minKey";
  }
  return "unknown";
}

}  // namespace whimbrel
