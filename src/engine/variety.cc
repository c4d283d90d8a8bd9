#include "engine/variety.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "engine/diff.h"

namespace whimbrel {

using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

// Documents with a field for each of their keys would otherwise be all trait and no choice.
constexpr size_t kMostTraits = 500;
constexpr int kDeepest = 5;
constexpr size_t kArrayElements = 20;
constexpr size_t kLongText = 200;
constexpr int64_t kYear2100 = 4'102'444'800'000;

void add_number(const Value& value, const std::string& path, std::vector<std::string>& traits) {
  double number = value.as_double();
  if (std::isnan(number)) traits.push_back(path + " not a number");
  if (number == 0) traits.push_back(path + " zero");
  if (number < 0) traits.push_back(path + " negative");
  if (std::isfinite(number) && number != std::floor(number)) traits.push_back(path + " fraction");
  if (std::abs(number) > 2147483647.0) traits.push_back(path + " beyond 32 bits");
  if (std::abs(number) > 9007199254740992.0) traits.push_back(path + " beyond 53 bits");
}

void add_text(std::string_view text, const std::string& path, std::vector<std::string>& traits) {
  if (text.empty()) traits.push_back(path + " empty");
  if (text.size() > kLongText) traits.push_back(path + " long");
  bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; });
  if (!ascii) traits.push_back(path + " not ASCII");
}

void add_fields(View document, const std::string& prefix, int depth,
                std::vector<std::string>& traits);

void add_value(const Value& value, const std::string& path, int depth,
               std::vector<std::string>& traits) {
  traits.push_back(path + " " + std::string(type_name(value.type())));
  if (value.is_number()) add_number(value, path, traits);
  if (value.type() == Type::kString) add_text(value.as_string(), path, traits);
  if (value.type() == Type::kDate && value.as_int() < 0) traits.push_back(path + " before 1970");
  if (value.type() == Type::kDate && value.as_int() > kYear2100)
    traits.push_back(path + " after 2100");
  if (!value.is_document()) return;
  if (value.as_document().empty()) traits.push_back(path + " empty");
  if (value.type() == Type::kDocument) return add_fields(value.as_document(), path, depth, traits);
  auto elements = value.as_document().elements();
  if (elements.size() > kArrayElements)
    elements.erase(elements.begin() + kArrayElements, elements.end());
  for (const Value& element : elements) {
    if (depth < kDeepest) add_value(element, path + "[]", depth + 1, traits);
  }
}

void add_fields(View document, const std::string& prefix, int depth,
                std::vector<std::string>& traits) {
  for (const Value& field : document.elements()) {
    if (traits.size() >= kMostTraits || depth >= kDeepest) return;
    std::string path =
        prefix.empty() ? std::string(field.key()) : prefix + "." + std::string(field.key());
    add_value(field, path, depth + 1, traits);
  }
}

/// Where the smallest and the largest value of each top-level field are.
class Extremes {
 public:
  void note(size_t position, View document) {
    for (const Value& field : document.elements()) {
      auto size = size_of(field);
      if (!size || (seen_.size() >= kMostTraits && !seen_.contains(std::string(field.key()))))
        continue;
      auto [at, first] =
          seen_.try_emplace(std::string(field.key()), Pair{*size, *size, position, position});
      if (first) continue;
      if (*size < at->second.least) at->second.least = *size, at->second.least_at = position;
      if (*size > at->second.most) at->second.most = *size, at->second.most_at = position;
    }
  }
  void add_to(std::vector<std::vector<std::string>>& traits) const {
    for (const auto& [name, pair] : seen_) {
      if (pair.least == pair.most) continue;
      traits[pair.least_at].push_back(name + " least");
      traits[pair.most_at].push_back(name + " most");
    }
  }

 private:
  struct Pair {
    double least, most;
    size_t least_at, most_at;
  };
  static std::optional<double> size_of(const Value& value) {
    if (value.is_number() || value.type() == Type::kDate) {
      double number = value.as_double();
      return std::isnan(number) ? std::nullopt : std::optional(number);
    }
    if (value.type() == Type::kString) return static_cast<double>(value.as_string().size());
    if (value.is_document()) return static_cast<double>(value.bytes().size());
    return std::nullopt;
  }
  std::map<std::string, Pair> seen_;
};

/// Fields that some other document has, and this one not.
void add_missing(const mongo::DocumentList& documents,
                 std::vector<std::vector<std::string>>& traits) {
  std::set<std::string, std::less<>> all;
  for (size_t i = 0; i < documents.size() && all.size() < kMostTraits; ++i) {
    for (const Value& field : documents[i].elements()) all.emplace(field.key());
  }
  for (size_t i = 0; i < documents.size(); ++i) {
    std::set<std::string_view> own;
    for (const Value& field : documents[i].elements()) own.insert(field.key());
    for (const std::string& name : all) {
      if (!own.contains(name)) traits[i].push_back(name + " missing");
    }
  }
}

/// Each trait by a number, so that counting is cheap.
std::vector<std::vector<size_t>> numbered(const std::vector<std::vector<std::string>>& traits,
                                          size_t& count) {
  std::unordered_map<std::string_view, size_t> numbers;
  std::vector<std::vector<size_t>> result;
  for (const auto& of_one : traits) {
    std::vector<size_t> own;
    for (const std::string& trait : of_one) {
      own.push_back(numbers.try_emplace(trait, numbers.size()).first->second);
    }
    result.push_back(std::move(own));
  }
  count = numbers.size();
  return result;
}

}  // namespace

std::vector<std::string> traits_of(View document) {
  std::vector<std::string> traits;
  add_fields(document, "", 0, traits);
  std::sort(traits.begin(), traits.end());
  traits.erase(std::unique(traits.begin(), traits.end()), traits.end());
  return traits;
}

std::vector<size_t> pick_varied(const mongo::DocumentList& documents, size_t wanted) {
  std::vector<std::vector<std::string>> traits;
  Extremes extremes;
  for (size_t i = 0; i < documents.size(); ++i) {
    traits.push_back(traits_of(documents[i]));
    extremes.note(i, documents[i]);
  }
  add_missing(documents, traits);
  extremes.add_to(traits);
  size_t count = 0;
  auto numbers = numbered(traits, count);
  std::vector<bool> shown(count), taken(documents.size());
  std::vector<size_t> picked;
  while (picked.size() < std::min(wanted, documents.size())) {
    size_t best = 0, most = 0;
    bool any = false;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (taken[i]) continue;
      auto fresh = static_cast<size_t>(
          std::count_if(numbers[i].begin(), numbers[i].end(), [&](size_t n) { return !shown[n]; }));
      if (!any || fresh > most) best = i, most = fresh, any = true;
    }
    taken[best] = true;
    for (size_t n : numbers[best]) shown[n] = true;
    picked.push_back(best);
  }
  std::sort(picked.begin(), picked.end());
  return picked;
}

}  // namespace whimbrel
