// What `reads` lets a script see of a document.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mongo/document_list.h"

namespace whimbrel {

/// The fields of `reads`, as the server's own projection would give them: `_id`, then what is
/// named, in the document's order; `a.b` keeps `{a: {b}}` and goes through arrays.
class Reads {
 public:
  /// Without fields: whole documents.
  explicit Reads(const std::vector<std::string>& fields);

  bool everything() const { return root_.whole; }
  /// True when only parts of this top-level field are read: whoever saw it must not write it whole.
  bool is_partial(std::string_view name) const;
  void project(mongo::View document, mongo::DocumentList& projected) const;

  struct Node {
    bool whole = false;
    std::map<std::string, Node, std::less<>> children;
  };

 private:
  Node root_;
};

}  // namespace whimbrel
