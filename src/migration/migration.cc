#include "migration/migration.h"

#include <fmt/format.h>

#include <algorithm>

namespace whimbrel {

const std::string& Step::collection() const {
  static const std::string none;
  return std::visit(
      [](const auto& step) -> const std::string& {
        if constexpr (requires { step.collection; }) return step.collection;
        else return none;
      },
      body);
}

const mongo::Document& Step::where() const {
  static const mongo::Document everything;
  return std::visit(
      [](const auto& step) -> const mongo::Document& {
        if constexpr (requires { step.where; }) return step.where;
        else return everything;
      },
      body);
}

bool Step::is_document_step() const {
  return std::holds_alternative<UpdateStep>(body) || std::holds_alternative<DeleteStep>(body) ||
         std::holds_alternative<CopyStep>(body) || std::holds_alternative<TransformStep>(body);
}

bool Migration::reversible() const {
  if (down == DownKind::kSteps) return true;
  return std::none_of(steps.begin(), steps.end(),
                      [](const Step& step) { return step.irreversible; });
}

std::string Problem::text() const {
  if (line == 0) return fmt::format("{}: {}", file, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

}  // namespace whimbrel
