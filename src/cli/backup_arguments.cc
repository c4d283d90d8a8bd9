#include "cli/backup_arguments.h"

namespace whimbrel {
namespace {

void add_backup(CLI::App& app, Arguments& arguments, std::string& workers) {
  auto* backup = app.add_subcommand(
      "backup",
      "write the database, or parts of it, as mongodump does; look after what was written");
  backup->add_option("action", arguments.words,
                     "nothing to make one; or list, or verify PATH, or prune --keep 30d");
  backup->add_option("--only", arguments.backup.only, "only these collections");
  backup->add_option("--for", arguments.backup.migration,
                     "only what this pending migration will touch");
  backup->add_option("--out", arguments.out_file,
                     "folder to write instead of a new one in backup.directory");
  backup->add_option("--archive", arguments.backup.archive,
                     "one file instead of a folder; - for stdout");
  backup->add_flag("--gzip", arguments.backup.gzip, "compress");
  backup->add_option("--workers", workers, "collections and ranges at a time");
  backup->add_option("--keep", arguments.backup.keep,
                     "of prune: how long backups stay, for example 30d");
  backup->add_flag("--dry-run", arguments.dry_run, "of prune: only say what would go");
}

void add_restore(CLI::App& app, Arguments& arguments, std::string& workers) {
  auto* restore =
      app.add_subcommand("restore", "put a backup, ours or mongodump's, back into the database");
  restore->add_option("path", arguments.words, "its folder or archive; - for an archive on stdin");
  restore->add_option("--archive", arguments.backup.archive,
                      "the same as PATH, as mongorestore has it");
  restore->add_flag("--drop", arguments.backup.drop,
                    "replace the collections of the backup; without it, what is there stays");
  restore->add_option("--only", arguments.backup.only, "only these collections");
  restore->add_option("--to-db", arguments.backup.to_database, "into another database");
  restore->add_flag("--preserve-uuid,--preserveUUID", arguments.backup.preserve_uuids,
                    "collections that are made get the backup's UUIDs; needs the role `restore`");
  restore->add_flag("--dry-run", arguments.dry_run, "check it and say what would be done");
  restore->add_flag("--gzip", arguments.backup.gzip,
                    "seen from the files; taken for mongorestore's sake");
  restore->add_option("--workers", workers, "batches inserted at a time");
}

}  // namespace

void add_backup_commands(CLI::App& app, Arguments& arguments, std::string& workers) {
  add_backup(app, arguments, workers);
  add_restore(app, arguments, workers);
}

}  // namespace whimbrel
