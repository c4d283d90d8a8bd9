#include "mongo/raw_writer.h"

#include <cstring>

namespace whimbrel::mongo {

void RawWriter::begin() {
  starts_.push_back(out_.size());
  out_.resize(out_.size() + sizeof(int32_t));
}

void RawWriter::begin(Type type, std::string_view name) {
  put(name, type, {});
  begin();
}

void RawWriter::end() {
  out_.push_back(0);
  auto size = static_cast<int32_t>(out_.size() - starts_.back());
  std::memcpy(out_.data() + starts_.back(), &size, sizeof size);
  starts_.pop_back();
}

void RawWriter::put(std::string_view name, Type type, std::span<const uint8_t> value) {
  out_.push_back(static_cast<uint8_t>(type));
  out_.insert(out_.end(), name.begin(), name.end());
  out_.push_back(0);
  put(value);
}

}  // namespace whimbrel::mongo
