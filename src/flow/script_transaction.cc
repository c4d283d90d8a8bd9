#include "flow/script_transaction.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/retry.h"
#include "flow/script_step.h"
#include "mongo/error.h"
#include "mongo/forwarded_session.h"
#include "node/transaction.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;
using mongo::Document;
using mongo::make_document;
using node::Host;
using node::Patience;
using node::Reply;

constexpr int kMostAttempts = 5;
constexpr std::chrono::seconds kCommitPatience{60};
constexpr int kNotInTransactions = 263;
constexpr int64_t kUsualLifetime = 60;

/// How long the server lets a transaction live; the default where it does not tell.
int64_t lifetime_seconds(mongo::Client& client) {
  constexpr const char* kName = "transactionLifetimeLimitSeconds";
  auto reply = client.run("admin", make_document("getParameter", 1, kName, 1));
  return reply ? reply->view().get_int(kName, kUsualLifetime) : kUsualLifetime;
}

class ScriptTransaction {
 public:
  ScriptTransaction(const UpSetting& setting, const Migration& migration, Run& run, int index,
                    const std::function<Status(mongo::Session&)>& record)
      : setting_(setting), migration_(migration), run_(run), index_(index), record_(record) {}

  Status run() {
    // From here on nothing but the transaction writes into the run.
    state().strategy = to_text(Strategy::kTransaction);
    TRY(save_step(nullptr));
    TRY(Runs(project().client, project().database).mark_whole(run_.id));
    TRY(open_session());
    const Run before = run_;
    Waits waits({.patience = kCommitPatience});
    for (int number = 1;; ++number) {
      attempt_began_ = Clock::now();
      Status done = attempt();
      if (done || done.error().retry == Retry::kUnknownCommit) return done;
      run_ = before;
      end_attempt();
      bool again = done.error().retry != Retry::kNo && !scripts().host_died() &&
                   !too_old(done.error()) && number < kMostAttempts;
      if (!again) return explained(std::move(done).error());
      if (!waits.sleep(setting_.stop)) return setting_.stop.error();
    }
  }

 private:
  Project& project() { return setting_.project; }
  Scripts& scripts() { return *setting_.project.scripts; }
  StepState& state() { return run_.steps[static_cast<size_t>(index_)]; }
  const std::string& function() const {
    auto up = migration_.steps.size();
    auto at = static_cast<size_t>(index_);
    const Step& step = at < up ? migration_.steps[at] : migration_.down_steps[at - up];
    return std::get<ScriptStep>(step.body).function;
  }
  /// For what the server answers within seconds.
  Patience brief() const { return {.most = kCommitPatience, .stop = &setting_.stop}; }

  /// What the driver's labels say goes into the Error.
  Result<Reply> ask(const Scripts::Question& question, const Patience& patience) {
    auto reply = scripts().ask_of(migration_, question, patience);
    if (reply || !scripts().last_failure()) return reply;
    return node::transaction_error(*scripts().last_failure(), migration_.file);
  }

  Status open_session() {
    auto open = [](Host& host, const Patience&) { return node::open_session(host); };
    Reply reply = TRY(ask(open, brief()));
    if (reply.documents.empty()) return Error{ErrorKind::kBug, "the driver has no session"};
    lsid_ = Document(reply.documents[0].get_document("lsid"));
    return {};
  }

  /// A new host after one died has another driver, and no transaction.
  Result<Document> forward(std::string_view database, mongo::View command) {
    Document answer;
    auto run = [&](Host& host, const Patience& patience) -> Result<Reply> {
      answer = TRY(node::transaction_command(host, database, command, patience));
      return Reply{};
    };
    TRY(ask(run, brief()));
    return answer;
  }

  Status attempt() {
    auto session = TRY(mongo::forwarded_session(
        project().client, lsid_, [this](std::string_view database, mongo::View command) {
          return forward(database, command);
        }));
    auto say_waiting = [this] {
      setting_.reporter.say(
          "info", fmt::format("waiting for {}() of {} to end; Ctrl-C once more ends it at "
                              "once, and nothing of it stays",
                              function(), migration_.file));
    };
    bool sharded = project().client.server().topology == mongo::Server::Topology::kSharded;
    node::TransactionPlace place{project().database, project().config.changelog_collection,
                                 sharded ? "snapshot" : "local"};
    auto run = [&](Host& host, const Patience& patience) {
      return node::run_in_transaction(host, migration_.path, function(), place, patience);
    };
    TRY(ask(run, scripts().patience_with(setting_.stop, say_waiting)));
    state().progress = StepState::Progress::kDone;
    TRY(save_step(&session));
    TRY(record_(session));
    return commit();
  }

  Status save_step(mongo::Session* session) {
    return Runs(project().client, project().database)
        .save_step(run_, static_cast<size_t>(index_), session);
  }

  Status commit() {
    Waits waits({.patience = kCommitPatience});
    while (true) {
      auto done = ask(node::commit_transaction, brief());
      if (done) return {};
      bool again = done.error().retry == Retry::kUnknownCommit && !scripts().host_died();
      if (!again || waits.over()) return settle(std::move(done).error());
      (void)waits.sleep(Stop());
    }
  }

  /// The commit has failed, and may have happened all the same. When this returns, what the server
  /// says is final: a transaction of that session can no longer commit.
  Status settle(Error error) {
    end_attempt();
    auto ended = [&] { return mongo::kill_sessions(project().client, {lsid_}); };
    Status known = retry_transient(Stop(), ended, {.patience = kCommitPatience});
    // A majority has whatever came before this.
    if (known) known = setting_.lock.assert_held(project().client, nullptr);
    auto run = known ? Runs(project().client, project().database).read_one(run_.id)
                     : Result<std::optional<Run>>(std::move(known).error());
    if (!run) return unknown(run.error());
    if (*run && (*run)->state == run_.state) return {};
    if (error.retry == Retry::kUnknownCommit) error.retry = Retry::kTransient;
    return error;
  }

  Error unknown(const Error& error) const {
    Error lost{error.kind,
               fmt::format("{}: its transaction was about to be committed, and the server does not "
                           "say whether it was: {}",
                           migration_.file, error.message),
               "whimbrel status; what was not committed left nothing behind"};
    lost.retry = Retry::kUnknownCommit;
    return lost;
  }

  /// What is left of it would keep its documents locked for a minute.
  void end_attempt() {
    if (!scripts().host_died()) (void)ask(node::abort_transaction, brief());
    if (scripts().host_died()) (void)mongo::kill_sessions(project().client, {lsid_});
  }

  bool too_old(const Error& error) {
    auto lived = Clock::now() - attempt_began_;
    return mongo::was_aborted(error) &&
           lived >= std::chrono::seconds(lifetime_seconds(project().client));
  }

  Error explained(Error error) {
    if (too_old(error)) {
      return Error{
          ErrorKind::kFailed,
          fmt::format("{}: {}() took longer than the {} s that the server lets a transaction live "
                      "(transactionLifetimeLimitSeconds); nothing of it was applied",
                      migration_.file, function(), lifetime_seconds(project().client)),
          "do less in one migration, raise that limit, or leave `transaction` out"};
    }
    if (error.server_code == kNotInTransactions)
      error.hint =
          "nothing of it was applied; put this into a migration of its own, without `transaction`";
    return std::move(error).or_hint("nothing of it was applied; mend it, then: whimbrel up");
  }

  const UpSetting& setting_;
  const Migration& migration_;
  Run& run_;
  int index_;
  const std::function<Status(mongo::Session&)>& record_;
  Document lsid_;
  Clock::time_point attempt_began_;
};

}  // namespace

bool is_transactional_script(const Migration& migration) {
  return migration.transaction && !migration.steps.empty() &&
         std::holds_alternative<ScriptStep>(migration.steps.front().body);
}

Status run_script_transaction(const UpSetting& setting, const Migration& migration, Run& run,
                              int index, const std::function<Status(mongo::Session&)>& record) {
  return ScriptTransaction(setting, migration, run, index, record).run();
}

}  // namespace whimbrel
