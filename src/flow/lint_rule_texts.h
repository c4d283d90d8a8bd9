// What `explain` says of each rule of the table in lint_rules.cc, which alone includes this.
#pragma once

#include <string_view>

namespace whimbrel::rule_text {

inline constexpr std::string_view kRepeatMeaning =
    R"(An update gives something else when it runs over the same document again ($inc, $mul, $push, $pop, or a pipeline
that reads what it changes), and no condition of its filter becomes false by it. In scripts an error. In YAML and in
document migrations a warning: whimbrel itself applies those exactly once to each document.)";
inline constexpr std::string_view kRepeatWhy =
    R"(updateMany() is not atomic: the server changes document after document, and whoever kills the script or the
server leaves some of them changed. An interrupted script runs again from its start, and adds 1 to those a second time.
A condition that the change makes false leaves finished documents out. A document migration has a journal and
checkpoints and needs none, but a restored backup, another tool or `resolve --pending` may still bring a second run.)";
inline constexpr std::string_view kRepeatBadScript =
    R"(await db.collection('users').updateMany({}, { $inc: { level: 1 } });)";
inline constexpr std::string_view kRepeatGoodScript =
    R"(await db.collection('users').updateMany({ levelled: { $ne: true } },
  { $inc: { level: 1 }, $set: { levelled: true } });)";
inline constexpr std::string_view kRepeatBadYaml =
    R"(- update: users
  with: { $inc: { level: 1 } })";
inline constexpr std::string_view kRepeatGoodYaml =
    R"(- update: users
  where: { levelled: { $ne: true } }
  with: { $inc: { level: 1 }, $set: { levelled: true } })";

inline constexpr std::string_view kFilterMeaning =
    R"(A script calls deleteMany() or updateMany() with no filter or with {}; in YAML a `delete` has `where: {}`. Deleting
is an error in scripts; updating, and YAML, whose journal brings documents back, are a warning.)";
inline constexpr std::string_view kFilterWhy =
    R"(An empty filter matches every document of the collection, also those that were inserted a moment ago and those that
are finished. Each is one entry in the oplog: secondaries fall behind, and what was deleted is gone for good.)";
inline constexpr std::string_view kFilterBadScript =
    R"(await db.collection('sessions').deleteMany({});)";
inline constexpr std::string_view kFilterGoodScript =
    R"(await db.collection('sessions').deleteMany({ expires: { $lt: new Date('2024-01-01') } });)";
inline constexpr std::string_view kFilterBadYaml =
    R"(- delete: sessions
  where: {})";
inline constexpr std::string_view kFilterGoodYaml =
    R"(- delete: sessions
  where: { expires: { $lt: { $date: "2024-01-01T00:00:00Z" } } })";

inline constexpr std::string_view kSkipMeaning =
    R"(A script reads page after page with skip: in a loop or by a number that is computed, or with a $skip stage.)";
inline constexpr std::string_view kSkipWhy =
    R"(The server walks over every document that it skips, so the last page costs as much as the whole collection and all
pages together the square of it. Without a sort there is no order that pages could rely on, and documents that the
migration's own writes move or take out of the filter shift the next page: some are never seen.)";
inline constexpr std::string_view kSkipBadScript =
    R"(for (let page = 0; page < pages; page++) {
  const docs = await users.find(filter).skip(page * 1000).limit(1000).toArray();)";
inline constexpr std::string_view kSkipGoodScript =
    R"(for await (const doc of users.find(filter)) …
// or by key: find({ ...filter, _id: { $gt: last } }).sort({ _id: 1 }).limit(1000))";

inline constexpr std::string_view kDownMeaning =
    R"(A script has no down(), or one that does nothing; a document migration has journal: false and no revert(); a YAML
step says `irreversible: true` and there is no `down:`. For your information: some changes have no way back.)";
inline constexpr std::string_view kDownWhy =
    R"(MongoDB has no undo. Without a down() or a journal the only way back is a backup, with everything that was written
since lost.)";
inline constexpr std::string_view kDownBadScript =
    R"(module.exports = {
  async up(db) { await db.collection('users').createIndex({ email: 1 }); },
};)";
inline constexpr std::string_view kDownGoodScript =
    R"(module.exports = {
  async up(db) { await db.collection('users').createIndex({ email: 1 }); },
  async down(db) { await db.collection('users').dropIndex('email_1'); },
};)";
inline constexpr std::string_view kDownBadYaml =
    R"(- update: users
  journal: off
  irreversible: true
  where: { migrated: { $ne: true } }
  with: { $set: { migrated: true } })";
inline constexpr std::string_view kDownGoodYaml =
    R"(- update: users             # the journal keeps what each document was
  where: { migrated: { $ne: true } }
  with: { $set: { migrated: true } })";

inline constexpr std::string_view kIndexMeaning =
    R"(The server reads the whole collection (COLLSCAN) for the `where` of a YAML step or document migration, and the
collection has more than 10,000 documents. Asked with explain, queryPlanner; nothing is run.)";
inline constexpr std::string_view kIndexWhy =
    R"(`up` goes along _id, once for the documents and once for what was written meanwhile, whatever indexes there are. But
`plan`, `test`, `rehearse` and `verify` ask for what matches `where`, and each time the server reads the whole collection
and pushes what the application needs out of its cache. An index need not stay: the last step of the migration may drop
it.)";
inline constexpr std::string_view kIndexBadScript =
    R"(module.exports = { collection: 'users', where: { migrated: { $ne: true } }, transform };)";
inline constexpr std::string_view kIndexGoodScript =
    R"(// in a migration before it:
await db.collection('users').createIndex({ migrated: 1 });)";
inline constexpr std::string_view kIndexBadYaml =
    R"(- update: users
  where: { migrated: { $ne: true } })";
inline constexpr std::string_view kIndexGoodYaml =
    R"(- createIndexes: users
  indexes: [ { key: { migrated: 1 } } ]
- update: users
  where: { migrated: { $ne: true } })";

inline constexpr std::string_view kBuildMeaning =
    R"(An index is built on a collection that has more than 1,000,000 documents.)";
inline constexpr std::string_view kBuildWhy =
    R"(Since MongoDB 4.2 a build blocks the collection only at its start and end, but it reads every document, sorts the keys
on disk beyond 200 MB of memory, competes for the cache, and on a replica set is committed only when all voting members
have built it. Do it in a quiet hour, watch replication lag, and say in the file why it is all right.)";
inline constexpr std::string_view kBuildBadScript =
    R"(await db.collection('events').createIndex({ user: 1 });)";
inline constexpr std::string_view kBuildGoodScript =
    R"(// whimbrel: allow W006 built in the maintenance window, 40 minutes on staging
await db.collection('events').createIndex({ user: 1 });)";
inline constexpr std::string_view kBuildBadYaml =
    R"(- createIndexes: events
  indexes: [ { key: { user: 1 } } ])";
inline constexpr std::string_view kBuildGoodYaml =
    R"(# whimbrel: allow W006 built in the maintenance window, 40 minutes on staging
- createIndexes: events
  indexes: [ { key: { user: 1 } } ])";

inline constexpr std::string_view kDropMeaning =
    R"(A collection or the database is dropped, and nothing keeps its documents. Not told of a collection that the same file
creates.)";
inline constexpr std::string_view kDropWhy =
    R"(A drop is one entry in the oplog: it reaches every secondary at once, it is in no journal, and `down` cannot bring it
back. Rename the collection first, and drop it a release later; or make a backup, and say so.)";
inline constexpr std::string_view kDropBadScript = R"(await db.collection('old_users').drop();)";
inline constexpr std::string_view kDropGoodScript =
    R"(await db.collection('old_users').rename('old_users_until_2025');)";
inline constexpr std::string_view kDropBadYaml =
    R"(- dropCollection: old_users
  irreversible: true)";
inline constexpr std::string_view kDropGoodYaml =
    R"(- renameCollection: old_users
  to: old_users_until_2025)";

inline constexpr std::string_view kAwaitMeaning =
    R"(A call of the driver gives a promise that is neither awaited, returned nor kept; or an async function is given to
forEach, or to map without Promise.all. `void` in front of the call says that it is meant so.)";
inline constexpr std::string_view kAwaitWhy =
    R"(up() is done when its own promise is: whimbrel then records the migration as applied and closes the connection while
the calls are still under way. Their errors reach nobody, and end Node. Array.forEach and the driver's cursor.forEach both
ignore what their function returns; in a loop without await thousands of writes wait in memory at once.)";
inline constexpr std::string_view kAwaitBadScript =
    R"(users.forEach(async (user) => { await collection.updateOne({ _id: user._id }, change); });
collection.createIndex({ email: 1 });)";
inline constexpr std::string_view kAwaitGoodScript =
    R"(for (const user of users) await collection.updateOne({ _id: user._id }, change);
await collection.createIndex({ email: 1 });)";

inline constexpr std::string_view kMemoryMeaning =
    R"(find(…).toArray() without limit(…), other than by _id.)";
inline constexpr std::string_view kMemoryWhy =
    R"(Every document that matches is kept as JavaScript objects, several times its size as BSON; Node's heap ends at 2 to 4 GB
and takes the script with it, half done. It works on a development database and fails on the real one.)";
inline constexpr std::string_view kMemoryBadScript =
    R"(const users = await db.collection('users').find({}).toArray();
for (const user of users) …)";
inline constexpr std::string_view kMemoryGoodScript =
    R"(for await (const user of db.collection('users').find({})) …)";

inline constexpr std::string_view kSameFieldMeaning =
    R"(Two migrations that are both pending write to the same field of the same collection. YAML exactly; scripts where
collection and update are literals.)";
inline constexpr std::string_view kSameFieldWhy =
    R"(They run one after the other, in the order of their names: the second sees what the first has made. Where both mark
finished documents by the same field, as in { migrated: true }, the second finds nothing left to do. Two branches that
were merged lately often look so.)";
inline constexpr std::string_view kSameFieldBadScript =
    R"(// 20240101-names.js:  updateMany({ migrated: { $ne: true } }, { $set: { …, migrated: true } })
// 20240102-emails.js: updateMany({ migrated: { $ne: true } }, { $set: { …, migrated: true } }))";
inline constexpr std::string_view kSameFieldGoodScript =
    R"(// 20240102-emails.js: updateMany({ emailsDone: { $ne: true } }, { $set: { …, emailsDone: true } }))";
inline constexpr std::string_view kSameFieldBadYaml =
    R"(- update: users            # and the same `migrated` in another pending file
  where: { migrated: { $ne: true } }
  with: [ { $set: { email: { $toLower: $email }, migrated: true } } ])";
inline constexpr std::string_view kSameFieldGoodYaml =
    R"(- update: users
  where: { emailsDone: { $ne: true } }
  with: [ { $set: { email: { $toLower: $email }, emailsDone: true } } ])";

inline constexpr std::string_view kServerScriptMeaning =
    R"(A filter has $where, or an expression $function or $accumulator.)";
inline constexpr std::string_view kServerScriptWhy =
    R"(The server starts a JavaScript engine for it and asks it about each document; no index can help. It is switched off on
many servers (security.javascriptEnabled: false), is not there on Atlas' smaller tiers, and is deprecated since
MongoDB 8.0. whimbrel cannot repeat it either: its journal keeps more for such a step.)";
inline constexpr std::string_view kServerScriptBadScript =
    R"(await users.updateMany({ $where: 'this.a > this.b' }, change);)";
inline constexpr std::string_view kServerScriptGoodScript =
    R"(await users.updateMany({ $expr: { $gt: ['$a', '$b'] } }, change);)";
inline constexpr std::string_view kServerScriptBadYaml = R"(where: { $where: "this.a > this.b" })";
inline constexpr std::string_view kServerScriptGoodYaml =
    R"(where: { $expr: { $gt: [ $a, $b ] } })";

inline constexpr std::string_view kSyntaxMeaning =
    R"(The file is no JavaScript or TypeScript; the message names the place.)";
inline constexpr std::string_view kSyntaxWhy =
    R"(`up` loads every pending file before it touches anything, and refuses to start. A YAML file that cannot be loaded is
an error of `lint` itself, with exit code 65, as it is of `plan` and `up`.)";

inline constexpr std::string_view kReasonMeaning =
    R"(A comment `whimbrel: allow CODE` says no reason, or names no rule that there is. It suppresses nothing.)";
inline constexpr std::string_view kReasonWhy =
    R"(A year later nobody knows whether somebody thought about it; the reason is what a reviewer needs.)";
inline constexpr std::string_view kReasonBadScript = R"(// whimbrel: allow W009)";
inline constexpr std::string_view kReasonGoodScript =
    R"(// whimbrel: allow W009 a few hundred plans, there are never more)";
inline constexpr std::string_view kReasonBadYaml = R"(# whimbrel: allow W007)";
inline constexpr std::string_view kReasonGoodYaml =
    R"(# whimbrel: allow W007 exported to the archive on 2024-05-01)";

inline constexpr std::string_view kNothingMeaning =
    R"(A comment `whimbrel: allow CODE reason` stands where that rule finds nothing. Not told of W005, W006 and W010, which
depend on the database.)";
inline constexpr std::string_view kNothingWhy =
    R"(It would hide the next finding there, which nobody has thought about.)";

}  // namespace whimbrel::rule_text
