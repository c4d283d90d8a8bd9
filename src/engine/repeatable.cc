#include "engine/repeatable.h"

#include <algorithm>
#include <array>

namespace whimbrel {

using mongo::Document;
using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

constexpr std::string_view kNow = "$$NOW";
constexpr std::string_view kPinned = "$$whimbrelNow";
constexpr std::array<std::string_view, 4> kChanceful = {"$rand", "$sampleRate", "$function",
                                                        "$accumulator"};
constexpr std::array<std::string_view, 2> kMoving = {"$$CLUSTER_TIME", "$$USER_ROLES"};

bool names_variable(std::string_view text, std::string_view variable) {
  return text == variable || (text.starts_with(variable) && text[variable.size()] == '.');
}

Document pinned(View part) {
  Document result;
  for (const Value& field : part.elements()) {
    bool literal = field.key() == "$literal";
    bool now = field.type() == Type::kString && names_variable(field.as_string(), kNow);
    if (now && !literal) {
      result.append(field.key(),
                    std::string(kPinned) + std::string(field.as_string().substr(kNow.size())));
    } else if (field.type() == Type::kDocument && !literal) {
      result.append(field.key(), pinned(field.as_document()));
    } else if (field.type() == Type::kArray && !literal) {
      result.append_array(field.key(), pinned(field.as_document()));
    } else {
      result.append(field.key(), field);
    }
  }
  return result;
}

}  // namespace

bool is_repeatable(View pipeline) {
  for (const Value& field : pipeline.elements()) {
    if (field.key() == "$literal") continue;
    if (std::find(kChanceful.begin(), kChanceful.end(), field.key()) != kChanceful.end())
      return false;
    for (std::string_view variable : kMoving) {
      if (field.type() == Type::kString && names_variable(field.as_string(), variable))
        return false;
    }
    if (field.is_document() && !is_repeatable(field.as_document())) return false;
  }
  return true;
}

Document pin_now(View pipeline) {
  return pinned(pipeline);
}

Document let_now(int64_t now) {
  Document variables;
  variables.append_date("whimbrelNow", now);
  return mongo::make_document("let", variables);
}

}  // namespace whimbrel
