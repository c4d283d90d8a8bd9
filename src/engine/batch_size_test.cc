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

TEST_CASE("isolating one bad document of n takes at most log2(n) + 1 halvings") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  int docs = 1000, halvings = 0;
  while (size.isolate(docs)) docs = size.docs(), ++halvings;
  CHECK(docs == 1);
  CHECK(halvings <= 10);
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
