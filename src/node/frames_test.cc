#include "node/frames.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "support/random_document.h"

using namespace whimbrel;
using node::Frame;
using node::FrameReader;

namespace {

Frame sample() {
  Frame frame;
  frame.call = 7;
  frame.head = mongo::make_document("ok", true, "text", "grüße\n\"quoted\"");
  frame.documents.add(mongo::make_document("_id", 1, "n", 1.0));
  frame.documents.add(mongo::make_document("_id", 2));
  return frame;
}

}  // namespace

TEST_CASE("a frame arrives as it was sent, however its bytes are cut") {
  std::vector<uint8_t> bytes = node::encode(sample());
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    FrameReader reader;
    reader.add({bytes.data(), cut});
    auto early = reader.next();
    REQUIRE(early);
    CHECK_FALSE(*early);
    reader.add({bytes.data() + cut, bytes.size() - cut});
    auto frame = reader.next();
    REQUIRE(frame);
    REQUIRE(*frame);
    CHECK((*frame)->call == 7);
    CHECK((*frame)->head.view().get_string("text") == "grüße\n\"quoted\"");
    CHECK((*frame)->documents.size() == 2);
  }
}

TEST_CASE("frames that lie about their sizes are refused") {
  std::vector<uint8_t> bytes = node::encode(sample());
  auto refused = [](std::vector<uint8_t> changed) {
    FrameReader reader;
    reader.add(changed);
    auto frame = reader.next();
    return !frame;
  };
  auto huge = bytes;
  huge[3] = 0xff;
  CHECK(refused(huge));
  auto small = bytes;
  small[0] = 3, small[1] = small[2] = small[3] = 0;
  CHECK(refused(small));
  auto head = bytes;
  head[9] = 0xff;
  CHECK(refused(head));
  auto no_json = bytes;
  no_json[12] = 'x';
  CHECK(refused(no_json));
  auto no_bson = bytes;
  no_bson.back() = 1;
  CHECK(refused(no_bson));
}

TEST_CASE("random bytes never crash the reader") {
  rc::check([](const std::vector<uint8_t>& bytes) {
    FrameReader reader;
    reader.add(bytes);
    for (int i = 0; i < 10; ++i) {
      auto frame = reader.next();
      if (!frame || !*frame) break;
    }
  });
}
