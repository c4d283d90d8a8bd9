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

TEST_CASE("a slow batch brings the next one back to the target time at once") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  size.took(milliseconds(500), 250);
  CHECK(size.docs() == 50);
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

TEST_CASE("a batch that should take another time than the limit's is cut to that") {
  BatchSize size({.docs = 1000, .time = milliseconds(100)});
  size.aim_at(milliseconds(10));
  size.took(milliseconds(50), 250);
  CHECK(size.docs() == 50);
  size.aim_at(milliseconds(100));
  size.took(milliseconds(10), 50);
  CHECK(size.docs() == 100);
}
