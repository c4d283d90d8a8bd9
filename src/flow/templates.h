// What `init` and `create` write: texts of new projects and new migrations.
#pragma once

#include <string>

namespace whimbrel {

/// How a JavaScript file says what it exports.
enum class ModuleSystem { kCommonJs, kEsm };

/// What a new migration is written as.
struct TemplateKind {
  enum class Language { kYaml, kJavaScript, kTypeScript };
  Language language = Language::kYaml;
  ModuleSystem modules = ModuleSystem::kCommonJs;
  bool document = false;  ///< a document migration instead of a script, or of structural steps
};

/// whimbrel.yaml.
std::string yaml_config();
/// migrate-mongo-config.js, or .ts.
std::string script_config(ModuleSystem modules, bool typescript);
/// A migration that loads, and has places to fill in.
std::string new_migration(const TemplateKind& kind, const std::string& description);

}  // namespace whimbrel
