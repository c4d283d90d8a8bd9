// File names of collections, as mongodump gives them.
#pragma once

#include <string>
#include <string_view>

namespace whimbrel::backup {

inline constexpr std::string_view kBucketsPrefix = "system.buckets.";

/// The name without its extension: everything but letters, digits and -_.~ as %XX, a space as "+".
/// Longer than 238 bytes, the end is replaced by "%24" and a digest of the name.
std::string file_name_of(std::string_view collection);

/// The collection of such a name; "" when it was cut off, and only the metadata knows.
std::string collection_of(std::string_view file_name);

}  // namespace whimbrel::backup
