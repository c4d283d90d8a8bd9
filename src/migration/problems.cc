#include "migration/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "migration/yaml.h"

namespace whimbrel::migration {

void ProblemList::add(int line, int column, std::string message) {
  problems_.push_back(Problem{file_, line, column, std::move(message)});
}

void ProblemList::add(const YamlNode& node, std::string message) {
  add(node.line, node.column, std::move(message));
}

std::vector<Problem> ProblemList::take() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::exchange(problems_, {});
}

}  // namespace whimbrel::migration
