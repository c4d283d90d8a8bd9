#include "migration/migration.h"

#include <fmt/format.h>

#include <algorithm>

namespace whimbrel {

std::string Step::collection() const {
  return std::visit(
      [](const auto& step) -> std::string {
        if constexpr (requires { step.collection; }) return step.collection;
        else return "";
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
