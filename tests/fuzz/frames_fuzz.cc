// What the Node host may send: any bytes, arriving in pieces; whole frames survive a round trip.
#include "fuzz/target.h"
#include "node/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::span<const uint8_t> rest(data + 1, size - 1);
  size_t piece = data[0] + size_t{1};
  whimbrel::node::FrameReader reader;
  while (!rest.empty()) {
    reader.add(rest.first(std::min(piece, rest.size())));
    rest = rest.subspan(std::min(piece, rest.size()));
    for (;;) {
      auto frame = reader.next();
      if (!frame) return 0;
      if (!*frame) break;
      whimbrel::node::FrameReader again;
      again.add(whimbrel::node::encode(**frame));
      auto same = again.next();
      fuzz::must(same && *same && (*same)->call == (*frame)->call);
      fuzz::must((*same)->documents.size() == (*frame)->documents.size());
    }
  }
  return 0;
}
