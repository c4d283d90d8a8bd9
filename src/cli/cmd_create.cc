#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSteps = R"(description: {}
steps:
  - createIndexes: COLLECTION
    indexes:
      - {{ key: {{ field: 1 }} }}
# down: journal          # the default: each step's own reverse
)";

constexpr const char* kDocument = R"(description: {}
steps:
  - update: COLLECTION
    where: {{ migrated: {{ $ne: true }} }}
    with:                                   # a pipeline, run on the server batch by batch
      - $set: {{ newField: {{ $ifNull: [$oldField, unknown] }}, migrated: true }}
      - $unset: [oldField]
    check:                                  # asserted afterwards
      - {{ none: {{ newField: {{ $exists: false }} }} }}
down: journal                               # restores every document from its pre-image
)";

std::string file_name(const std::vector<std::string>& words, const std::string& extension) {
  auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::string description = join(words, " ");
  std::replace(description.begin(), description.end(), ' ', '_');
  return fmt::format("{}-{}.{}", file_stamp(now.count()), description, extension);
}

std::string yaml_quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

/// Never overwrites: a second `create` within the same second is refused.
Status write_new(const fs::path& path, const std::string& content) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  bool exists = file < 0 && errno == EEXIST;
  if (exists) {
    return Error{ErrorKind::kCannotWrite, fmt::format("{} exists already", path.string()),
                 "wait a second, or choose another description"};
  }
  bool good = file >= 0 &&
              write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  if (file >= 0) close(file);
  if (good) return {};
  return Error{ErrorKind::kCannotWrite, fmt::format("cannot write {}", path.string()),
               "check the directory"};
}

}  // namespace

Result<int> run_create(const Arguments& arguments) {
  std::string description = join(arguments.words, " ");
  if (trim(description).empty()) {
    return Error{ErrorKind::kUsage, "create: a description is missing",
                 "whimbrel create \"add email index\""};
  }
  if (description.find('/') != std::string::npos) {
    return Error{
        ErrorKind::kUsage,
        fmt::format("create: '{}' has a '/'; a description becomes a file name", description),
        "whimbrel create \"add email index\""};
  }
  if (arguments.kind != "yaml") {
    return Error{
        ErrorKind::kUsage,
        fmt::format("create --kind {}: this version writes YAML migrations only", arguments.kind),
        "whimbrel create --kind yaml " + yaml_quoted(description)};
  }
  Scripts scripts(arguments.sources.directory.empty() ? "." : arguments.sources.directory,
                  Scripts::Output::kCaptured);
  Config config = TRY(read_project_config(arguments.sources, scripts));
  if (!fs::is_directory(config.migrations_directory)) {
    return Error{
        ErrorKind::kNotFound,
        fmt::format("migrations directory does not exist: {}", config.migrations_directory),
        "mkdir " + config.migrations_directory};
  }
  std::string name = file_name(arguments.words, "yaml");
  const char* form = arguments.document ? kDocument : kSteps;
  fs::path path = fs::path(config.migrations_directory) / name;
  TRY(write_new(path, fmt::format(fmt::runtime(form), yaml_quoted(description))));
  fs::path shown = path.lexically_proximate(fs::absolute(config.directory));
  fmt::print("Created: {}\n", shown.string());
  return 0;
}

}  // namespace whimbrel
