#include "engine/batch_size.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using std::chrono::milliseconds;

TEST_CASE("batches start small and grow to the limit while they are quick") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  CHECK(size.docs() == 250);
  size.took(milliseconds(10), 250);
  CHECK(size.docs() == 500);
  size.took(milliseconds(10), 500);
  size.took(milliseconds(10), 1000);
  CHECK(size.docs() == 1000);
}

TEST_CASE("a slow batch makes the next one smaller in proportion, at most by half") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  size.took(milliseconds(125), 250);
  CHECK(size.docs() == 200);
  size.took(milliseconds(5000), 200);
  CHECK(size.docs() == 100);
}

TEST_CASE("batches of which one in four is late by chance keep their size") {
  BatchSize size({.docs = 1000, .time = milliseconds(10)});
  for (int i = 0; i < 400; ++i) {
    double work = size.docs() * 0.1;  // 100 documents in 10 ms
    size.took(BatchSize::Duration(i % 4 == 0 ? work * 8 : work), size.docs());
  }
  CHECK(size.docs() > 40);
  CHECK(size.docs() < 160);
}

TEST_CASE("a short target leaves a few documents; the limit's time leaves one") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  size.aim_at(milliseconds(4));
  for (int i = 0; i < 20; ++i) size.took(milliseconds(10), size.docs());
  CHECK(size.docs() == BatchSize::kFewDocs);
  for (int i = 0; i < 20; ++i) size.took(milliseconds(500), size.docs());
  CHECK(size.docs() == 1);
}

TEST_CASE("a short last batch of a range says nothing about the size") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  size.took(milliseconds(1), 3);
  CHECK(size.docs() == 250);
}

TEST_CASE("a conflict halves the batch, down to one document") {
  BatchSize size({.docs = 4, .time = milliseconds(100)});
  for (int i = 0; i < 5; ++i) size.conflicted();
  CHECK(size.docs() == 1);
}

/// How many batches of at most size.docs() follow a first one of `docs` that failed, until the bad
/// document at `bad` has failed alone.
int batches_until_alone(BatchSize& size, int docs, int bad) {
  int at = 0, batches = 0;
  while (size.isolate(docs)) {
    docs = std::min(size.docs(), 1000 - at);
    for (++batches; at + docs <= bad; ++batches) {
      at += docs;
      size.took(milliseconds(1), docs);
      docs = std::min(size.docs(), 1000 - at);
    }
  }
  return batches;
}

TEST_CASE("one bad document of n, wherever it stands, fails alone within log2(n) + 1 batches") {
  for (int bad = 0; bad < 1000; ++bad) {
    BatchSize size({.docs = 1000, .time = milliseconds(100)});
    for (int i = 0; i < 4; ++i) size.took(milliseconds(1), size.docs());
    CAPTURE(bad);
    REQUIRE(size.docs() == 1000);
    CHECK(batches_until_alone(size, 1000, bad) <= 11);  // log2(1000) is just below 10
  }
}

TEST_CASE("after a bad document was found batches are half as large as before, and grow again") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  for (int i = 0; i < 4; ++i) size.took(milliseconds(1), size.docs());
  for (int docs = 1000; size.isolate(docs);) docs = size.docs();
  CHECK(size.docs() == 500);
  size.took(milliseconds(1), 500);
  CHECK(size.docs() == 1000);
}

TEST_CASE("where every fifth document is bad batches become small") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  int64_t tried = 0;
  for (int at = 0; at < 10'000;) {
    int docs = std::min(size.docs(), 10'000 - at);
    tried += docs;
    bool fails = at / 5 * 5 == at || (at + docs - 1) / 5 > at / 5;
    if (!fails || !size.isolate(docs)) at += docs;
    if (!fails) size.took(milliseconds(1), docs);
  }
  CHECK(tried < 10 * 10'000);
}

TEST_CASE("documents that are nobody's suspects any more come in batches of the usual size") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  CHECK(size.isolate(200));
  CHECK(size.docs() == 100);
  size.took(milliseconds(1), 100);
  CHECK(size.docs() == 50);
  size.look_no_further();
  CHECK(size.docs() == 100);
}

TEST_CASE("a batch that should take another time than the limit's comes close in a few steps") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  size.aim_at(milliseconds(10));
  for (int i = 0; i < 5; ++i) size.took(milliseconds(1) * (size.docs() / 5.0), size.docs());
  CHECK(size.docs() <= 51);
  size.aim_at(milliseconds(100));
  for (int i = 0; i < 5; ++i) size.took(milliseconds(1) * (size.docs() / 5.0), size.docs());
  CHECK(size.docs() >= 500);
}
