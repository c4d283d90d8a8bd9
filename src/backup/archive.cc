#include "backup/archive.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "backup/names.h"
#include "backup/output.h"

namespace whimbrel::backup {

using mongo::Document;
using mongo::make_document;
using mongo::Type;
using mongo::View;

namespace {

constexpr std::string_view kMagic{"\x6d\xe2\x99\x81", 4};
constexpr int32_t kTerminator = -1;

void add(std::vector<uint8_t>& bytes, std::span<const uint8_t> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

std::string name_space(const std::string& database, const std::string& collection) {
  return database.empty() ? collection : database + "." + collection;
}

bool is_block_header(View header) {
  auto eof = header.find("EOF");
  auto crc = header.find("CRC");
  auto database = header.find("db");
  auto collection = header.find("collection");
  return eof && eof->type() == Type::kBool && crc && crc->type() == Type::kInt64 && database &&
         database->type() == Type::kString && collection && collection->type() == Type::kString;
}

}  // namespace

std::vector<uint8_t> archive_start(const ArchiveHeader& header,
                                   const std::vector<ArchiveEntry>& entries) {
  std::vector<uint8_t> bytes;
  add(bytes, bytes_of(kMagic));
  Document first = make_document("concurrent_collections", header.concurrent, "version", "0.1");
  first.append("server_version", header.server_version).append("tool_version", header.tool_version);
  add(bytes, first.bytes());
  for (const ArchiveEntry& entry : entries) {
    Document document = make_document("db", entry.database, "collection", entry.collection);
    document.append("metadata", entry.metadata).append("size", 0).append("type", entry.type);
    add(bytes, document.bytes());
  }
  add(bytes, bytes_of(kArchiveTerminator));
  return bytes;
}

Document block_header(const std::string& database, const std::string& collection) {
  return make_document("db", database, "collection", collection, "EOF", false, "CRC", int64_t{0});
}

Document end_header(const std::string& database, const std::string& collection, const Crc64& crc) {
  return make_document("db", database, "collection", collection, "EOF", true, "CRC",
                       static_cast<int64_t>(crc.value()));
}

Result<bool> is_archive(const std::string& path) {
  Input input = TRY(Input::open(path));
  std::array<uint8_t, 4> start{};
  auto got = input.read(start);
  return got && *got == start.size() && std::memcmp(start.data(), kMagic.data(), 4) == 0;
}

Result<ArchiveReader> ArchiveReader::open(const std::string& path) {
  ArchiveReader reader(TRY(Input::open(path)));
  TRY(reader.read_start());
  return reader;
}

Result<bool> ArchiveReader::next(std::vector<uint8_t>& buffer, Look look,
                                 const std::string& where) {
  int32_t length = 0;
  int64_t start = input_.at();
  TRY(input_.read_exactly({reinterpret_cast<uint8_t*>(&length), sizeof length},
                          "the archive is cut off " + where));
  if (length == kTerminator) return false;
  TRY(append_document(input_, length, start, look, buffer));
  return true;
}

Status ArchiveReader::read_start() {
  std::array<uint8_t, 4> magic{};
  TRY(input_.read_exactly(magic, "this is no archive of mongodump"));
  if (std::memcmp(magic.data(), kMagic.data(), 4) != 0) {
    return damaged(input_.path(), 0, "this is no archive of mongodump");
  }
  constexpr size_t kMostCollections = 1'000'000;
  for (size_t number = 0; number <= kMostCollections; ++number) {
    int64_t start = input_.at();
    buffer_.clear();
    if (!TRY(next(buffer_, Look::kInside, "in its list of collections"))) {
      if (number > 0) return {};
      return damaged(input_.path(), start, "the archive has no header");
    }
    View document(buffer_);
    if (number == 0) {
      header_.concurrent = static_cast<int>(document.get_int("concurrent_collections"));
      header_.server_version = document.get_string("server_version");
      header_.tool_version = document.get_string("tool_version");
    } else {
      entries_.push_back({document.get_string("db"), document.get_string("collection"),
                          document.get_string("metadata"), document.get_string("type")});
    }
  }
  return damaged(input_.path(), input_.at(), "the archive lists more than a million collections");
}

Status ArchiveReader::read(Look look, const Visit& visit) {
  while (true) {
    int64_t start = input_.at();
    std::array<uint8_t, 4> length_bytes{};
    size_t got = TRY(input_.read(length_bytes));
    if (got == 0) return check_all_ended();
    if (got < 4) return damaged(input_.path(), start, "the archive is cut off between two blocks");
    int32_t length = 0;
    std::memcpy(&length, length_bytes.data(), 4);
    std::vector<uint8_t> header;
    if (length == kTerminator) return damaged(input_.path(), start, "a block has no header");
    TRY(append_document(input_, length, start, Look::kInside, header));
    if (!is_block_header(View(header))) {
      return damaged(input_.path(), start, "this is no header of a block");
    }
    TRY(read_block(View(header), look, visit));
  }
}

Status ArchiveReader::read_block(View header, Look look, const Visit& visit) {
  std::string database = header.get_string("db"), collection = header.get_string("collection");
  std::string name = name_space(database, collection);
  int64_t start = input_.at();
  if (ended_.contains(name)) {
    return damaged(input_.path(), start, name + " goes on after its end");
  }
  bool ends = header.get_bool("EOF");
  Crc64& crc = open_[name];
  int64_t count = 0;
  buffer_.clear();
  // The first `bytes` of what was read; the rest, a document at the most, stays.
  auto hand_on = [&](size_t bytes, int64_t documents) -> Status {
    std::span<const uint8_t> whole(buffer_.data(), bytes);
    crc.add(whole);
    if (documents > 0) TRY(visit(database, collection, whole, documents));
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(bytes));
    count -= documents;
    return {};
  };
  while (true) {
    size_t before = buffer_.size();
    if (!TRY(next(buffer_, look, "in a block of " + name))) break;
    ++count;
    if (ends) return damaged(input_.path(), start, "documents behind the end of " + name);
    bool full = buffer_.size() > kChunkBytes || count > kChunkDocuments;
    if (full && count > 1) TRY(hand_on(before, count - 1));
  }
  TRY(hand_on(buffer_.size(), count));
  return ends ? end_collection(name, header) : Status();
}

Status ArchiveReader::end_collection(const std::string& name, View header) {
  auto expected = static_cast<uint64_t>(header.get_int("CRC"));
  uint64_t found = open_[name].value();
  open_.erase(name);
  ended_.insert(name);
  if (expected == found) return {};
  return damaged(input_.path(), input_.at(),
                 fmt::format("the documents of {} have the checksum {:016x}, not {:016x} as the "
                             "archive says",
                             name, found, expected));
}

Status ArchiveReader::check_all_ended() {
  for (const auto& [name, crc] : open_) {
    return damaged(input_.path(), input_.at(), "the archive ends before the end of " + name);
  }
  for (const ArchiveEntry& entry : entries_) {
    std::string plain = name_space(entry.database, entry.collection);
    std::string buckets =
        name_space(entry.database, std::string(kBucketsPrefix) + entry.collection);
    if (ended_.contains(plain) || ended_.contains(buckets)) continue;
    return damaged(input_.path(), input_.at(), "the archive ends before " + plain);
  }
  return {};
}

}  // namespace whimbrel::backup
