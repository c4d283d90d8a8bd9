// A report as titled tables, which text, Markdown and HTML print in their own ways.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "flow/report.h"

namespace whimbrel {

struct ReportSection {
  std::string title;
  std::vector<std::pair<std::string, std::string>> rows;
};

/// Those that have something to say.
std::vector<ReportSection> sections_of(const Report& report);

/// A page of its own, without scripts and without anything from elsewhere: the sections, and what
/// the samples tell as drawings: documents, documents per second, time of a batch, lag, errors.
std::string report_page(const Report& report);

}  // namespace whimbrel
