#include "state/version.h"

#include <doctest/doctest.h>

#include "state/journal.h"
#include "state/quarantine.h"
#include "state/runs.h"

namespace whimbrel {
namespace {

using mongo::make_document;

TEST_CASE("a newer format is refused with its number; an older one and none are read") {
  auto refused = check_version(make_document("v", 99), "whimbrel_runs");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "a document in whimbrel_runs has format version 99, written by a newer whimbrel; this one "
        "reads up to 1");
  CHECK(check_version(make_document("v", kStateVersion), "whimbrel_runs"));
  CHECK(check_version(make_document("v", 0), "whimbrel_runs"));
  CHECK(check_version(make_document("v", "text"), "whimbrel_runs"));
  CHECK(check_version(mongo::View(), "whimbrel_runs"));
}

TEST_CASE("state documents that somebody damaged are refused with what is missing") {
  auto range = read_range(make_document("_id", make_document("range", 1), "hi", 2));
  REQUIRE_FALSE(range);
  CHECK(range.error().message == "a document in whimbrel_ranges has no 'lo'");
  CHECK_FALSE(read_run(mongo::View()));
  CHECK_FALSE(read_quarantined(make_document("_id", 1)));
  CHECK_FALSE(read_first_slice(make_document("_id", make_document("range", 1))));
}

TEST_CASE("a journal entry of documents without _id is refused") {
  mongo::DocumentList documents;
  documents.add(make_document("n", 1));
  JournalEntry entry;
  std::vector<uint8_t> frame;
  std::span<const uint8_t> piece = documents.bytes();
  REQUIRE(Compressor().compress({&piece, 1}, 1 << 20, [&](std::span<const uint8_t> part) {
    frame.insert(frame.end(), part.begin(), part.end());
    return Status();
  }));
  CHECK_FALSE(unpack(entry, std::move(frame)));
}

}  // namespace
}  // namespace whimbrel
