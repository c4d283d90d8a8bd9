#include "flow/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "flow/history.h"
#include "flow/lint_server.h"
#include "flow/lint_suppress.h"
#include "flow/lint_update.h"
#include "flow/up.h"

namespace whimbrel {
namespace {

/// What the files are judged with.
struct LintGround {
  Config config;
  node::HostSetting node;
  History history;                 ///< without a server: of the files alone
  std::optional<Project> project;  ///< nullopt without a server
};

Result<LintGround> with_server(Project project) {
  LintGround ground;
  ground.config = project.config;
  ground.node = project.scripts->host_setting();
  ground.history = TRY(read_history(project));
  ground.project = std::move(project);
  return ground;
}

Result<LintGround> without_server(const ConfigSources& sources) {
  Scripts scripts(project_directory(sources), Scripts::Output::kCaptured);
  LintGround ground;
  ground.config = TRY(read_project_config(sources, scripts));
  scripts.use(ground.config, "");
  ground.node = scripts.host_setting();
  for (MigrationFile& file : TRY(list_files(ground.config))) {
    Entry entry;
    entry.name = file.name;
    entry.file = std::move(file);
    ground.history.entries.push_back(std::move(entry));
  }
  return ground;
}

Result<LintGround> open_ground(const ConfigSources& sources, bool has_names) {
  auto project = open_project(sources);
  if (project) return with_server(std::move(project).value());
  if (!has_names || project.error().kind != ErrorKind::kUnreachable)
    return std::move(project).error();
  return without_server(sources);
}

/// Reads texts of scripts in a Node that starts when it is first needed and runs nothing of them.
class TextReader {
 public:
  TextReader(node::HostSetting setting, const Stop& stop)
      : setting_(std::move(setting)), stop_(stop) {
    setting_.program = node::HostProgram::kReader;
    setting_.loaders.clear();
    setting_.output = [](node::Stream, std::string_view) {};
  }

  Result<node::ScriptText> read(const std::string& path) {
    if (!host_ || host_->died()) {
      host_.reset();
      host_.emplace(TRY(node::Host::start(setting_)));
    }
    return node::read_script_text(*host_, path, stop_);
  }

 private:
  node::HostSetting setting_;
  const Stop& stop_;
  std::optional<node::Host> host_;
};

/// Reads the files, and keeps what is wrong with those that do not load.
class FileReader {
 public:
  FileReader(const LintGround& ground, const Stop& stop)
      : ground_(ground), texts_(ground.node, stop) {}

  std::vector<LintedFile> files;
  std::optional<Error> problems;

  /// `asked`: by name, or because `up` would run it.
  void read(const Entry& entry, bool asked, bool by_name) {
    const MigrationFile& file = *entry.file;
    LintedFile linted;
    linted.name = file.name;
    linted.path = std::filesystem::path(file.path).lexically_proximate(ground_.config.directory);
    linted.asked = asked;
    linted.pending = ground_.project.has_value() && entry.wants_up();
    bool wanted = true;
    if (file.is_declarative()) wanted = read_declarative(linted, file, by_name);
    else if (file.is_script()) read_script(linted, file);
    else linted.notes.push_back(file.kind + " migrations are not read by this version");
    if (wanted) files.push_back(std::move(linted));
  }

 private:
  /// False when the file is not to be looked at.
  bool read_declarative(LintedFile& linted, const MigrationFile& file, bool by_name) {
    auto migration = load_file(file);
    if (!migration) {
      if (linted.asked) add_problem(migration.error());
      return false;
    }
    bool meant = meant_for(*migration, ground_.config.environment);
    linted.pending = linted.pending && meant;
    if (meant || by_name) lint_declarative(linted, file, *migration);
    return meant || by_name;
  }

  void read_script(LintedFile& linted, const MigrationFile& file) {
    auto text = texts_.read(file.path);
    if (text) return lint_script(linted, *text);
    linted.notes.push_back(
        fmt::format("not read: {}; {}", text.error().message, text.error().hint));
  }

  void add_problem(const Error& problem) {
    if (!problems) problems = problem;
    else problems->message += "\n" + problem.message;
  }

  const LintGround& ground_;
  TextReader texts_;
};

Result<std::set<std::string>> names_of(const History& history,
                                       const std::vector<std::string>& words) {
  std::set<std::string> names;
  for (const std::string& word : words) {
    // A shell completes paths.
    const Entry* entry = TRY(history.resolve(std::filesystem::path(word).filename()));
    if (!entry->file) {
      return Error{ErrorKind::kNotFound, entry->name + ": its file is missing",
                   "put it back, or leave it out: whimbrel lint"};
    }
    names.insert(entry->name);
  }
  return names;
}

Result<std::vector<LintedFile>> read_files(const LintGround& ground,
                                           const std::vector<std::string>& words,
                                           const Stop& stop) {
  std::set<std::string> names = TRY(names_of(ground.history, words));
  FileReader reader(ground, stop);
  for (const Entry& entry : ground.history.entries) {
    bool pending = ground.project && entry.wants_up();
    bool by_name = names.contains(entry.name);
    bool asked = words.empty() ? pending : by_name;
    if (entry.file && (asked || pending)) reader.read(entry, asked, by_name);
    if (stop.requested()) return stop.error();
  }
  if (reader.problems) return *reader.problems;
  return std::move(reader.files);
}

/// The first field that both write; "" for none.
std::string common_field(const WrittenPlace& a, const WrittenPlace& b) {
  for (const std::string& one : a.fields) {
    for (const std::string& other : b.fields) {
      if (paths_overlap(one, other)) return one.size() > other.size() ? one : other;
    }
  }
  return "";
}

/// Who else writes to one field.
struct Shared {
  const WrittenPlace* mine = nullptr;
  std::vector<std::string> names;
};

/// Fields of `file` that `other` writes, too, by collection and field.
void find_shared(const LintedFile& file, const LintedFile& other,
                 std::map<std::string, Shared>& found) {
  std::set<std::string> told;
  for (const WrittenPlace& mine : file.writes) {
    for (const WrittenPlace& theirs : other.writes) {
      if (mine.collection != theirs.collection || told.contains(mine.collection)) continue;
      std::string field = common_field(mine, theirs);
      if (field.empty()) continue;
      told.insert(mine.collection);
      Shared& shared = found[mine.collection + "." + field];
      if (!shared.mine) shared.mine = &mine;
      shared.names.push_back(other.name);
    }
  }
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  std::vector<std::string> shown(names.begin(), names.begin() + std::min(names.size(), kShown));
  std::string text = join(shown, ", ");
  return names.size() > kShown ? fmt::format("{} and {} more", text, names.size() - kShown) : text;
}

/// Adds W010 for each field that a pending file before this one writes, too; and one behind it,
/// when nobody asks about that.
void compare(std::vector<LintedFile>& files, size_t at) {
  LintedFile& file = files[at];
  std::map<std::string, Shared> found;
  for (size_t i = 0; i < files.size(); ++i) {
    bool told_here = i < at || (i > at && !files[i].asked);
    if (told_here && files[i].pending) find_shared(file, files[i], found);
  }
  for (const auto& [field, shared] : found) {
    file.add(kSameField, shared.mine->place,
             fmt::format("{} is changed by {}, too, pending as well: the later finds what the "
                         "earlier has made",
                         field, some_of(shared.names)),
             "look whether that is meant; a mark of finished documents needs a name of its own in "
             "each of them");
  }
}

void compare_pending(std::vector<LintedFile>& files) {
  for (size_t at = 0; at < files.size(); ++at) {
    if (files[at].asked && files[at].pending) compare(files, at);
  }
}

LintReport report_of(std::vector<LintedFile> files) {
  LintReport report;
  for (LintedFile& file : files) {
    if (!file.asked) continue;
    ++report.files;
    for (const std::string& note : file.notes) report.notes.push_back(file.path + ": " + note);
    std::stable_sort(
        file.findings.begin(), file.findings.end(), [](const Finding& a, const Finding& b) {
          return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
        });
    for (Finding& finding : file.findings) report.findings.push_back(std::move(finding));
  }
  return report;
}

}  // namespace

size_t LintReport::count(Severity severity) const {
  return static_cast<size_t>(std::count_if(
      findings.begin(), findings.end(),
      [&](const Finding& finding) { return !finding.suppressed && finding.severity == severity; }));
}

size_t LintReport::suppressed() const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(),
                                           [](const Finding& one) { return one.suppressed; }));
}

Result<LintReport> lint(const ConfigSources& sources, const std::vector<std::string>& names,
                        const Stop& stop) {
  LintGround ground = TRY(open_ground(sources, !names.empty()));
  std::vector<LintedFile> files = TRY(read_files(ground, names, stop));
  if (ground.project) ask_server(*ground.project, files);
  compare_pending(files);
  for (LintedFile& file : files) apply_suppressions(file);
  LintReport report = report_of(std::move(files));
  if (!ground.project) {
    report.notes.emplace_back(
        "the server cannot be reached: W005 (indexes), W006 (size) and W010 (what is pending) were "
        "not asked");
  }
  return report;
}

}  // namespace whimbrel
