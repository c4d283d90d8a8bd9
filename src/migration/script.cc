#include "migration/script.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "migration/config_schema.h"
#include "migration/fields.h"

namespace whimbrel {
namespace {

using mongo::Type;
using mongo::Value;

const std::vector<std::string> kDocumentKeys = {
    "collection", "where",    "reads", "transform", "transformBatch", "revert",
    "setup",      "teardown", "check", "options",   "description",    "default"};
const std::vector<std::string> kOptions = {"batch", "workers", "journal", "maxErrors",
                                           "concurrency"};
const std::vector<std::string> kBatchOptions = {"docs", "bytes", "time"};
constexpr int kMostWorkers = 256;

/// Reads the options of one module and collects what is wrong with them.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void refuse(std::string message) {
    problems_.push_back({.file = file_, .line = 0, .column = 0, .message = std::move(message)});
  }
  std::vector<Problem> take() { return std::move(problems_); }
  bool failed() const { return !problems_.empty(); }

  void check_names(std::string_view what, const std::vector<std::string>& names,
                   const std::vector<std::string>& allowed) {
    for (const std::string& name : names) {
      if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
      refuse(fmt::format("{} has no '{}'{}; allowed: {}", what, name, did_you_mean(name, allowed),
                         join(allowed, ", ")));
    }
  }

  std::vector<std::string> read_reads(const Value& value) {
    std::vector<std::string> fields;
    bool good = value.type() == Type::kArray;
    for (const Value& item : value.as_document().elements()) {
      good = good && item.type() == Type::kString && !item.as_string().empty();
      fields.emplace_back(item.as_string());
    }
    if (!good)
      refuse("`reads` must be a list of field names, such as ['oldTheme', 'address.city']");
    return fields;
  }

  void read_options(const mongo::Document& options, Step& step) {
    check_names("`options`", names_of(options), kOptions);
    if (auto workers = options.view().find("workers")) read_workers(*workers, step);
    if (auto journal = options.view().find("journal")) {
      bool text = journal->type() == Type::kString;
      bool off = text ? journal->as_string() == "off" : !journal->as_bool();
      bool known =
          journal->type() == Type::kBool || (text && (off || journal->as_string() == "on"));
      if (!known) refuse("options.journal must be true, false, 'on' or 'off'");
      step.journal = !off;
    }
    if (auto errors = options.view().find("maxErrors")) read_max_errors(*errors, step);
    if (auto batch = options.view().find("batch")) read_batch(*batch, step);
    if (auto most = options.view().find("concurrency"); most && !is_whole(*most, 1, 100'000)) {
      refuse("options.concurrency must be a whole number from 1 to 100000");
    }
  }

 private:
  static std::vector<std::string> names_of(mongo::View document) {
    std::vector<std::string> names;
    for (const Value& field : document.elements()) names.emplace_back(field.key());
    return names;
  }

  static bool is_whole(const Value& value, int64_t least, int64_t most) {
    double number = value.as_double();
    return value.is_number() && number == static_cast<double>(value.as_int()) &&
           value.as_int() >= least && value.as_int() <= most;
  }

  void read_workers(const Value& value, Step& step) {
    bool automatic = value.type() == Type::kString && value.as_string() == "auto";
    if (automatic) step.workers = 0;
    else if (is_whole(value, 1, kMostWorkers)) step.workers = static_cast<int>(value.as_int());
    else
      refuse(fmt::format("options.workers must be 'auto' or a whole number from 1 to {}",
                         kMostWorkers));
  }

  void read_max_errors(const Value& value, Step& step) {
    auto share = value.type() == Type::kString ? migration::parse_percentage(value.as_string())
                                               : std::nullopt;
    if (share) step.max_errors_share = *share;
    else if (is_whole(value, 0, INT64_MAX)) step.max_errors = value.as_int();
    else refuse("options.maxErrors must be a number of documents or a share such as '0.1%'");
  }

  void read_batch(const Value& value, Step& step) {
    if (is_whole(value, 1, migration::kMaxBatchDocs)) {
      step.batch.docs = static_cast<int>(value.as_int());
      return;
    }
    if (value.type() != Type::kDocument) {
      return refuse("options.batch must be a number of documents, or { docs, bytes, time }");
    }
    mongo::View batch = value.as_document();
    check_names("options.batch", names_of(batch), kBatchOptions);
    if (auto docs = batch.find("docs")) {
      if (is_whole(*docs, 1, migration::kMaxBatchDocs))
        step.batch.docs = static_cast<int>(docs->as_int());
      else
        refuse(fmt::format("options.batch.docs must be a whole number from 1 to {}",
                           migration::kMaxBatchDocs));
    }
    if (auto bytes = batch.find("bytes")) read_bytes(*bytes, step);
    if (auto time = batch.find("time")) {
      auto parsed = parse_duration(time->as_string());
      bool valid = parsed && parsed->count() <= migration::kMaxBatchMilliseconds;
      if (valid) step.batch.milliseconds = parsed->count();
      else refuse("options.batch.time must be a duration such as '100ms', of at most 30s");
    }
  }

  void read_bytes(const Value& value, Step& step) {
    auto parsed = value.type() == Type::kString ? parse_bytes(value.as_string())
                                                : Result<int64_t>(value.as_int());
    bool valid = parsed && *parsed >= 1 && *parsed <= migration::kMaxBatchBytes;
    if (valid) step.batch.bytes = *parsed;
    else refuse("options.batch.bytes must be a size such as '8MiB', of at most 48MiB");
  }

  std::string file_;
  std::vector<Problem> problems_;
};

bool may_be_named(const std::string& collection) {
  return !collection.empty() && collection.find('$') == std::string::npos &&
         collection.find('\0') == std::string::npos && collection.front() != '.' &&
         !collection.starts_with("system.") && !collection.starts_with("whimbrel_");
}

void check_shape(const ScriptDescription& described, Reader& reader) {
  if (described.up || described.migrate) {
    reader.refuse("it exports both up() and a transform; keep one of them");
  }
  if (described.transform && described.transform_batch) {
    reader.refuse("it exports both transform and transformBatch; keep one of them");
  }
  if (!described.collection || !may_be_named(*described.collection)) {
    reader.refuse("`collection` must be the name of a collection, such as collection: 'users'");
  }
  if (!described.where) {
    reader.refuse("`where` must be a filter, such as where: { migrated: { $ne: true } }");
  }
  reader.check_names("a document migration", described.keys, kDocumentKeys);
}

Step script_step(const std::string& function) {
  Step step;
  step.body = ScriptStep{function};
  step.kind = "script";
  return step;
}

/// `revert` is asked for every document: those of the application have the new shape, too.
Step revert_step(const Step& forward) {
  Step step = forward;
  auto& body = std::get<TransformStep>(step.body);
  body.where = mongo::Document();
  body.reads.clear();
  body.reverts = true;
  body.checks = false;
  step.kind = "revert";
  return step;
}

Migration document_migration(const std::string& file, const ScriptDescription& described,
                             Reader& reader) {
  check_shape(described, reader);
  Migration migration;
  migration.file = file;
  migration.description = described.description;
  TransformStep body;
  body.collection = described.collection.value_or("");
  body.where = described.where.value_or(mongo::Document());
  body.checks = described.check;
  if (auto reads = described.reads.view().find("reads")) body.reads = reader.read_reads(*reads);
  Step step;
  step.body = body;
  step.kind = "transform";
  reader.read_options(described.options, step);
  migration.steps.push_back(step);
  if (described.revert) {
    migration.down = DownKind::kSteps;
    migration.down_steps.push_back(revert_step(step));
  }
  return migration;
}

void read_declarations(const ScriptDescription& described, Migration& migration, Reader& reader) {
  if (described.exports_collections) {
    const auto& names = described.collections;
    if (!names || std::find(names->begin(), names->end(), "") != names->end())
      reader.refuse("`collections` must be a list of names, such as ['users', 'orders']");
    migration.declared_collections = names;
  }
  if (described.exports_transaction && !described.transaction)
    reader.refuse("`transaction` must be true or false");
  migration.transaction = described.transaction.value_or(false);
}

Migration whole_script(const std::string& file, const ScriptDescription& described) {
  Migration migration;
  migration.file = file;
  migration.steps.push_back(script_step(described.up ? "up" : "migrate"));
  if (described.down) {
    migration.down = DownKind::kSteps;
    migration.down_steps.push_back(script_step("down"));
  } else {
    migration.steps.front().irreversible = true;
  }
  return migration;
}

}  // namespace

std::variant<Migration, std::vector<Problem>> script_migration(const std::string& file,
                                                               const ScriptDescription& described) {
  Reader reader(file);
  bool script = described.up || described.migrate;
  if (!script && !described.document) {
    reader.refuse(
        "it exports neither up(db, client) nor `collection` with transform(doc, ctx); a migration "
        "has one of them");
  }
  Migration migration = described.document ? document_migration(file, described, reader)
                                           : whole_script(file, described);
  if (!described.document) read_declarations(described, migration, reader);
  if (reader.failed()) return reader.take();
  return migration;
}

Migration unread_script_migration(const std::string& file) {
  ScriptDescription believed;
  believed.up = believed.down = true;
  return whole_script(file, believed);
}

}  // namespace whimbrel
