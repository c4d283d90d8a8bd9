// Collects everything that is wrong with one file, so that its author sees all of it at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migration/migration.h"

namespace whimbrel::migration {

struct YamlNode;

/// The problems of one file. Not thread-safe; one per file.
class ProblemList {
 public:
  /// `file` is the name that messages show.
  explicit ProblemList(std::string_view file) : file_(file) {}

  /// `line` and `column` are 1-based; line 0 means the whole file.
  void add(int line, int column, std::string message);
  /// At the first character of `node`.
  void add(const YamlNode& node, std::string message);

  bool empty() const { return problems_.empty(); }
  size_t size() const { return problems_.size(); }
  /// Sorted by place; the list is empty afterwards.
  std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

}  // namespace whimbrel::migration
