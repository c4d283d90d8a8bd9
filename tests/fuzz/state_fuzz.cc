// Any document where a document of our own is expected: the first byte chooses the collection.
#include "fuzz/target.h"
#include "state/journal.h"
#include "state/quarantine.h"
#include "state/runs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // Text that starts with '{' is Extended JSON, so that the corpus can be read; the rest is BSON.
  std::span<const uint8_t> rest(data + 1, size - 1);
  bool is_text = !rest.empty() && rest[0] == '{';
  auto document = is_text ? whimbrel::mongo::Document::from_json(fuzz::text(rest))
                          : whimbrel::mongo::Document::from_bytes(rest);
  if (!document) return 0;
  switch (data[0] % 4) {
    case 0:
      (void)whimbrel::read_range(*document);
      break;
    case 1:
      (void)whimbrel::read_run(*document);
      break;
    case 2:
      (void)whimbrel::read_quarantined(*document);
      break;
    default:
      (void)whimbrel::read_first_slice(*document);
  }
  return 0;
}
