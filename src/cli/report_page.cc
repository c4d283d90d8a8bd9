#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/report_sections.h"

namespace whimbrel {
namespace {

constexpr double kWidth = 640, kHeight = 160, kLeft = 80, kTop = 10, kBottom = 24;

struct Point {
  double seconds = 0, value = 0;
};

/// One drawing: a line over the seconds of the run.
struct Plot {
  std::string title, unit;
  std::vector<Point> points;
};

std::string escaped(std::string_view text) {
  std::string safe;
  for (char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::vector<Plot> plots_of(const Report& report) {
  Plot documents{"Documents processed", "", {}}, pace{"Documents per second", "/s", {}},
      batch{"Time of a batch", " ms", {}}, lag{"Lag of the slowest secondary", " s", {}},
      writes{"Small writes beside it: nine of ten took less", " ms", {}},
      dirty{"Dirty part of the cache", " %", {}}, connections{"Connections", "", {}},
      operations{"Operations per second, of all clients", "/s", {}},
      errors{"Documents in quarantine", "", {}};
  for (const Pace& one : report.paces()) pace.points.push_back({one.seconds, one.docs_per_second});
  for (const Sample& sample : report.samples) {
    double seconds = static_cast<double>(sample.at - report.samples.front().at) / 1000;
    documents.points.push_back({seconds, static_cast<double>(sample.scanned)});
    batch.points.push_back({seconds, static_cast<double>(sample.batch_ms)});
    errors.points.push_back({seconds, static_cast<double>(sample.quarantined)});
    if (sample.write_ms) writes.points.push_back({seconds, *sample.write_ms});
    if (sample.lag_seconds) lag.points.push_back({seconds, *sample.lag_seconds});
    if (sample.cache_dirty_share)
      dirty.points.push_back({seconds, 100 * *sample.cache_dirty_share});
    if (sample.connections)
      connections.points.push_back({seconds, static_cast<double>(*sample.connections)});
    if (sample.ops_per_second) operations.points.push_back({seconds, *sample.ops_per_second});
  }
  std::vector<Plot> plots{documents, pace, batch, lag, dirty, connections, operations};
  if (!writes.points.empty()) plots.push_back(writes);
  if (report.run.counts().quarantined > 0) plots.push_back(errors);
  return plots;
}

std::string number_text(double value) {
  return value < 10 ? fmt::format("{:.1f}", value) : with_commas(static_cast<int64_t>(value));
}

std::string drawn(const Plot& plot) {
  double last = plot.points.back().seconds, most = 0;
  for (const Point& point : plot.points) most = std::max(most, point.value);
  double width = kWidth - kLeft - 10, height = kHeight - kTop - kBottom;
  std::string line;
  for (const Point& point : plot.points) {
    double x = kLeft + (last > 0 ? point.seconds / last * width : 0);
    double y = kTop + height - (most > 0 ? point.value / most * height : 0);
    line += fmt::format("{:.1f},{:.1f} ", x, y);
  }
  double ground = kTop + height;
  return fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{}\"><path class=\"axis\" d=\"M{} {}V{}H{}\"/><text x=\"{}\" y=\"{}\" "
      "class=\"y\">{}{}</text><text x=\"{}\" y=\"{}\" class=\"y\">0</text><text x=\"{}\" y=\"{}\" "
      "class=\"x\">{}</text><polyline points=\"{}\"/></svg></figure>\n",
      escaped(plot.title), kWidth, kHeight, escaped(plot.title), kLeft, kTop, ground, kLeft + width,
      kLeft - 6, kTop + 10, number_text(most), plot.unit, kLeft - 6, ground, kLeft + width,
      kHeight - 6, duration_text(last), line);
}

std::string table_of(const ReportSection& section) {
  std::string rows;
  for (const auto& [name, value] : section.rows) {
    rows += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  }
  return fmt::format("<h2>{}</h2>\n<table>\n{}</table>\n", escaped(section.title), rows);
}

constexpr const char* kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "color:#1d2430;background:#fff}h1{font-size:1.4rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
    "padding:.2rem .6rem .2rem 0;border-bottom:1px solid #e3e7ee;overflow-wrap:anywhere}"
    "th{font-weight:500;color:#5a6577;width:11rem}figure{margin:1rem 0}figcaption{color:#5a6577}"
    "svg{width:100%;height:auto}.axis{fill:none;stroke:#aab3c2}polyline{fill:none;stroke:#2867b2;"
    "stroke-width:2}text{font-size:11px;fill:#5a6577}.y,.x{text-anchor:end}"
    "@media(prefers-color-scheme:dark){body{background:#14181f;color:#dfe5ee}th,figcaption{"
    "color:#97a3b6}th,td{border-color:#2a313d}text{fill:#97a3b6}polyline{stroke:#6ea8f0}}";

}  // namespace

std::string report_page(const Report& report) {
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{0}</title><style>{1}</style></head><body>\n"
      "<h1>{0}</h1>\n",
      escaped(report.migration), kStyle);
  for (const Plot& plot : plots_of(report)) {
    if (plot.points.size() >= 3) page += drawn(plot);
  }
  for (const ReportSection& section : sections_of(report)) page += table_of(section);
  return page + "</body></html>\n";
}

}  // namespace whimbrel
