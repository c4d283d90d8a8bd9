#include "node/host.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "mongo/bson.h"

using namespace whimbrel;
using mongo::make_document;

namespace {

/// A project folder with one migration file.
struct Folder {
  std::filesystem::path path;
  Folder() {
    char name[] = "/tmp/whimbrel-host-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& content, const std::string& name = "m.js") const {
    std::ofstream(path / name) << content;
    return path / name;
  }
};

struct Printed {
  std::mutex mutex;
  std::vector<std::string> lines;
};

node::HostSetting setting_of(const Folder& folder, Printed& printed) {
  node::HostSetting setting;
  setting.directory = folder.path;
  setting.output = [&printed](node::Stream, std::string_view line) {
    std::lock_guard guard(printed.mutex);
    printed.lines.emplace_back(line);
  };
  return setting;
}

node::Host started(const Folder& folder, Printed& printed) {
  auto host = node::Host::start(setting_of(folder, printed));
  REQUIRE_MESSAGE(host, host.error().message);
  return std::move(host).value();
}

mongo::Document up_of(const std::string& file) {
  return make_document("file", file, "direction", "up");
}

}  // namespace

TEST_CASE("a script's function is called and its output arrives line by line") {
  Folder folder;
  Printed printed;
  {
    auto host = started(folder, printed);
    auto reply =
        host.call("run", up_of(folder.file("exports.up = async () => console.log('hi\\nho');")));
    REQUIRE(reply);
    CHECK_FALSE(reply->failed);
  }
  CHECK(printed.lines == std::vector<std::string>{"hi", "ho"});
}

TEST_CASE("a thrown error comes back with its line") {
  Folder folder;
  Printed printed;
  auto host = started(folder, printed);
  auto reply = host.call(
      "run", up_of(folder.file("exports.up = async () => {\n  throw new TypeError('no');\n};")));
  REQUIRE(reply);
  REQUIRE(reply->failed);
  CHECK(reply->failed->name == "TypeError");
  CHECK(reply->failed->message == "no");
  CHECK(reply->failed->line == 2);
  CHECK_FALSE(host.died());
}

TEST_CASE("a syntax error names its line") {
  Folder folder;
  Printed printed;
  auto host = started(folder, printed);
  auto reply =
      host.call("describe", make_document("file", folder.file("exports.up = 1;\nlet let = ;\n")));
  REQUIRE(reply);
  REQUIRE(reply->failed);
  CHECK(reply->failed->name == "SyntaxError");
  CHECK(reply->failed->line == 2);
}

TEST_CASE("process.exit in a script says where it was called") {
  Folder folder;
  Printed printed;
  auto host = started(folder, printed);
  auto reply =
      host.call("run", up_of(folder.file("exports.up = async () => {\n\n  process.exit(3);\n};")));
  REQUIRE_FALSE(reply);
  CHECK(host.died());
  CHECK(reply.error().message.find("process.exit(3) was called on line 3") != std::string::npos);
}

TEST_CASE("an error that nobody catches ends the host with its message") {
  Folder folder;
  Printed printed;
  auto host = started(folder, printed);
  auto reply = host.call(
      "run", up_of(folder.file("exports.up = () => new Promise(() => {\n"
                               "  setTimeout(() => { throw new Error('late'); });\n});")));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message.find("nobody caught Error: late (line 2)") != std::string::npos);
}

TEST_CASE("a host that hangs is ended when its time is up") {
  Folder folder;
  Printed printed;
  auto host = started(folder, printed);
  Stop stop;
  stop.request(Stop::Reason::kLockLost);
  auto reply = host.call("run", up_of(folder.file("exports.up = () => { for (;;); };")), {},
                         {.most = {}, .stop = &stop});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().kind == ErrorKind::kLockHeld);
  CHECK(host.died());
}

TEST_CASE("a host that runs out of memory says so") {
  Folder folder;
  Printed printed;
  setenv("NODE_OPTIONS", "--max-old-space-size=20", 1);
  auto host = started(folder, printed);
  unsetenv("NODE_OPTIONS");
  auto reply = host.call(
      "run",
      up_of(folder.file("exports.up = () => { const a = []; for (;;) a.push({ a: [1] }); };")));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message.find("ran out of memory") != std::string::npos);
}

TEST_CASE("printing without end neither blocks nor grows") {
  Folder folder;
  Printed printed;
  {
    auto host = started(folder, printed);
    auto reply = host.call(
        "run", up_of(folder.file("exports.up = async () => {\n"
                                 "  for (let i = 0; i < 150000; i++) console.log(i);\n};")));
    REQUIRE(reply);
  }
  CHECK(printed.lines.size() == node::OutputReader::kMostLines + 1);
}

TEST_CASE("a missing Node is an error that says what to set") {
  Folder folder;
  node::HostSetting setting;
  setting.command = "no-such-node";
  setting.directory = folder.path;
  auto host = node::Host::start(setting);
  REQUIRE_FALSE(host);
  CHECK(host.error().hint.find("WHIMBREL_NODE") != std::string::npos);
}
