#include "node/output.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace whimbrel::node {
namespace {

constexpr size_t kLongestLine = 16 << 10;
constexpr size_t kKeptErrors = 8;
constexpr int kLook = 50;  // milliseconds

/// False at the end of the pipe.
bool read_some(int descriptor, std::string& into) {
  std::array<char, 64 << 10> buffer;
  ssize_t got = 0;
  do got = read(descriptor, buffer.data(), buffer.size());
  while (got < 0 && errno == EINTR);
  if (got > 0) into.assign(buffer.data(), static_cast<size_t>(got));
  return got > 0;
}

}  // namespace

OutputReader::OutputReader(int out, int err, OutputSink sink)
    : sink_(std::move(sink)), thread_([this, out, err] { read_all(out, err); }) {}

void OutputReader::finish() {
  child_is_gone_ = true;
  if (thread_.joinable()) thread_.join();
}

std::string OutputReader::last_errors() const {
  std::string text;
  for (const std::string& line : last_errors_) text += (text.empty() ? "" : "\n") + line;
  return text;
}

void OutputReader::read_all(int out, int err) {
  std::array<pollfd, 2> pipes = {pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<std::string, 2> pending;
  std::string bytes;
  while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
    bool last_look = child_is_gone_;
    int ready = poll(pipes.data(), pipes.size(), kLook);
    if ((ready < 0 && errno != EINTR) || (ready == 0 && last_look)) return;
    for (size_t i = 0; i < pipes.size(); ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) continue;
      Stream stream = i == 0 ? Stream::kOut : Stream::kErr;
      if (read_some(pipes[i].fd, bytes)) {
        take(stream, pending[i], bytes);
        continue;
      }
      if (!pending[i].empty()) give(stream, pending[i]);
      pipes[i].fd = -1;
    }
  }
}

void OutputReader::take(Stream stream, std::string& pending, std::string_view bytes) {
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    pending.append(part.substr(0, kLongestLine - std::min(kLongestLine, pending.size())));
    if (end == std::string_view::npos) return;
    give(stream, pending);
    pending.clear();
  }
}

void OutputReader::give(Stream stream, std::string_view line) {
  if (stream == Stream::kErr) {
    ran_out_of_memory_ =
        ran_out_of_memory_ || line.find("heap out of memory") != std::string_view::npos;
    last_errors_.emplace_back(line);
    if (last_errors_.size() > kKeptErrors) last_errors_.pop_front();
  }
  if (++lines_ <= kMostLines) sink_(stream, line);
  if (lines_ == kMostLines) sink_(Stream::kErr, "(it printed too much: further lines are dropped)");
}

}  // namespace whimbrel::node
