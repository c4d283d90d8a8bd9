// Makes the users that the demo and the benchmark migrate, and digests collections.
//
//   users-generator --uri URI --db DB [--collection users] --docs N [--seed S] [--drop]
//   users-generator --uri URI --db DB [--collection users] --digest      sha256 of the raw
//   documents users-generator --uri URI --db DB [--collection users] --canonical   the same, field
//   names sorted users-generator --uri URI --db DB [--collection users] --wait-for N  until user N
//   is migrated users-generator --uri URI --initiate                                 a replica set
//   of one node
//
// A user depends on the seed and on its number alone, so that any number of threads makes the same
// collection. Digests go through the documents in the order of `_id`.
#include <mongoc/mongoc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string uri = "mongodb://127.0.0.1:27017";
  std::string database = "whimbrel_demo";
  std::string collection = "users";
  std::string mode = "generate";
  int64_t docs = 200000;
  int64_t number = 0;
  uint64_t seed = 1;
  int threads = 2;
  bool drop = false;
};

[[noreturn]] void fail(std::string_view what, const char* why = "") {
  std::fprintf(stderr, "users-generator: %.*s%s%s\n", static_cast<int>(what.size()), what.data(),
               *why ? ": " : "", why);
  std::exit(1);
}

/// SplitMix64: small, and good enough to make users differ.
class Random {
 public:
  Random(uint64_t seed, int64_t number)
      : state_(seed * 0x9E3779B97F4A7C15u ^ static_cast<uint64_t>(number) * 0xD1B54A32D192ED03u) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  uint64_t state_;
};

void put_u32(uint8_t* to, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i, value >>= 8) to[i] = static_cast<uint8_t>(value);
}

/// Ascends with the number, as ids made by one process do.
bson_oid_t id_of(int64_t number) {
  bson_oid_t id;
  put_u32(id.bytes, static_cast<uint64_t>(1700000000 + (number >> 16)), 4);
  std::memcpy(id.bytes + 4, "whimb", 5);
  put_u32(id.bytes + 9, static_cast<uint64_t>(number & 0xFFFFFF), 3);
  return id;
}

constexpr std::array kThemes = {"light", "dark", "system", "contrast"};
constexpr std::array kLanguages = {"en", "de", "fr", "es", "ja", "pt-BR"};
constexpr std::array kCities = {"Northport", "Eastfield", "Southbridge", "Westhaven"};
constexpr std::array kTags = {"beta",   "newsletter", "mobile", "desktop", "trial",
                              "annual", "monthly",    "owner",  "guest",   "imported"};

template <size_t N>
const char* one_of(const std::array<const char*, N>& words, Random& random) {
  return words[static_cast<size_t>(random.below(static_cast<int>(N)))];
}

void maybe_bool(bson_t* user, const char* key, Random& random) {
  if (random.chance(85)) bson_append_bool(user, key, -1, random.chance(60));
}

/// One user of about 600 bytes in the shape before the preferences migration. Of the old fields
/// some users lack some.
void make_user(bson_t* user, uint64_t seed, int64_t number) {
  Random random(seed, number);
  char text[160];
  auto put_text = [&](bson_t* into, const char* key, const char* format, auto... values) {
    int length = std::snprintf(text, sizeof text, format, values...);
    bson_append_utf8(into, key, -1, text, length);
  };
  auto n = static_cast<long long>(number);
  bson_oid_t id = id_of(number);
  bson_append_oid(user, "_id", -1, &id);
  put_text(user, "name", "User %09lld", n);
  put_text(user, "email", "user%09lld@example.com", n);
  if (random.chance(90)) bson_append_utf8(user, "oldTheme", -1, one_of(kThemes, random), -1);
  if (random.chance(90)) bson_append_utf8(user, "oldLang", -1, one_of(kLanguages, random), -1);
  for (const char* key : {"emailNotifications", "pushNotifications", "smsNotifications",
                          "publicProfile", "showEmail"}) {
    maybe_bool(user, key, random);
  }
  bson_t child;
  bson_append_document_begin(user, "address", -1, &child);
  put_text(&child, "street", "%d Harbour Road", random.below(900) + 1);
  bson_append_utf8(&child, "city", -1, one_of(kCities, random), -1);
  put_text(&child, "zip", "%05d", random.below(100000));
  bson_append_document_end(user, &child);
  bson_append_array_begin(user, "tags", -1, &child);
  const int tags = 2 + random.below(4);
  for (int i = 0; i < tags; ++i) {
    const char key[2] = {static_cast<char>('0' + i), 0};
    bson_append_utf8(&child, key, 1, one_of(kTags, random), -1);
  }
  bson_append_array_end(user, &child);
  bson_append_array_begin(user, "scores", -1, &child);
  for (int i = 0; i < 6; ++i) {
    const char key[2] = {static_cast<char>('0' + i), 0};
    bson_append_double(&child, key, 1, random.below(10000) / 100.0);
  }
  bson_append_array_end(user, &child);
  bson_append_date_time(user, "createdAt", -1, 1600000000000 + number * 1000 + random.below(1000));
  bson_append_int32(user, "logins", -1, random.below(5000));
  bson_append_int64(user, "credit", -1, static_cast<int64_t>(random.next() >> 20));
  put_text(user, "about", "%s %s %s %s, since %d; %016llx%016llx%016llx", one_of(kTags, random),
           one_of(kTags, random), one_of(kTags, random), one_of(kTags, random),
           2000 + random.below(25), static_cast<unsigned long long>(random.next()),
           static_cast<unsigned long long>(random.next()));
}

struct Deleter {
  void operator()(mongoc_client_t* client) const { mongoc_client_destroy(client); }
  void operator()(mongoc_collection_t* collection) const { mongoc_collection_destroy(collection); }
  void operator()(mongoc_cursor_t* cursor) const { mongoc_cursor_destroy(cursor); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

/// An owned bson_t, which as a template argument would lose its alignment.
struct Document {
  Document() : bson(bson_new()) {}
  explicit Document(bson_t* owned) : bson(owned) {}
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() { bson_destroy(bson); }
  bson_t* bson;
};

Owned<mongoc_client_t> connect(const Options& options) {
  bson_error_t error;
  mongoc_uri_t* uri = mongoc_uri_new_with_error(options.uri.c_str(), &error);
  if (!uri) fail("bad --uri", error.message);
  Owned<mongoc_client_t> client(mongoc_client_new_from_uri(uri));
  mongoc_uri_destroy(uri);
  mongoc_client_set_error_api(client.get(), MONGOC_ERROR_API_VERSION_2);
  return client;
}

Owned<mongoc_collection_t> collection_of(mongoc_client_t* client, const Options& options) {
  return Owned<mongoc_collection_t>(
      mongoc_client_get_collection(client, options.database.c_str(), options.collection.c_str()));
}

void insert_blocks(const Options& options, std::atomic<int64_t>& next) {
  constexpr int64_t kBlock = 10000;
  auto client = connect(options);
  auto collection = collection_of(client.get(), options);
  Document unordered(
      BCON_NEW("ordered", BCON_BOOL(false), "writeConcern", "{", "w", BCON_INT32(1), "}"));
  std::vector<Document> users(kBlock);
  const bson_t* pointers[kBlock];
  for (int64_t from; (from = next.fetch_add(kBlock)) < options.docs;) {
    const int64_t count = std::min(kBlock, options.docs - from);
    for (int64_t i = 0; i < count; ++i) {
      bson_t* user = users[static_cast<size_t>(i)].bson;
      bson_reinit(user);
      make_user(user, options.seed, from + i);
      pointers[static_cast<size_t>(i)] = user;
    }
    bson_error_t error;
    if (!mongoc_collection_insert_many(collection.get(), pointers, static_cast<size_t>(count),
                                       unordered.bson, nullptr, &error)) {
      fail("inserting users", error.message);
    }
  }
}

void generate(const Options& options) {
  {
    auto client = connect(options);
    auto collection = collection_of(client.get(), options);
    bson_error_t error;
    if (options.drop && !mongoc_collection_drop(collection.get(), &error) && error.code != 26) {
      fail("dropping the old collection", error.message);
    }
    const int64_t there = mongoc_collection_estimated_document_count(collection.get(), nullptr,
                                                                     nullptr, nullptr, &error);
    if (there < 0) fail("counting the collection", error.message);
    if (there > 0) fail("the collection is not empty (--drop removes it first)");
  }
  const auto start = Clock::now();
  std::atomic<int64_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < options.threads; ++i) {
    threads.emplace_back([&] { insert_blocks(options, next); });
  }
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%lld users in %.1f s, %.0f users/s\n", static_cast<long long>(options.docs), seconds,
              static_cast<double>(options.docs) / std::max(seconds, 1e-9));
}

/// Appends `from` to `to` with the fields of every document in the order of their names.
void append_sorted(bson_t* to, const bson_t* from) {
  std::vector<std::string> keys;
  bson_iter_t field;
  bson_iter_init(&field, from);
  while (bson_iter_next(&field)) keys.emplace_back(bson_iter_key(&field));
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) {
    bson_iter_init_find(&field, from, key.c_str());
    if (!BSON_ITER_HOLDS_DOCUMENT(&field)) {  // arrays keep their order; none here holds documents
      bson_append_iter(to, nullptr, 0, &field);
      continue;
    }
    uint32_t length;
    const uint8_t* bytes;
    bson_t inner, child;
    bson_iter_document(&field, &length, &bytes);
    if (!bson_init_static(&inner, bytes, length)) fail("a corrupt document");
    bson_append_document_begin(to, key.c_str(), -1, &child);
    append_sorted(&child, &inner);
    bson_append_document_end(to, &child);
  }
}

void digest(const Options& options, bool canonical) {
  auto client = connect(options);
  auto collection = collection_of(client.get(), options);
  Document all;
  Document in_order(BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}", "hint", "{", "_id",
                             BCON_INT32(1), "}", "batchSize", BCON_INT32(10000)));
  Owned<mongoc_cursor_t> cursor(
      mongoc_collection_find_with_opts(collection.get(), all.bson, in_order.bson, nullptr));
  EVP_MD_CTX* sha = EVP_MD_CTX_new();
  EVP_DigestInit_ex(sha, EVP_sha256(), nullptr);
  int64_t count = 0;
  Document sorted;
  for (const bson_t* document; mongoc_cursor_next(cursor.get(), &document); ++count) {
    if (canonical) {
      bson_reinit(sorted.bson);
      append_sorted(sorted.bson, document);
      document = sorted.bson;
    }
    EVP_DigestUpdate(sha, bson_get_data(document), document->len);
  }
  bson_error_t error;
  if (mongoc_cursor_error(cursor.get(), &error)) fail("reading the collection", error.message);
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
  unsigned int length = 0;
  EVP_DigestFinal_ex(sha, sum.data(), &length);
  EVP_MD_CTX_free(sha);
  for (unsigned int i = 0; i < length; ++i) std::printf("%02x", sum[i]);
  std::printf("  %lld documents\n", static_cast<long long>(count));
}

/// Returns when user `number` has `migrated: true`.
void wait_for(const Options& options) {
  auto client = connect(options);
  auto collection = collection_of(client.get(), options);
  const bson_oid_t id = id_of(options.number);
  Document filter(BCON_NEW("_id", BCON_OID(&id), "migrated", BCON_BOOL(true)));
  for (;;) {
    Owned<mongoc_cursor_t> cursor(
        mongoc_collection_find_with_opts(collection.get(), filter.bson, nullptr, nullptr));
    const bson_t* document;
    if (mongoc_cursor_next(cursor.get(), &document)) return;
    bson_error_t error;
    if (mongoc_cursor_error(cursor.get(), &error)) fail("waiting", error.message);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// Makes the server at --uri (with directConnection=true) a replica set and waits for its primary.
void initiate(const Options& options) {
  auto client = connect(options);
  mongoc_uri_t* uri = mongoc_uri_copy(mongoc_client_get_uri(client.get()));
  const std::string host = mongoc_uri_get_hosts(uri)->host_and_port;
  mongoc_uri_destroy(uri);
  Document start(BCON_NEW("replSetInitiate", "{", "_id", "rs0", "members", "[", "{", "_id",
                          BCON_INT32(0), "host", BCON_UTF8(host.c_str()), "}", "]", "}"));
  bson_error_t error;
  if (!mongoc_client_command_simple(client.get(), "admin", start.bson, nullptr, nullptr, &error) &&
      error.code != 23) {  // AlreadyInitialized
    fail("starting the replica set", error.message);
  }
  Document hello(BCON_NEW("hello", BCON_INT32(1)));
  for (const auto end = Clock::now() + std::chrono::seconds(60); Clock::now() < end;) {
    bson_t reply;
    bson_iter_t primary;
    const bool ok =
        mongoc_client_command_simple(client.get(), "admin", hello.bson, nullptr, &reply, &error);
    const bool done = ok && bson_iter_init_find(&primary, &reply, "isWritablePrimary") &&
                      bson_iter_as_bool(&primary);
    bson_destroy(&reply);
    if (done) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  fail("the replica set has no primary after 60 s");
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    auto value = [&]() -> const char* {
      if (++i >= argc) fail(flag + " needs a value");
      return argv[i];
    };
    if (flag == "--uri")
      options.uri = value();
    else if (flag == "--db")
      options.database = value();
    else if (flag == "--collection")
      options.collection = value();
    else if (flag == "--docs")
      options.docs = std::strtoll(value(), nullptr, 10);
    else if (flag == "--seed")
      options.seed = std::strtoull(value(), nullptr, 10);
    else if (flag == "--threads")
      options.threads = std::max(1, std::atoi(value()));
    else if (flag == "--drop")
      options.drop = true;
    else if (flag == "--wait-for")
      options.mode = flag, options.number = std::atoll(value());
    else if (flag == "--digest" || flag == "--canonical" || flag == "--initiate")
      options.mode = flag;
    else
      fail("unknown flag " + flag + "; the first lines of bench/users_generator.cc list them");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  mongoc_init();
  if (options.mode == "generate")
    generate(options);
  else if (options.mode == "--wait-for")
    wait_for(options);
  else if (options.mode == "--initiate")
    initiate(options);
  else
    digest(options, options.mode == "--canonical");
  mongoc_cleanup();
}
