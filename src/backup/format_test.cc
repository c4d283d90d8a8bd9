#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "backup/archive.h"
#include "backup/checksum.h"
#include "backup/content.h"
#include "backup/manifest.h"
#include "backup/metadata.h"
#include "backup/names.h"
#include "backup/nesting.h"
#include "backup/output.h"

using namespace whimbrel;
using namespace whimbrel::backup;
using mongo::make_document;

namespace {

/// A file that is gone with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const uint8_t> bytes)
      : path_(std::filesystem::temp_directory_path() / ("whimbrel-" + mongo::new_object_id())) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void add(std::vector<uint8_t>& bytes, std::span<const uint8_t> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

/// t.c with two documents, as mongodump would write it.
std::vector<uint8_t> small_archive() {
  ArchiveEntry entry{"t", "c", R"({"indexes":[]})", "collection"};
  std::vector<uint8_t> bytes =
      archive_start({.server_version = "7.0.16", .tool_version = "100.12.0"}, {entry});
  Crc64 crc;
  add(bytes, block_header("t", "c").bytes());
  for (int id : {1, 2}) {
    mongo::Document document = make_document("_id", id);
    crc.add(document.bytes());
    add(bytes, document.bytes());
  }
  add(bytes, bytes_of(kArchiveTerminator));
  add(bytes, end_header("t", "c", crc).bytes());
  add(bytes, bytes_of(kArchiveTerminator));
  return bytes;
}

Result<CheckedContent> check(std::span<const uint8_t> bytes) {
  TemporaryFile file(bytes);
  auto content = TRY(open_content(file.path(), "t"));
  return check_content(content);
}

}  // namespace

TEST_CASE("the checksum of an archive is CRC-64/XZ") {
  Crc64 crc;
  CHECK(crc.value() == 0);
  crc.add(bytes_of("123456789"));
  CHECK(crc.value() == 0x995DC9BBDF1939FA);
  Crc64 in_pieces;
  in_pieces.add(bytes_of("1"));
  in_pieces.add(bytes_of("23456789"));
  CHECK(in_pieces.value() == crc.value());
}

TEST_CASE("the end of a collection in an archive has the checksum of all its documents") {
  Crc64 crc;
  crc.add(make_document("_id", 1).bytes());
  crc.add(make_document("_id", 2).bytes());
  CHECK(crc.value() == 0x0f51dd249ee42e7d);
  CHECK(end_header("t", "c", crc).bytes().size() == 0x34);
}

TEST_CASE("names of files are those of mongodump") {
  CHECK(file_name_of("users") == "users");
  CHECK(file_name_of("a b/c") == "a+b%2Fc");
  CHECK(file_name_of("a$b") == "a%24b");
  CHECK(file_name_of("\xC3\xA4") == "%C3%A4");
  for (const char* name : {"users", "a b/c", "50%", "a+b", "\xC3\xA4\n", "system.buckets.x"}) {
    CHECK(collection_of(file_name_of(name)) == name);
  }
}

TEST_CASE("a long name is cut and ends with a digest of all of it") {
  std::string name(239, 'x');
  std::string file = file_name_of(name);
  CHECK(file.size() == 238);
  CHECK(file.substr(0, 211) == std::string(208, 'x') + "%24");
  CHECK(collection_of(file) == "");
  CHECK(file_name_of(std::string(238, 'x')) == std::string(238, 'x'));
  CHECK(file_name_of(name + "y") != file_name_of(name + "z"));
}

TEST_CASE("metadata has mongodump's fields in its order") {
  Definition definition{"c", "collection", {}, {make_document("v", 2, "name", "_id_")}, "ab"};
  CHECK(metadata_json(definition) ==
        R"({ "indexes" : [ { "v" : { "$numberInt" : "2" }, "name" : "_id_" } ], )"
        R"("uuid" : "ab", "collectionName" : "c", "type" : "collection" })");
}

TEST_CASE("metadata of older tools is read") {
  auto old = read_metadata(R"({"options":{"capped":true,"size":4096},"indexes":[{"v":2,"key":)"
                           R"({"_id":1},"name":"_id_","ns":"a.b"}]})",
                           "b");
  REQUIRE(old);
  CHECK(old->name == "b");
  CHECK(old->is_capped());
  CHECK(old->indexes.size() == 1);
  CHECK(read_metadata("", "b"));
  CHECK_FALSE(read_metadata("{", "b"));
  CHECK_FALSE(read_metadata(R"({"indexes":[1]})", "b"));
}

TEST_CASE("an archive is read as it was written") {
  auto checked = check(small_archive());
  REQUIRE(checked);
  CHECK(checked->documents == 2);
  CHECK(checked->bytes == 28);
  std::vector<uint8_t> bytes = small_archive();
  std::span<const uint8_t> whole = bytes;
  CHECK(check(gzip_member({&whole, 1})));
}

TEST_CASE("an archive that is cut off anywhere is refused") {
  std::vector<uint8_t> bytes = small_archive();
  std::span<const uint8_t> whole = bytes;
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    auto checked = check(whole.first(length));
    REQUIRE_FALSE(checked);
    CHECK(exit_code(checked.error().kind) == 65);
  }
  std::vector<uint8_t> packed = gzip_member({&whole, 1});
  for (size_t length = 1; length < packed.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(check(std::span<const uint8_t>(packed).first(length)));
  }
}

TEST_CASE("an archive with a changed document or checksum is refused") {
  std::vector<uint8_t> bytes = small_archive();
  size_t block = archive_start({.server_version = "7.0.16", .tool_version = "100.12.0"},
                               {{"t", "c", R"({"indexes":[]})", "collection"}})
                     .size();
  size_t unused = block + block_header("t", "c").bytes().size() - 9;
  for (size_t at = block; at < bytes.size(); ++at) {
    CAPTURE(at);
    // The first block's own checksum means nothing: only that of the end counts.
    if (at >= unused && at < unused + 8) continue;
    std::vector<uint8_t> changed = bytes;
    changed[at] ^= 0x40;
    CHECK_FALSE(check(changed));
  }
}

TEST_CASE("documents that are nested too deep are told without recursion") {
  mongo::Document inner;
  for (size_t level = 1; level < kDeepest; ++level) inner = make_document("a", inner);
  CHECK(nesting_of(inner.bytes()) == Nesting::kFine);
  inner = make_document("a", inner);
  CHECK(nesting_of(inner.bytes()) == Nesting::kTooDeep);
  mongo::Document scopes;
  for (size_t level = 0; level < kDeepest; ++level) {
    mongo::Document next;
    next.append_code_with_scope("c", "f()", scopes);
    scopes = std::move(next);
  }
  CHECK(nesting_of(scopes.bytes()) == Nesting::kTooDeep);
}

TEST_CASE("every type is passed over as long as it is, and no cut or changed length is followed") {
  auto document = mongo::Document::from_json(
      R"({"a":1.5,"b":"text","c":{"d":[1,{"e":null}]},"f":{"$binary":{"base64":"AAEC","subType":"02"}},)"
      R"("g":{"$oid":"65920080ffffffffffffffff"},"h":true,"i":{"$date":{"$numberLong":"7"}},)"
      R"("j":{"$regularExpression":{"pattern":"x","options":"i"}},"k":{"$code":"f"},)"
      R"("l":{"$code":"f","$scope":{
  "x" : 1
}
},"m":{"$timestamp":{"t":1,"i":2}},)"
      R"("n":{"$numberLong":"9"},"o":{"$numberDecimal":"1.5"},"p":{"$minKey":1},"q":{"$maxKey":1},)"
      R"("r":{"$symbol":"s"},"s":{"$undefined":true}})");
  REQUIRE(document);
  std::vector<uint8_t> bytes(document->bytes().begin(), document->bytes().end());
  CHECK(nesting_of(bytes) == Nesting::kFine);
  for (size_t length = 0; length < bytes.size(); ++length) {
    CHECK(nesting_of(std::span(bytes).first(length)) == Nesting::kBroken);
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (uint8_t change : {1, 0x7F, 0x80, 0xFF}) {
      std::vector<uint8_t> changed = bytes;
      changed[at] ^= change;
      (void)nesting_of(changed);  // whatever it says, it stays within the bytes (ASan)
    }
  }
}

TEST_CASE("gzip members behind each other are one file") {
  std::vector<uint8_t> first = gzip_member({}), whole = first;
  std::span<const uint8_t> text = bytes_of("migration");
  add(whole, gzip_member({&text, 1}));
  add(whole, gzip_member({&text, 1}));
  TemporaryFile file(whole);
  auto read = read_small_file(file.path(), 100);
  REQUIRE(read);
  CHECK(*read == "migrationmigration");
}

TEST_CASE("a manifest is read as it was written") {
  Manifest manifest;
  manifest.database = "shop";
  manifest.gzip = true;
  manifest.consistency = "snapshot";
  manifest.cluster_seconds = 7;
  manifest.cluster_increment = 3;
  manifest.migration = "1-a.yaml";
  manifest.collections = {{"c", "collection", 2, 28, R"({"a":1})", true}};
  manifest.files = {{"shop/c.bson", 28, "ab"}};
  std::string text = manifest_json(manifest);
  TemporaryFile file(bytes_of(text));
  auto read = read_manifest(file.path());
  REQUIRE(read);
  CHECK(manifest_json(*read) == text);
  CHECK(read->find("c")->where == R"({"a":1})");
}

TEST_CASE("what is no manifest is refused") {
  for (const char* text : {"", "{", "[]", "{}", R"({"type":"whimbrel-backup","v":2})",
                           R"({"type":"whimbrel-backup","v":1})"}) {
    CAPTURE(text);
    TemporaryFile file(bytes_of(text));
    CHECK_FALSE(read_manifest(file.path()));
  }
}
