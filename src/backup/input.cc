#include "backup/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "backup/checksum.h"
#include "base/text.h"

namespace whimbrel::backup {
namespace {

constexpr size_t kBuffer = 256 << 10;
constexpr int kGzipWindow = 15 + 16;

}  // namespace

Error damaged(const std::string& path, int64_t at, const std::string& what) {
  return Error{ErrorKind::kBadMigration,
               fmt::format("{}, byte {}: {}", path, with_commas(at), what),
               "nothing was restored from it; take another backup: whimbrel backup list"};
}

struct Input::State {
  std::string path;
  int file = -1;
  std::vector<uint8_t> buffer = std::vector<uint8_t>(kBuffer);
  size_t begin = 0, end = 0;  ///< of what was read of the file and not yet used
  bool gzip = false;
  bool inflating = false;
  bool in_member = false;  ///< behind a member's first byte and before its end
  z_stream stream{};
  int64_t at = 0;
  Sha256 hash;

  ~State() {
    if (inflating) inflateEnd(&stream);
    if (file >= 0) close(file);
  }

  Status fill() {
    if (begin < end) return {};
    ssize_t got = 0;
    do got = ::read(file, buffer.data(), buffer.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) {
      return Error{ErrorKind::kNotFound, fmt::format("reading {}: {}", path, std::strerror(errno)),
                   "ls -l " + path};
    }
    begin = 0;
    end = static_cast<size_t>(got);
    hash.add({buffer.data(), end});
    return {};
  }

  Result<size_t> read_plain(std::span<uint8_t> room) {
    size_t done = 0;
    while (done < room.size()) {
      TRY(fill());
      if (begin == end) break;
      size_t part = std::min(room.size() - done, end - begin);
      std::memcpy(room.data() + done, buffer.data() + begin, part);
      begin += part;
      done += part;
    }
    return done;
  }

  Result<size_t> read_gzip(std::span<uint8_t> room) {
    size_t done = 0;
    while (done < room.size()) {
      TRY(fill());
      auto here = at + static_cast<int64_t>(done);
      if (begin == end && !in_member) break;
      if (begin == end) return damaged(path, here, "the compressed file is cut off");
      stream.next_in = buffer.data() + begin;
      stream.avail_in = static_cast<uInt>(end - begin);
      stream.next_out = room.data() + done;
      stream.avail_out = static_cast<uInt>(std::min<size_t>(room.size() - done, 1 << 30));
      in_member = true;
      int result = inflate(&stream, Z_NO_FLUSH);
      begin = end - stream.avail_in;
      done = static_cast<size_t>(stream.next_out - room.data());
      here = at + static_cast<int64_t>(done);
      if (result == Z_STREAM_END) {
        in_member = false;
        inflateReset(&stream);
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return damaged(path, here,
                       fmt::format("damaged gzip ({})", stream.msg ? stream.msg : "no reason"));
      }
    }
    return done;
  }
};

Input::Input(std::unique_ptr<State> state) : state_(std::move(state)) {}
Input::Input(Input&&) noexcept = default;
Input::~Input() = default;

Result<Input> Input::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state->file < 0) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("cannot open {}: {}", path, std::strerror(errno)),
                 "whimbrel backup list"};
  }
  TRY(state->fill());
  state->gzip = state->end >= 2 && state->buffer[0] == 0x1f && state->buffer[1] == 0x8b;
  if (state->gzip) state->inflating = inflateInit2(&state->stream, kGzipWindow) == Z_OK;
  return Input(std::move(state));
}

Result<size_t> Input::read(std::span<uint8_t> room) {
  size_t got = TRY(state_->gzip ? state_->read_gzip(room) : state_->read_plain(room));
  state_->at += static_cast<int64_t>(got);
  return got;
}

Status Input::read_exactly(std::span<uint8_t> room, const std::string& what) {
  int64_t start = state_->at;
  size_t got = TRY(read(room));
  if (got == room.size()) return {};
  return damaged(state_->path, start + static_cast<int64_t>(got), what);
}

int64_t Input::at() const {
  return state_->at;
}
const std::string& Input::path() const {
  return state_->path;
}
bool Input::is_gzip() const {
  return state_->gzip;
}

Result<std::string> Input::finish_sha256() {
  do {
    state_->begin = state_->end;
    TRY(state_->fill());
  } while (state_->begin < state_->end);
  return state_->hash.finish();
}

Result<std::string> read_small_file(const std::string& path, size_t limit) {
  Input input = TRY(Input::open(path));
  std::string text;
  std::vector<uint8_t> part(64 << 10);
  while (size_t got = TRY(input.read(part))) {
    text.append(reinterpret_cast<const char*>(part.data()), got);
    if (text.size() > limit)
      return damaged(path, input.at(), "it is longer than such a file can be");
  }
  return text;
}

}  // namespace whimbrel::backup
