#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/checklist.h"
#include "flow/runbook.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Json item_json(const ChecklistItem& item) {
  return {{"item", item.name},
          {"title", item.title},
          {"phase", to_text(item.phase)},
          {"required", item.required},
          {"state", to_text(item.state)},
          {"measured", item.measured},
          {"evidence", text_or_null(item.evidence)},
          {"next", text_or_null(item.command)}};
}

Json list_json(const Checklist& list) {
  Json json{{"file", list.migration},
            {"sha256", list.hash},
            {"phase", to_text(list.phase)},
            {"open", list.open()},
            {"items", Json::array()}};
  for (const ChecklistItem& item : list.items) json["items"].push_back(item_json(item));
  return json;
}

std::string_view box(const ChecklistItem& item) {
  return item.state == ItemState::kDone ? "[x]" : "[ ]";
}

/// Calls `print` with the items of each phase in turn.
template <class Print>
void each_phase(const Checklist& list, const Print& print) {
  for (auto phase : {ChecklistPhase::kBefore, ChecklistPhase::kDuring, ChecklistPhase::kAfter}) {
    std::vector<const ChecklistItem*> items;
    for (const ChecklistItem& item : list.items) {
      if (item.phase == phase) items.push_back(&item);
    }
    print(phase, items);
  }
}

std::string_view required(const ChecklistItem& item) {
  return item.required && item.state != ItemState::kDone ? " (required)" : "";
}

void print_text(const Checklist& list) {
  fmt::print("Checklist of {}\n", list.migration);
  each_phase(list, [&](ChecklistPhase phase, const std::vector<const ChecklistItem*>& items) {
    fmt::print("  {}{}\n", to_text(phase), phase == list.phase ? ", which is now" : "");
    for (const ChecklistItem* item : items) {
      fmt::print("    {} {:<17} {}{}\n", box(*item), item->name, item->title, required(*item));
      if (!item->evidence.empty()) {
        bool word = item->state == ItemState::kDone && !item->measured;
        fmt::print("          {}{}\n", word ? "ticked by " : "", item->evidence);
      }
      if (item->state == ItemState::kOpen) fmt::print("          {}\n", item->command);
    }
  });
}

void print_markdown(const Checklist& list, std::ostream& out) {
  out << fmt::format("## Checklist of `{}`\n", list.migration);
  each_phase(list, [&](ChecklistPhase phase, const std::vector<const ChecklistItem*>& items) {
    std::string title(to_text(phase));
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    out << fmt::format("\n### {}\n", title);
    for (const ChecklistItem* item : items) {
      out << fmt::format("- {} **{}**: {}", box(*item), item->name, item->title);
      if (!item->evidence.empty()) out << " — " << item->evidence;
      out << required(*item);
      if (item->state == ItemState::kOpen) out << fmt::format("  \n  `{}`", item->command);
      out << "\n";
    }
  });
}

Result<int> take_word(const Arguments& arguments, Tick word) {
  const auto& words = arguments.words;
  if (words.size() < 2 || arguments.note.empty()) {
    return Error{ErrorKind::kUsage,
                 fmt::format("checklist {} needs an item and a note of what was done", words[0]),
                 "whimbrel checklist tick ITEM [NAME] --note TEXT"};
  }
  word.item = words[1];
  word.name = words.size() > 2 ? words[2] : "";
  word.note = arguments.note;
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  auto ticked = TRY(tick(project, word));
  if (arguments.output != Output::kText) {
    Json json{{"schema", 1},
              {"type", "checklist.tick"},
              {"item", word.item},
              {"ticked", !word.taken_back},
              {"migrations", ticked}};
    fmt::print("{}\n", JsonRows::text(json));
    return 0;
  }
  for (const std::string& name : ticked) {
    fmt::print("{}: {} is {}\n", name, word.item, word.taken_back ? "open again" : "ticked");
  }
  if (ticked.empty()) fmt::print("nothing is pending and nothing is applied: nothing was ticked\n");
  return 0;
}

Result<int> print_runbook(Project& project, const Arguments& arguments, const std::string& name) {
  std::string text = TRY(runbook(project, name, arguments.overrides));
  std::cout << text << std::flush;
  return 0;
}

}  // namespace

Result<int> run_checklist(const Arguments& arguments) {
  const auto& words = arguments.words;
  bool ticks = !words.empty() && words[0] == "tick";
  bool unticks = !words.empty() && words[0] == "untick";
  if (words.size() > (ticks || unticks ? 3u : 1u)) {
    return Error{ErrorKind::kUsage, fmt::format("checklist takes no argument '{}'", words.back()),
                 "whimbrel help checklist"};
  }
  if (ticks || unticks) return take_word(arguments, {"", "", "", unticks});
  std::string name = words.empty() ? "" : words[0];
  Project project = TRY(open_project(arguments.sources));
  if (arguments.runbook) return print_runbook(project, arguments, name);
  auto lists = TRY(read_checklists(project, name));
  bool open = std::any_of(lists.begin(), lists.end(), [](const auto& one) { return one.open(); });
  int exit = open ? 1 : 0;
  if (arguments.output == Output::kText) {
    for (const Checklist& list : lists) print_text(list);
    if (lists.empty()) fmt::print("nothing is pending and nothing is applied\n");
    if (open) fmt::print(stderr, "Something required is open.\n");
  } else if (arguments.output == Output::kMarkdown) {
    for (const Checklist& list : lists) print_markdown(list, std::cout);
    std::cout.flush();
  } else {
    JsonRows rows(arguments.output, project.database, "checklist", "migrations");
    for (const Checklist& list : lists) rows.add(list_json(list));
  }
  return exit;
}

}  // namespace whimbrel
