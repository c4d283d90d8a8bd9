#include "node/host.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fault.h"
#include "node/child.h"
#include "node/frames.h"
#include "node/host_source.h"

namespace whimbrel::node {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kProtocol = 1;
constexpr int kOldestNode = 18;
constexpr milliseconds kStartPatience{30'000};
constexpr milliseconds kLook{20};
// A host that hears nothing for 20 s ends (host/main.js), before the lease of a process that stands
// still can end: whoever takes the lock over must not find its script still writing.
constexpr milliseconds kBeat{2'000};
// What a host may take beyond its own timer before it counts as hanging.
constexpr milliseconds kGrace{5'000};

// Reads the host's source from the channel, so that it is on no disk and in no process list.
// `import` is handed over because code that runs in a vm script cannot import by itself in Node 18.
constexpr const char* kBoot = R"(
const fs = require('fs');
const read = (size) => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size;) at += fs.readSync(3, bytes, at, size - at);
  return bytes;
};
const source = read(read(4).readUInt32LE(0)).toString();
require('vm').runInThisContext('(function (require, importModule) {' + source + '\n})',
  { filename: 'whimbrel-host.js' })(require, (name) => import(name));
)";

constexpr const char* kOutOfMemory =
    ": it ran out of memory (NODE_OPTIONS=--max-old-space-size=MiB gives it more)";

Status write_all(int descriptor, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Error{ErrorKind::kFailed, "the Node host is gone"};
    bytes = bytes.subspan(static_cast<size_t>(sent));
  }
  return {};
}

std::vector<std::string> command_line(const HostSetting& setting) {
  std::vector<std::string> words = {setting.command};
  for (const std::string& loader : setting.loaders) {
    words.push_back("--import");
    words.push_back(loader);
  }
  if (setting.program == HostProgram::kReader) words.push_back("--expose-internals");
  words.push_back("-e");
  words.push_back(kBoot);
  return words;
}

std::vector<uint8_t> source_frame(HostProgram program) {
  std::string_view source = program == HostProgram::kReader ? reader_source() : host_source();
  std::vector<uint8_t> bytes(4 + source.size());
  for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(source.size() >> (8 * i));
  std::memcpy(bytes.data() + 4, source.data(), source.size());
  return bytes;
}

int major_version(const std::string& version) {
  return version.empty() ? 0 : std::atoi(version.c_str() + 1);
}

}  // namespace

ScriptError read_script_error(mongo::View document) {
  ScriptError error;
  error.name = document.get_string("name");
  error.message = document.get_string("message");
  error.stack = document.get_string("stack");
  error.code = document.get_string("code");
  error.details = document.get_string("details");
  error.thrown = document.get_string("thrown");
  error.line = static_cast<int>(document.get_int("line"));
  for (const mongo::Value& label : document.get_document("labels").elements())
    error.labels.emplace_back(label.as_string());
  return error;
}

struct Host::Impl {
  explicit Impl(Child running, const HostSetting& host_setting)
      : setting(host_setting), child(std::move(running)) {
    if (setting.output) output.emplace(child.out(), child.err(), setting.output);
  }
  ~Impl() {
    child.kill();
    (void)child.wait(kGrace);
  }

  HostSetting setting;
  Child child;
  std::optional<OutputReader> output;  // goes before the child, whose pipes it reads
  FrameReader frames;
  std::string version;
  std::string last_words;  ///< why it ends, in its own words
  uint32_t calls = 0;
  Clock::time_point next_beat{};
  uint32_t waiting_call = 0;  ///< the last call that went on although a stop was requested
  Death death = Death::kNone;

  Status greet();
  Result<Frame> next_frame(const Patience& patience, Clock::time_point started);
  Result<bool> read_bytes();
  Status wait_for_bytes(const Patience& patience, Clock::time_point started);
  void beat();
  void take_event(const mongo::Document& event);
  Error ended();
  Error give_up(Death why, Error error);
};

/// Kills the host: after this nobody knows what it still would do.
Error Host::Impl::give_up(Death why, Error error) {
  death = why;
  child.kill();
  return error;
}

Error Host::Impl::ended() {
  death = Death::kEnded;
  auto status = child.wait(kGrace);
  std::string why = status ? status_text(*status) : "closed its channel";
  if (!last_words.empty()) why = last_words;
  if (output) {
    output->finish();
    std::string printed = output->last_errors();
    if (output->ran_out_of_memory()) why += kOutOfMemory;
    else if (!printed.empty() && last_words.empty()) why += "; its last words:\n" + printed;
  }
  return Error{ErrorKind::kFailed, fmt::format("the Node host {}", why)};
}

void Host::Impl::take_event(const mongo::Document& event) {
  std::string kind = event.view().get_string("event");
  if (kind == "log" && setting.log) setting.log(event.view().get_string("text"));
  std::string line;
  if (int64_t number = event.view().get_int("line"); number > 0)
    line = fmt::format(" on line {}", number);
  if (kind == "exit") {
    last_words = fmt::format("ended, because process.exit({}) was called{}",
                             event.view().get_int("code"), line);
  }
  if (kind == "uncaught") {
    ScriptError error = read_script_error(event.view().get_document("error"));
    last_words = fmt::format("ended, because nobody caught {}: {}{}", error.name, error.message,
                             error.line > 0 ? fmt::format(" (line {})", error.line) : "");
  }
}

/// Says that we are there. A host that is too busy to read has heard enough of it.
void Host::Impl::beat() {
  if (Clock::now() < next_beat) return;
  next_beat = Clock::now() + kBeat;
  std::vector<uint8_t> frame = encode({kEvent, mongo::make_document("event", "beat"), {}});
  (void)send(child.channel(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

Status Host::Impl::wait_for_bytes(const Patience& patience, Clock::time_point started) {
  while (true) {
    pollfd channel{child.channel(), POLLIN, 0};
    int ready = poll(&channel, 1, static_cast<int>(kLook.count()));
    if (ready > 0) return {};
    if (calls > 0 && setting.program == HostProgram::kMigrations) beat();
    if (patience.stop && patience.stop->requested()) {
      if (patience.stop->lock_is_gone() || patience.ends_on_interrupt)
        return give_up(Death::kStopped, patience.stop->error());
      if (patience.on_wait && waiting_call != calls) patience.on_wait();
      waiting_call = calls;
    }
    bool late = patience.most.count() > 0 && Clock::now() - started > patience.most + kGrace;
    if (late) {
      return give_up(Death::kTimedOut,
                     Error{ErrorKind::kFailed,
                           fmt::format("the Node host did not answer within {} s; it was ended",
                                       patience.most.count() / 1000)});
    }
  }
}

/// False at the end of the stream.
Result<bool> Host::Impl::read_bytes() {
  std::array<uint8_t, 256 << 10> buffer;
  ssize_t got = recv(child.channel(), buffer.data(), buffer.size(), 0);
  if (got > 0) frames.add({buffer.data(), static_cast<size_t>(got)});
  return got > 0 || (got < 0 && errno == EINTR);
}

/// The next frame that answers a call; events are dealt with on the way.
Result<Frame> Host::Impl::next_frame(const Patience& patience, Clock::time_point started) {
  while (true) {
    auto frame = frames.next();
    if (!frame) return give_up(Death::kNonsense, std::move(frame).error());
    if (*frame &&
        ((*frame)->call != kEvent || (*frame)->head.view().get_string("event") == "hello")) {
      return std::move(**frame);
    }
    if (*frame) {
      take_event((*frame)->head);
      continue;
    }
    TRY(wait_for_bytes(patience, started));
    if (!TRY(read_bytes())) return ended();
  }
}

Host::Host(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Host::Host(Host&&) noexcept = default;
Host& Host::operator=(Host&&) noexcept = default;
Host::~Host() = default;

Result<Host> Host::start(const HostSetting& setting) {
  return with_faults([] { return "node start"; }, [&] { return start_process(setting); });
}

Result<Host> Host::start_process(const HostSetting& setting) {
  Streams streams = setting.output ? Streams::kCaptured : Streams::kInherited;
  Child child = TRY(Child::start({command_line(setting), setting.directory, streams}));
  Host host(std::make_unique<Impl>(std::move(child), setting));
  Impl& impl = *host.impl_;
  if (!write_all(impl.child.channel(), source_frame(setting.program))) return impl.ended();
  return host;
}

/// Waits for the greeting, which is the first frame.
Status Host::Impl::greet() {
  if (!version.empty()) return {};
  Frame hello = TRY(next_frame({.most = kStartPatience}, Clock::now()));
  version = hello.head.view().get_string("node");
  if (hello.head.view().get_int("protocol") != kProtocol) {
    return give_up(Death::kNonsense,
                   Error{ErrorKind::kBug, "the Node host speaks another protocol"});
  }
  if (major_version(version) >= kOldestNode) return {};
  return give_up(Death::kNonsense,
                 Error{ErrorKind::kFailed,
                       fmt::format("{} is Node {}; {} or later is needed", setting.command, version,
                                   kOldestNode),
                       "install a newer Node.js, or set node.command or WHIMBREL_NODE"});
}

Result<Reply> Host::call(std::string_view name, mongo::Document arguments,
                         const mongo::DocumentList& documents, const Patience& patience) {
  return with_faults([&] { return "node " + std::string(name); },
                     [&] { return exchange(name, std::move(arguments), documents, patience); });
}

Result<Reply> Host::exchange(std::string_view name, mongo::Document arguments,
                             const mongo::DocumentList& documents, const Patience& patience) {
  Impl& impl = *impl_;
  if (impl.death != Death::kNone) return Error{ErrorKind::kFailed, "the Node host is gone"};
  TRY(impl.greet());
  uint32_t number = ++impl.calls;
  auto started = Clock::now();
  arguments.append("call", name);
  if (!write_all(impl.child.channel(), encode({number, std::move(arguments), documents}))) {
    // It may have said why before it went.
    auto last = impl.next_frame(patience, started);
    return last ? impl.ended() : std::move(last).error();
  }
  Frame frame = TRY(impl.next_frame(patience, started));
  if (frame.call != number) {
    return impl.give_up(Death::kNonsense,
                        Error{ErrorKind::kFailed, "the Node host answered what nobody asked"});
  }
  Reply reply{std::move(frame.head), std::move(frame.documents), std::nullopt};
  if (!reply.head.view().get_bool("ok")) {
    reply.failed = read_script_error(reply.head.view().get_document("error"));
  }
  return reply;
}

void Host::end() {
  impl_->death = Death::kStopped;
  impl_->child.kill();
}

Death Host::death() const {
  return impl_->death;
}

bool Host::gave_reason() const {
  return !impl_->last_words.empty();
}

}  // namespace whimbrel::node
