// What a command is, by its own words.
#pragma once

#include <set>
#include <string>

#include "mongo/bson.h"

namespace whimbrel::mongo {

using CollectionNames = std::set<std::string, std::less<>>;

/// "update whimbrel_ranges", "hello".
std::string command_name(View command);

/// Whether running it twice is the same as running it once: reads (an aggregation that writes with
/// $out or $merge is none), and writes to `collections`, whose writers promise it.
bool is_repeatable(View command, const CollectionNames& collections);

/// True for commands that a server at work answers within seconds: about itself, and on
/// `collections`, but those that may remove many documents.
bool is_brief(View command, const CollectionNames& collections);

}  // namespace whimbrel::mongo
