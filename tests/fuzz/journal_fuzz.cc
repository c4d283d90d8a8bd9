// Journal blobs: any bytes as a stored frame, and any bytes inside a sound frame.
#include "fuzz/target.h"
#include "state/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static whimbrel::Compressor compressor;
  if (size == 0) return 0;
  std::span<const uint8_t> rest(data + 1, size - 1);
  std::vector<uint8_t> frame(rest.begin(), rest.end());
  if (data[0] % 2 != 0) {
    std::span<const uint8_t> piece(rest);
    frame.clear();
    (void)compressor.compress({&piece, 1}, 1 << 10, [&](std::span<const uint8_t> part) {
      frame.insert(frame.end(), part.begin(), part.end());
      return whimbrel::Status();
    });
  }
  std::vector<whimbrel::JournalEntry> entries(1);
  if (!whimbrel::unpack(entries[0], frame)) return 0;
  entries[0].after.resize(entries[0].before.size());
  fuzz::must(whimbrel::latest_images(entries).size() <= entries[0].before.size());
  return 0;
}
