#include "migration/comments.h"

#include <yaml.h>

#include <algorithm>

#include "migration/source_text.h"
#include "migration/stand_ins.h"

namespace whimbrel::migration {
namespace {

/// A stretch of the text without tokens, in characters.
struct Gap {
  size_t from = 0;
  size_t to = 0;
  bool top = false;  ///< before the first token of the content
};

bool is_content(yaml_token_type_t type) {
  return type != YAML_STREAM_START_TOKEN && type != YAML_VERSION_DIRECTIVE_TOKEN &&
         type != YAML_TAG_DIRECTIVE_TOKEN && type != YAML_DOCUMENT_START_TOKEN;
}

std::vector<Gap> gaps_between_tokens(std::string_view text) {
  std::vector<Gap> gaps;
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) != 1) return gaps;
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  size_t end = 0;
  bool top = true;
  for (bool more = true; more;) {
    yaml_token_t token;
    if (yaml_parser_scan(&parser, &token) != 1) break;
    if (token.start_mark.index > end) gaps.push_back({end, token.start_mark.index, top});
    end = std::max(end, token.end_mark.index);
    top = top && !is_content(token.type);
    more = token.type != YAML_STREAM_END_TOKEN && token.type != YAML_NO_TOKEN;
    yaml_token_delete(&token);
  }
  yaml_parser_delete(&parser);
  return gaps;
}

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

/// Only blanks before `at` on its line.
bool stands_alone(std::string_view text, size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
  return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
}

}  // namespace

std::vector<Comment> yaml_comments(std::string_view source) {
  std::vector<Comment> comments;
  ProblemList ignored("");
  auto text = checked_source(source, ignored);
  if (!text) return comments;
  StandIns stand_ins(*text);
  if (!stand_ins.check(ignored)) return comments;
  size_t at = 0, character = 0;
  int line = 1;
  auto step = [&] {
    if ((*text)[at] == '\n') ++line;
    ++at;
    while (at < text->size() && !starts_character((*text)[at])) ++at;
    ++character;
  };
  for (const Gap& gap : gaps_between_tokens(stand_ins.text())) {
    while (at < text->size() && character < gap.from) step();
    while (at < text->size() && character < gap.to) {
      if ((*text)[at] != '#') {
        step();
        continue;
      }
      size_t end = std::min(text->find_first_of("\r\n", at), text->size());
      comments.push_back({std::string(text->substr(at + 1, end - at - 1)), line, gap.top,
                          stands_alone(*text, at)});
      while (at < end) step();
    }
  }
  return comments;
}

}  // namespace whimbrel::migration
