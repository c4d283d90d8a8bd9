// What the user's code prints, line by line.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace whimbrel::node {

enum class Stream { kOut, kErr };

/// Receives a line without its end. Called from a thread of the reader's.
using OutputSink = std::function<void(Stream, std::string_view line)>;

/// Reads both pipes until they end, so that printing never blocks the child. Lines above 16 KiB are
/// cut; after kMostLines the rest is read and dropped, and the sink is told so once.
class OutputReader {
 public:
  static constexpr int kMostLines = 100'000;

  OutputReader(int out, int err, OutputSink sink);
  ~OutputReader() { finish(); }
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;

  /// Reads what the pipes still hold; the child must be dead. A process that it left behind may go
  /// on holding them: it is not waited for.
  void finish();
  /// After finish(): the last lines on stderr, for the message about a crash; "" when it said
  /// nothing.
  std::string last_errors() const;
  /// After finish(): Node said that its heap is full.
  bool ran_out_of_memory() const { return ran_out_of_memory_; }

 private:
  void read_all(int out, int err);
  void take(Stream stream, std::string& pending, std::string_view bytes);
  void give(Stream stream, std::string_view line);

  OutputSink sink_;
  int lines_ = 0;
  std::atomic<bool> child_is_gone_{false};
  bool ran_out_of_memory_ = false;
  std::deque<std::string> last_errors_;
  std::thread thread_;
};

}  // namespace whimbrel::node
