#include "engine/verify_step.h"

#include <algorithm>

#include "engine/images.h"
#include "engine/script_transform.h"
#include "engine/swap.h"
#include "state/journal.h"

namespace whimbrel {

using mongo::Digest;
using mongo::DocumentList;
using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

constexpr size_t kShown = 100;
// A sample comes from so many places of the journal.
constexpr int64_t kPlaces = 25;
constexpr int64_t kClockMilliseconds = 60'000;

/// When the run may have asked a clock, milliseconds.
struct Times {
  int64_t from = 0, to = 0;
  bool contain(const Value& date) const {
    return date.as_int() >= from - kClockMilliseconds && date.as_int() <= to + kClockMilliseconds;
  }
};

bool same_but_for_times(View today, View again, const Times& times);

bool same_but_for_times(const Value& today, const Value& again, const Times& times) {
  if (today.key() != again.key() || today.type() != again.type()) return false;
  if (today.same_bytes(again)) return true;
  if (today.type() == Type::kDate) return times.contain(today);
  return today.is_document() && same_but_for_times(today.as_document(), again.as_document(), times);
}

bool same_but_for_times(View today, View again, const Times& times) {
  auto left = today.elements(), right = again.elements();
  return std::equal(
      left.begin(), left.end(), right.begin(), right.end(),
      [&](const Value& a, const Value& b) { return same_but_for_times(a, b, times); });
}

/// A batch to look at, and how many of its documents at most.
struct Place {
  Journal::EntryKey batch;
  size_t most = SIZE_MAX;
};

/// All batches, or some from the whole journal that have `documents` between them.
std::vector<Place> choose(const std::vector<Journal::EntryKey>& entries,
                          std::optional<int64_t> documents) {
  auto batches = one_of_each_batch(entries);
  auto count = static_cast<int64_t>(batches.size());
  std::vector<Place> chosen;
  if (!documents) {
    for (const Journal::EntryKey& batch : batches) chosen.push_back({batch});
    return chosen;
  }
  int64_t places = std::min({kPlaces, count, *documents});
  for (int64_t i = 0; i < places; ++i) {
    int64_t most = (i + 1) * *documents / places - i * *documents / places;
    chosen.push_back({batches[static_cast<size_t>(i * count / places)], static_cast<size_t>(most)});
  }
  return chosen;
}

class StepCheck {
 public:
  StepCheck(mongo::Client& client, const DocumentTask& task, const Run& run, const Stop& stop)
      : client_(client),
        task_(task),
        times_{run.started_at, run.updated_at},
        target_(client, task.database, task.target()),
        journal_(client, task.database) {
    if (task.script) script_ = script_image_transform(client, task, stop);
  }

  StepVerification found;

  Status look_at(const Journal::EntryKey& key, size_t most) {
    auto entries = TRY(journal_.read_batch(task_.key, key.range, key.batch));
    bool repeatable = false;
    for (JournalEntry& entry : entries) {
      repeatable = repeatable || (entry.after.empty() && !entry.before.empty());
      TRY(fill_in_digests(client_, task_, entry));
    }
    std::vector<Image> images = thinned_out(changed_images(entries), most);
    std::vector<Value> ids;
    for (const Image& image : images) ids.push_back(*image.before.find("_id"));
    auto today = TRY(read_current(target_, ids, task_.facts.average_bytes, nullptr));
    std::vector<size_t> as_written;
    for (size_t at = 0; at < images.size(); ++at) {
      if (is_as_written(images[at], today[at])) as_written.push_back(at);
    }
    if (!repeatable) return make_again(images, today, as_written);
    found.as_made += static_cast<int64_t>(as_written.size());
    return {};
  }

  Status finish() { return script_ ? script_->finish() : Status(); }

 private:
  static std::vector<Image> thinned_out(const std::vector<Image>& images, size_t most) {
    std::vector<Image> some;
    size_t count = std::min(images.size(), most);
    for (size_t i = 0; i < count; ++i) some.push_back(images[i * images.size() / count]);
    return some;
  }

  bool inserted() const { return std::holds_alternative<CopyStep>(task_.step.body); }

  /// Counts the others.
  bool is_as_written(const Image& image, View today) {
    ++found.looked_at;
    Digest digest = today.empty() ? Digest{} : mongo::digest_of(today);
    if (digest == image.after) return true;
    if (today.empty()) ++found.gone;
    else if (!inserted() && today.same_bytes(image.before))
      wrong(image, "it is what it was before");
    else ++found.changed_since;
    return false;
  }

  void wrong(const Image& image, std::string reason) {
    ++found.wrong;
    if (found.first.size() < kShown) {
      found.first.push_back({mongo::OwnedValue(*image.before.find("_id")), std::move(reason)});
    }
  }

  Status make_again(const std::vector<Image>& images, const CurrentDocuments& today,
                    const std::vector<size_t>& as_written) {
    bool comparable = script_ || std::holds_alternative<UpdateStep>(task_.step.body);
    if (!comparable || as_written.empty()) {
      found.as_made += static_cast<int64_t>(as_written.size());
      return {};
    }
    DocumentList before;
    for (size_t at : as_written) before.add(images[at].before);
    std::vector<DocumentFailure> failed;
    DocumentList again = TRY(images_of(before, failed));
    for (size_t i = 0; i < as_written.size(); ++i) {
      const Image& image = images[as_written[i]];
      auto failure = std::find_if(failed.begin(), failed.end(),
                                  [i](const DocumentFailure& one) { return one.at == i; });
      if (failure != failed.end()) wrong(image, "it fails now: " + failure->error.message);
      else if (same_but_for_times(today[as_written[i]], again[i], times_)) ++found.as_made;
      else wrong(image, "the transform makes something else of the pre-image now");
    }
    return {};
  }

  Result<DocumentList> images_of(const DocumentList& before, std::vector<DocumentFailure>& failed) {
    if (!script_) return compute_images(client_, task_, before);
    TRY(script_->prepare());
    Changes changes = TRY(script_->apply(before));
    failed = std::move(changes.failed);
    return std::move(changes.after);
  }

  mongo::Client& client_;
  const DocumentTask& task_;
  Times times_;
  mongo::Collection target_;
  Journal journal_;
  std::unique_ptr<Transform> script_;
};

}  // namespace

Result<StepVerification> verify_document_step(mongo::Client& client, const DocumentTask& task,
                                              const Run& run, std::optional<int64_t> documents,
                                              const Stop& stop) {
  auto entries = TRY(Journal(client, task.database).list(task.key));
  StepCheck check(client, task, run, stop);
  for (const Place& place : choose(entries, documents)) {
    if (stop.requested()) return stop.error();
    TRY(check.look_at(place.batch, place.most));
  }
  TRY(check.finish());
  return std::move(check.found);
}

}  // namespace whimbrel
