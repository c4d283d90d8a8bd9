#include "backup/nesting.h"

#include <cstring>
#include <optional>
#include <vector>

namespace whimbrel::backup {
namespace {

/// Walks over elements; every step stays within the bytes.
class Walk {
 public:
  explicit Walk(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  Nesting run() {
    if (!enter()) return Nesting::kBroken;
    while (!ends_.empty()) {
      if (ends_.size() > kDeepest) return Nesting::kTooDeep;
      if (at_ + 1 == ends_.back()) {
        if (bytes_[at_] != 0) return Nesting::kBroken;
        at_ = ends_.back();
        ends_.pop_back();
      } else if (!element()) {
        return Nesting::kBroken;
      }
    }
    return Nesting::kFine;
  }

 private:
  size_t limit() const { return ends_.empty() ? bytes_.size() : ends_.back() - 1; }

  std::optional<size_t> length() const {
    int32_t value = 0;
    if (at_ + sizeof value > limit()) return std::nullopt;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    if (value < 0) return std::nullopt;
    return static_cast<size_t>(value);
  }
  bool skip(size_t count) {
    if (count > limit() - at_) return false;
    at_ += count;
    return true;
  }
  bool skip_name() {
    const void* end = std::memchr(bytes_.data() + at_, 0, limit() - at_);
    if (!end) return false;
    at_ = static_cast<size_t>(static_cast<const uint8_t*>(end) - bytes_.data()) + 1;
    return true;
  }
  /// A length, and so many bytes with `more` behind it.
  bool skip_counted(size_t more) {
    auto count = length();
    return count && skip(sizeof(int32_t)) && skip(*count) && skip(more);
  }
  bool enter() {
    auto size = length();
    if (!size || *size < 5 || *size > limit() - at_) return false;
    ends_.push_back(at_ + *size);
    at_ += sizeof(int32_t);
    return true;
  }

  bool element() {
    if (at_ >= limit()) return false;
    uint8_t type = bytes_[at_++];
    return skip_name() && value(type);
  }

  bool value(uint8_t type) {
    switch (type) {
      case 0x01:
      case 0x09:
      case 0x11:
      case 0x12:
        return skip(8);
      case 0x02:
      case 0x0D:
      case 0x0E:
        return skip_counted(0);
      case 0x03:
      case 0x04:
        return enter();
      case 0x05:
        return skip_counted(1);
      case 0x06:
      case 0x0A:
      case 0x7F:
      case 0xFF:
        return true;
      case 0x07:
      case 0x0C:
        return (type == 0x07 || skip_counted(0)) && skip(12);
      case 0x08:
        return skip(1);
      case 0x0B:
        return skip_name() && skip_name();
      case 0x0F:  // length of all, code, scope
        return skip(sizeof(int32_t)) && skip_counted(0) && enter();
      case 0x10:
        return skip(4);
      case 0x13:
        return skip(16);
      default:
        return false;
    }
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  std::vector<size_t> ends_;
};

}  // namespace

Nesting nesting_of(std::span<const uint8_t> document) {
  return Walk(document).run();
}

}  // namespace whimbrel::backup
