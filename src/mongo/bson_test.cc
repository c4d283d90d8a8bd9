#include "mongo/bson.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "mongo/document_list.h"
#include "support/random_document.h"

using namespace whimbrel::mongo;
using whimbrel::test::random_document;

TEST_CASE("every element of a random document can be taken out and put back, byte for byte") {
  rc::check([] {
    Document document = random_document();
    Document copy;
    for (const Value& element : document.view().elements()) {
      copy.append(element.key(), OwnedValue(element).value());
    }
    RC_ASSERT(copy.view().same_bytes(document));
  });
}

TEST_CASE("a list of random documents survives being one run of bytes") {
  rc::check([] {
    DocumentList list;
    std::vector<Document> documents;
    for (int i = 0; i < 3; ++i) documents.push_back(random_document());
    for (const Document& document : documents) list.add(document);
    auto read = DocumentList::from_bytes({list.bytes().begin(), list.bytes().end()});
    RC_ASSERT(bool(read) && read->size() == documents.size());
    for (size_t i = 0; i < documents.size(); ++i) RC_ASSERT((*read)[i].same_bytes(documents[i]));
  });
}

TEST_CASE("bytes that are cut off or no documents are refused") {
  Document document = make_document("a", "text");
  std::vector<uint8_t> bytes(document.bytes().begin(), document.bytes().end());
  for (size_t size = 1; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(DocumentList::from_bytes({bytes.begin(), bytes.begin() + static_cast<long>(size)}));
  }
}

TEST_CASE("a moved-from document is empty and can be used again") {
  Document first = make_document("a", 1);
  Document second = std::move(first);
  first.append("b", 2);  // NOLINT: that is the point
  CHECK(first.view().get_int("b") == 2);
  CHECK(second.view().get_int("a") == 1);
}

TEST_CASE("equal numbers of two types are different values") {
  Document document = make_document("i", 1, "d", 1.0);
  CHECK_FALSE(document.view().find("i")->same_bytes(*document.view().find("d")));
}
