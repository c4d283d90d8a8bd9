// Strict readers of single values and of mappings' keys; what is wrong becomes a problem.
//
// Every reader returns a usable value (empty, zero, the default) after it added a problem, so that
// reading goes on and all problems of a file are found. `what` names the value in messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migration/problems.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

using Names = std::vector<std::string>;

/// Adds a problem for every key of the mapping that `allowed` does not list.
void refuse_unknown_keys(const YamlNode& mapping, std::string_view what,
                         std::span<const std::string> allowed, ProblemList& problems);
/// "unknown WHAT 'word' (did you mean 'x'?); allowed: a, b, c".
std::string unknown_word(std::string_view what, std::string_view word,
                         std::span<const std::string> allowed);
/// Adds "WHAT must be ALLOWED, not …".
void refuse_value(const YamlNode& node, std::string_view what, std::string_view allowed,
                  ProblemList& problems);

bool is_string(const YamlNode& node);
bool is_integer(const YamlNode& node);
bool is_number(const YamlNode& node);  ///< integer or float

/// Non-empty text without NUL; numbers and booleans must be quoted to be text.
std::string read_text(const YamlNode& node, std::string_view what, ProblemList& problems);
/// `true` or `false`.
bool read_bool(const YamlNode& node, std::string_view what, ProblemList& problems);
/// `on`, `off`, `true` or `false`.
bool read_switch(const YamlNode& node, std::string_view what, ProblemList& problems);
/// A whole number within [least, most]; `least` after a problem.
int64_t read_integer(const YamlNode& node, std::string_view what, int64_t least, int64_t most,
                     ProblemList& problems);
/// A list of different non-empty texts.
Names read_names(const YamlNode& node, std::string_view what, ProblemList& problems);
/// "auto" (0) or a whole number from 1 to 256.
int read_workers(const YamlNode& node, ProblemList& problems);
/// Bytes: a size such as 8MiB, or a whole number; at least 1.
int64_t read_bytes(const YamlNode& node, std::string_view what, ProblemList& problems);
/// Milliseconds of a duration such as 100ms; at least 1.
int64_t read_duration(const YamlNode& node, std::string_view what, ProblemList& problems);
/// A collection that a migration may name: no `$`, no NUL, no leading '.', neither `system.` nor
/// one of whimbrel's own.
std::string read_collection(const YamlNode& node, std::string_view what, ProblemList& problems);

constexpr int64_t kMaxBatchDocs = 100'000;
/// A message to the server holds 48 MB (maxMessageSizeBytes), and its reply 16 MiB a piece.
constexpr int64_t kMaxBatchBytes = int64_t{48} << 20;
/// Half of what the server lets a transaction live by default.
constexpr int64_t kMaxBatchMilliseconds = 30'000;
/// read_bytes() and read_duration() within these.
int64_t read_batch_bytes(const YamlNode& node, std::string_view what, ProblemList& problems);
int64_t read_batch_time(const YamlNode& node, std::string_view what, ProblemList& problems);

}  // namespace whimbrel::migration
