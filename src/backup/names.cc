#include "backup/names.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>

namespace whimbrel::backup {
namespace {

constexpr size_t kLongest = 238;
constexpr size_t kKept = 208;
constexpr std::string_view kCut = "%24";

/// Base64 with the alphabet for addresses, without padding.
std::string base64_url(const uint8_t* bytes, size_t size) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (size_t i = 0; i < size; ++i) {
    bits = bits << 8 | bytes[i];
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

std::string sha1_text(std::string_view name) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(name.data(), name.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64_url(digest.data(), size);
}

bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string file_name_of(std::string_view collection) {
  std::string name;
  for (char c : collection) {
    if (stays(c)) name += c;
    else if (c == ' ') name += '+';
    else fmt::format_to(std::back_inserter(name), "%{:02X}", static_cast<uint8_t>(c));
  }
  if (name.size() <= kLongest) return name;
  return name.substr(0, kKept) + std::string(kCut) + sha1_text(collection);
}

std::string collection_of(std::string_view file_name) {
  if (file_name.size() == kLongest && file_name.find(kCut) != std::string_view::npos) return "";
  std::string name;
  for (size_t i = 0; i < file_name.size(); ++i) {
    int high = i + 2 < file_name.size() ? digit_of(file_name[i + 1]) : -1;
    int low = i + 2 < file_name.size() ? digit_of(file_name[i + 2]) : -1;
    if (file_name[i] == '%' && high >= 0 && low >= 0) {
      name += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      name += file_name[i] == '+' ? ' ' : file_name[i];
    }
  }
  return name;
}

}  // namespace whimbrel::backup
