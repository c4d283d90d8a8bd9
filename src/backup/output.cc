#include "backup/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fault.h"

namespace whimbrel::backup {
namespace {

// A third of the work of zlib's default, and a tenth more bytes of typical documents.
constexpr int kGzipLevel = 3;
constexpr int kGzipWindow = 15 + 16;  // with gzip's header and trailer

}  // namespace

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<uint8_t> gzip_member(Pieces pieces) {
  z_stream stream{};
  deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  size_t total = 0;
  for (std::span<const uint8_t> piece : pieces) total += piece.size();
  std::vector<uint8_t> member(deflateBound(&stream, total) + 64);
  stream.next_out = member.data();
  stream.avail_out = static_cast<uInt>(member.size());
  for (std::span<const uint8_t> piece : pieces) {
    stream.next_in = const_cast<uint8_t*>(piece.data());
    stream.avail_in = static_cast<uInt>(piece.size());
    deflate(&stream, Z_NO_FLUSH);
  }
  deflate(&stream, Z_FINISH);
  member.resize(stream.total_out);
  deflateEnd(&stream);
  return member;
}

Error cannot_write(const std::string& doing, const std::string& path, int problem) {
  bool full = problem == ENOSPC || problem == EDQUOT || problem == EFBIG;
  return Error{ErrorKind::kCannotWrite,
               fmt::format("{} {}: {}", doing, path, std::strerror(problem)),
               full ? "make room there, or name another place with --out"
                    : "name a place that can be written to, with --out or backup.directory"};
}

Status sync_directory(const std::string& path) {
  int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return cannot_write("opening", path, errno);
  int synced = fsync(directory);
  int problem = errno;
  close(directory);
  // Some file systems cannot, and say so with EINVAL.
  if (synced == 0 || problem == EINVAL) return {};
  return cannot_write("flushing", path, problem);
}

Result<Output> Output::create(const std::string& path) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return cannot_write("creating", path, errno);
  return Output(path, file, true);
}

Result<Output> Output::open_special(const std::string& path) {
  int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return cannot_write("opening", path, errno);
  return Output(path, file, false);
}

Output Output::standard() {
  return Output("stdout", dup(STDOUT_FILENO), false);
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      regular_(other.regular_),
      bytes_(other.bytes_),
      hash_(std::move(other.hash_)),
      sha256_(std::move(other.sha256_)) {}

Output::~Output() {
  if (file_ >= 0) close(file_);
}

bool Output::lock() {
  return flock(file_, LOCK_EX | LOCK_NB) == 0;
}

Status Output::write_all(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return cannot_write("writing", path_, written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Status Output::write(std::span<const uint8_t> bytes) {
  TRY(with_faults([] { return "write backup"; }, [&] { return write_all(bytes); }));
  hash_.add(bytes);
  bytes_ += static_cast<int64_t>(bytes.size());
  return {};
}

Status Output::finish() {
  sha256_ = hash_.finish();
  if (regular_ && fsync(file_) != 0) return cannot_write("flushing", path_, errno);
  int closed = close(std::exchange(file_, -1));
  if (closed != 0) return cannot_write("closing", path_, errno);
  return {};
}

}  // namespace whimbrel::backup
