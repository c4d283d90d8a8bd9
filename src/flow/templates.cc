#include "flow/templates.h"

#include <fmt/format.h>

#include <algorithm>

namespace whimbrel {
namespace {

constexpr const char* kYamlConfig =
    R"(# whimbrel.yaml: ${VAR} and ${VAR:-default} are taken from the environment
mongodb:
  uri: "${MONGO_URL:-mongodb://127.0.0.1:27017}"
  database: YOURDATABASENAME
migrationsDir: migrations
changelogCollection: changelog
lockCollection: changelog_lock

engine:
  workers: 1            # lanes; more are safe, ranges are disjoint
  batch: { docs: 1000, bytes: 8MiB, time: 100ms }
  maxErrors: 0          # documents that may go to quarantine: 10, or "0.1%"
  journal: on           # pre-images, for `whimbrel down`

environments:
  production:
    protected: true     # asks for the database name: --confirm NAME
)";

/// The keys of a configuration, common to all module systems.
constexpr const char* kScriptConfig = R"({
  mongodb: {
    // Where the server is. process.env and any package of the project may be used here.
    url: 'mongodb://localhost:27017',

    // The database to migrate.
    databaseName: 'YOURDATABASENAME',

    // Options of the driver's MongoClient.
    options: {},
  },

  // Where the migrations are: relative to the folder in which the command is run, or absolute.
  migrationsDir: 'migrations',

  // Where it is kept which migrations are applied.
  changelogCollectionName: 'changelog',

  // Where the lock is kept while migrations run.
  lockCollectionName: 'changelog_lock',

  // Seconds after which the server removes a lock that was left behind. 0: migrate-mongo takes no lock
  // (whimbrel always does).
  lockTtl: 0,

  // How the names of migrations end.
  migrationFileExtension: '@EXTENSION@',

  // Whether migrate-mongo runs a migration again when its file has changed.
  useFileHash: false,

  // How new migrations are written: 'commonjs' or 'esm'.
  moduleSystem: '@MODULES@',
})";

constexpr const char* kYamlSteps = R"(description: @QUOTED@
steps:
  - createIndexes: COLLECTION
    indexes:
      - { key: { field: 1 } }
# down: journal          # the default: each step's own reverse
)";

constexpr const char* kYamlDocument = R"(description: @QUOTED@
steps:
  - update: COLLECTION
    where: { migrated: { $ne: true } }
    with:                                   # a pipeline, run on the server batch by batch
      - $set: { newField: { $ifNull: [$oldField, unknown] }, migrated: true }
      - $unset: [oldField]
    check:                                  # asserted afterwards
      - { none: { newField: { $exists: false } } }
down: journal                               # restores every document from its pre-image
)";

constexpr const char* kScriptCommonJs = R"(// @LINE@
module.exports = {
  /**
   * @param {import('mongodb').Db} db
   * @param {import('mongodb').MongoClient} client
   */
  async up(db, client) {
    // await db.collection('users').createIndex({ email: 1 });
  },

  /**
   * @param {import('mongodb').Db} db
   * @param {import('mongodb').MongoClient} client
   */
  async down(db, client) {
    // await db.collection('users').dropIndex('email_1');
  },
};
)";

constexpr const char* kScriptEsm = R"(// @LINE@

/**
 * @param {import('mongodb').Db} db
 * @param {import('mongodb').MongoClient} client
 */
export const up = async (db, client) => {
  // await db.collection('users').createIndex({ email: 1 });
};

/**
 * @param {import('mongodb').Db} db
 * @param {import('mongodb').MongoClient} client
 */
export const down = async (db, client) => {
  // await db.collection('users').dropIndex('email_1');
};
)";

constexpr const char* kScriptTypeScript = R"(// @LINE@
import type { Db, MongoClient } from 'mongodb';

export const up = async (db: Db, client: MongoClient): Promise<void> => {
  // await db.collection('users').createIndex({ email: 1 });
};

export const down = async (db: Db, client: MongoClient): Promise<void> => {
  // await db.collection('users').dropIndex('email_1');
};
)";

constexpr const char* kDocumentCommonJs = R"(// @LINE@
module.exports = {
  collection: 'COLLECTION',

  // The documents that are meant; leave it out for all of them.
  where: { migrated: { $ne: true } },

  // Called for each document. Returns update operators, a pipeline, the whole document as it shall be
  // (only the fields that differ are written), or null to leave it as it is. It may be async; it may be
  // called again for the same document, so it must do nothing but return.
  transform(doc, ctx) {
    return { $set: { newField: doc.oldField ?? 'unknown', migrated: true }, $unset: { oldField: '' } };
  },

  // `whimbrel down` restores every document from its pre-image; a revert(doc, ctx) would go before that.
};
)";

constexpr const char* kDocumentEsm = R"(// @LINE@

export const collection = 'COLLECTION';

// The documents that are meant; leave it out for all of them.
export const where = { migrated: { $ne: true } };

// Called for each document. Returns update operators, a pipeline, the whole document as it shall be
// (only the fields that differ are written), or null to leave it as it is. It may be async; it may be
// called again for the same document, so it must do nothing but return.
export const transform = (doc, ctx) => {
  return { $set: { newField: doc.oldField ?? 'unknown', migrated: true }, $unset: { oldField: '' } };
};

// `whimbrel down` restores every document from its pre-image; a revert(doc, ctx) would go before that.
)";

constexpr const char* kDocumentTypeScript = R"(// @LINE@
import type { Db, Document, Filter, MongoClient, UpdateFilter } from 'mongodb';

interface Context {
  db: Db;
  client: MongoClient;
  log(...words: unknown[]): void;
  state: Record<string, unknown>;
  migration: { name: string; file: string; run: string };
}

export const collection = 'COLLECTION';

// The documents that are meant; leave it out for all of them.
export const where: Filter<Document> = { migrated: { $ne: true } };

// Called for each document. Returns update operators, a pipeline, the whole document as it shall be
// (only the fields that differ are written), or null to leave it as it is. It may be async; it may be
// called again for the same document, so it must do nothing but return.
export const transform = (doc: Document, ctx: Context): UpdateFilter<Document> | null => {
  return { $set: { newField: doc.oldField ?? 'unknown', migrated: true }, $unset: { oldField: '' } };
};

// `whimbrel down` restores every document from its pre-image; a revert(doc, ctx) would go before that.
)";

std::string filled(std::string text, const std::string& place, const std::string& with) {
  size_t at = text.find(place);
  return at == std::string::npos ? text : text.replace(at, place.size(), with);
}

std::string yaml_quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

/// For a comment that ends with its line.
std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

const char* script_template(const TemplateKind& kind) {
  bool esm = kind.modules == ModuleSystem::kEsm;
  if (kind.language == TemplateKind::Language::kTypeScript) {
    return kind.document ? kDocumentTypeScript : kScriptTypeScript;
  }
  if (kind.document) return esm ? kDocumentEsm : kDocumentCommonJs;
  return esm ? kScriptEsm : kScriptCommonJs;
}

}  // namespace

std::string yaml_config() {
  return kYamlConfig;
}

std::string script_config(ModuleSystem modules, bool typescript) {
  bool esm = modules == ModuleSystem::kEsm || typescript;
  std::string config = filled(kScriptConfig, "@EXTENSION@", typescript ? ".ts" : ".js");
  config = filled(config, "@MODULES@", esm ? "esm" : "commonjs");
  std::string head = "// The configuration of whimbrel and of migrate-mongo.\nconst config = ";
  std::string tail = esm ? ";\n\nexport default config;\n" : ";\n\nmodule.exports = config;\n";
  return head + config + tail;
}

std::string new_migration(const TemplateKind& kind, const std::string& description) {
  if (kind.language == TemplateKind::Language::kYaml) {
    return filled(kind.document ? kYamlDocument : kYamlSteps, "@QUOTED@", yaml_quoted(description));
  }
  return filled(script_template(kind), "@LINE@", on_one_line(description));
}

}  // namespace whimbrel
