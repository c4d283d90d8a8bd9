#include "observe/moment.h"

#include <fmt/format.h>

#include "base/text.h"
#include "observe/terminal.h"

namespace whimbrel {
namespace {

std::string bar(const Moment& now, int width) {
  bool utf8 = locale_is_utf8();
  double share = now.percent.value_or(0) / 100;
  int filled = static_cast<int>(share * width);
  std::string text;
  for (int i = 0; i < width; ++i) text += i < filled ? (utf8 ? "█" : "#") : (utf8 ? "░" : ".");
  return "[" + text + "]";
}

std::string figures(const Moment& now) {
  std::string done = with_commas(now.counts.scanned);
  std::string of =
      now.total > 0 ? " / " + with_commas(std::max(now.total, now.counts.scanned)) : "";
  std::string share = now.percent ? fmt::format("{:.1f} %  ", *now.percent) : "";
  std::string eta = now.eta ? duration_text(*now.eta) : "measuring";
  return fmt::format("{}{}{} docs  {}/s  ETA {}", share, done, of,
                     with_commas(static_cast<int64_t>(now.rate)), eta);
}

std::string headline(const std::string& title, const Moment& now) {
  return now.makes_way ? title + "  (making way for an application)" : title;
}

}  // namespace

Moment take_moment(const Progress& progress, const RateMeter& meter) {
  Moment now;
  now.counts = {progress.scanned,     progress.modified,  progress.unchanged,
                progress.quarantined, progress.conflicts, 0};
  now.total = progress.total;
  now.lanes = progress.lanes;
  now.batch_docs = progress.batch_docs;
  now.batch_ms = progress.batch_ms;
  now.makes_way = progress.makes_way;
  now.rate = meter.per_second();
  now.percent = percent(now.total, now.counts.scanned);
  now.eta = meter.eta(now.total, now.counts.scanned);
  return now;
}

std::vector<std::string> live_lines(const std::string& title, const Moment& now) {
  return {headline(title, now), bar(now, 30) + "  " + figures(now),
          fmt::format(
              "modified {}  unchanged {}  errors {}  conflicts {}  lanes {}  batch {} docs, {} ms",
              with_commas(now.counts.modified), with_commas(now.counts.unchanged),
              with_commas(now.counts.quarantined), with_commas(now.counts.conflicts), now.lanes,
              now.batch_docs, now.batch_ms)};
}

std::string plain_line(const std::string& title, const Moment& now) {
  return fmt::format("{}: {}  modified {}  errors {}  lanes {}", headline(title, now), figures(now),
                     with_commas(now.counts.modified), with_commas(now.counts.quarantined),
                     now.lanes);
}

}  // namespace whimbrel
