#include "cli/help_steering.h"

#include <fmt/format.h>

#include <vector>

#include "state/steering.h"

namespace whimbrel {
namespace {

using Kind = SteeringOutcome::Kind;

std::string cell(const SteeringOutcome& outcome, std::vector<std::string_view>& reasons) {
  switch (outcome.kind) {
    case Kind::kGoes:
      return std::string(to_text(outcome.next));
    case Kind::kStays:
      return "·";
    case Kind::kCannot:
      return "";
    case Kind::kRefused:
      break;
  }
  size_t number = 0;
  while (number < reasons.size() && reasons[number] != outcome.why) ++number;
  if (number == reasons.size()) reasons.push_back(outcome.why);
  return fmt::format("no ({})", number + 1);
}

}  // namespace

std::string steering_table() {
  std::vector<std::string_view> reasons;
  std::string text = "| event |";
  std::string line = "|---|";
  for (size_t s = 0; s < kSteeringStates; ++s) {
    text += fmt::format(" {} |", to_text(static_cast<SteeringState>(s)));
    line += "---|";
  }
  text += "\n" + line + "\n";
  for (size_t e = 0; e < kSteeringEvents; ++e) {
    auto event = static_cast<SteeringEvent>(e);
    text += fmt::format("| {} |", to_text(event));
    for (size_t s = 0; s < kSteeringStates; ++s) {
      auto state = static_cast<SteeringState>(s);
      text += fmt::format(" {} |", cell(steering_outcome(state, event), reasons));
    }
    text += "\n";
  }
  text += "\n`·`: stays as it is. Empty: does not happen there. Refused, because\n\n";
  for (size_t i = 0; i < reasons.size(); ++i) text += fmt::format("{}. {}\n", i + 1, reasons[i]);
  return text;
}

}  // namespace whimbrel
