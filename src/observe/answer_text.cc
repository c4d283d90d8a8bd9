#include "observe/answer_text.h"

#include <algorithm>

#include "base/text.h"

namespace whimbrel {
namespace {

constexpr size_t kLongest = 120;

void blot_out(std::string& text, std::string_view secret) {
  if (secret.size() < 2) return;  // "/" alone is no secret
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
    text.replace(at, secret.size(), "***");
  }
}

}  // namespace

std::string first_line_of(std::string_view text) {
  text = trim(text);
  std::string line(text.substr(0, text.find_first_of("\r\n")));
  if (line.size() > kLongest) {
    size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
    line = line.substr(0, end) + "...";
  }
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return line;
}

std::string without_url(std::string text, std::string_view url) {
  blot_out(text, url);
  size_t host = url.find("://");
  host = host == std::string_view::npos ? 0 : host + 3;
  size_t path = std::min(url.find_first_of("/?#", host), url.size());
  blot_out(text, url.substr(path));
  size_t query = url.find('?', path);
  if (query != std::string_view::npos) blot_out(text, url.substr(query + 1));
  std::string_view authority = url.substr(host, path - host);
  size_t user = authority.rfind('@');
  if (user != std::string_view::npos) {
    blot_out(text, authority.substr(0, user));
    blot_out(text, password_of(url));
  }
  return text;
}

}  // namespace whimbrel
