"""`notify:` tells webhooks, commands and people what a run does, and never holds it up."""
import json
import os
import socket
import stat
import time

from support.process import alive
from support.receiver import WebhookServer
from support.testcase import ServerTest, on, on_either, wait_until

STEP = {"update": "things", "where": {"m": {"$exists": False}}, "with": [{"$set": {"m": {"$add": ["$n", 1]}}}]}
ALL = ["started", "paused", "resumed", "failed", "finished", "quarantine"]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class NotifyTest(ServerTest):
    def receiver(self, *answers, **keys):
        server = WebhookServer(*answers, **keys)
        self.addCleanup(server.stop)
        return server

    def filled(self, project, *receivers, count=30, bad=0, **keys):
        project.config(notify=list(receivers), **keys)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(count)])
        for k in range(bad):
            project.db.things.update_one({"_id": k}, {"$set": {"n": "text"}})
        return project.migration("change", STEP)

    def log(self, project):
        newest = max((project.root / "logs").iterdir(), key=lambda path: path.stat().st_mtime)
        return newest.read_text()

    @on_either
    def test_a_run_is_told_from_its_start_to_its_end(self, project):
        hook = self.receiver()
        file = self.filled(project, {"webhook": hook.url(), "on": ALL})
        project.ok("up")
        self.assertEqual(["started", "finished"], hook.events())
        started, finished = (request.json for request in hook.requests)
        self.assertEqual((1, project.db.name, None, "up"),
                         tuple(finished[key] for key in ("schema", "database", "environment", "command")))
        self.assertEqual(([file], None), (started["migrations"], started["exit"]))
        self.assertEqual(([file], 0), (finished["migrations"], finished["exit"]))
        documents = finished["documents"]
        self.assertEqual((30, 30, 0), tuple(documents[key] for key in ("scanned", "modified", "quarantined")))
        self.assertIn("1 migration done; 30 documents processed, 30 modified", finished["message"])
        self.assertRegex(finished["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(socket.gethostname(), finished["host"])
        self.assertGreater(finished["seconds"], 0)
        self.assertIn(finished["run"], finished["logFile"])
        self.assertNotEqual(started["idempotencyKey"], finished["idempotencyKey"])
        for request in hook.requests:
            self.assertEqual(request.json["idempotencyKey"], request.headers["Idempotency-Key"])
            self.assertEqual("application/json", request.headers["Content-Type"])

    @on_either
    def test_nothing_to_do_is_no_news(self, project):
        hook = self.receiver()
        self.filled(project, {"webhook": hook.url(), "on": ALL})
        project.ok("up")
        del hook.requests[:]
        project.ok("up")
        self.assertEqual([], hook.events())
        project.ok("down")
        self.assertEqual(["started", "finished"], hook.events())
        self.assertEqual("down", hook.requests[1].json["command"])

    @on_either
    def test_a_failed_run_says_why(self, project):
        hook, other = self.receiver(), self.receiver()
        self.filled(project, {"webhook": hook.url()}, {"webhook": other.url(), "on": ["finished"]}, bad=1)
        project.exits(1, "up")
        self.assertEqual(["failed"], hook.events())
        event = hook.requests[0].json
        self.assertEqual(1, event["exit"])
        self.assertIn("$add", event["message"])
        self.assertEqual([], other.events())

    @on_either
    def test_a_lock_held_by_another_is_told(self, project):
        hook = self.receiver()
        self.filled(project, {"webhook": hook.url()})
        project.db.changelog_lock.insert_one({"createdAt": time.time()})
        project.exits(75, "up")
        self.assertEqual([75], [request.json["exit"] for request in hook.requests])
        self.assertEqual(project.db.name, hook.requests[0].json["database"])

    @on_either
    def test_quarantine_is_told_once_and_above_its_number(self, project):
        low, high = self.receiver(), self.receiver()
        self.filled(project, {"webhook": low.url(), "on": ["quarantine"], "above": 2},
                    {"webhook": high.url(), "on": ["quarantine"], "above": 3}, bad=3, engine={"maxErrors": 10})
        project.exits(3, "up")
        self.assertEqual(["quarantine"], low.events())
        self.assertEqual(3, low.requests[0].json["documents"]["quarantined"])
        self.assertEqual([], high.events())

    @on("standalone")
    def test_slack_gets_one_escaped_text(self, project):
        hook = self.receiver()
        self.filled(project, {"webhook": hook.url(), "format": "slack"}, environments={"a<b": {}})
        project.ok("up", "-e", "a<b")
        body = hook.requests[0].json
        self.assertEqual(["text"], list(body))
        self.assertIn(f"*whimbrel up finished on {project.db.name} (a&lt;b)*\n1 migration done;", body["text"])
        self.assertIn("Documents: 30 processed, 30 modified, 0 in quarantine", body["text"])

    @on("standalone")
    def test_teams_gets_an_adaptive_card(self, project):
        hook = self.receiver()
        self.filled(project, {"webhook": hook.url(), "format": "teams"})
        project.ok("up")
        body = hook.requests[0].json
        self.assertEqual("message", body["type"])
        attachment, = body["attachments"]
        self.assertEqual("application/vnd.microsoft.card.adaptive", attachment["contentType"])
        card = attachment["content"]
        self.assertEqual(("AdaptiveCard", "1.4"), (card["type"], card["version"]))
        title, message, facts = card["body"]
        self.assertEqual(f"whimbrel up finished on {project.db.name}", title["text"])
        self.assertIn("1 migration done", message["text"])
        self.assertIn({"title": "Exit code", "value": "0"}, facts["facts"])

    @on("standalone")
    def test_a_refusal_that_may_pass_is_tried_again_with_the_same_key(self, project):
        hook = self.receiver(500, 503)
        self.filled(project, {"webhook": hook.url()})
        result = project.ok("up")
        self.assertEqual(["finished"] * 3, hook.events())
        self.assertEqual(1, len({request.headers["Idempotency-Key"] for request in hook.requests}))
        self.assertNotIn("warning", result.err)

    @on("standalone")
    def test_a_refusal_that_stays_is_said_once_and_is_no_failure(self, project):
        for answer in (400, 302):
            project.empty()
            hook = self.receiver(*[answer] * 9, body="no such hook /secret-path?token=s3cret")
            self.filled(project, {"webhook": hook.url("/secret-path?token=s3cret")})
            result = project.ok("up")
            self.assertEqual(1, len(hook.requests), "neither repeated nor followed")
            self.assertIn(f"warning: webhook {hook.host} was not told `finished`: HTTP {answer}", result.err)
            self.assertIn(f"was not told `finished`: HTTP {answer}", self.log(project))
            for text in (result.err, result.out, self.log(project)):
                self.assertNotIn("secret-path", text)
                self.assertNotIn("s3cret", text)
            project.ok("down")

    @on("standalone")
    def test_a_receiver_that_is_not_there_is_said_to_be_so(self, project):
        port = free_port()
        self.filled(project, {"webhook": f"http://user:pa55@127.0.0.1:{port}/secret", "timeout": "2s"})
        begun = time.monotonic()
        result = project.ok("up")
        self.assertLess(time.monotonic() - begun, 10)
        self.assertIn(f"warning: webhook http://127.0.0.1:{port} was not told `finished`: ", result.err)
        self.assertNotIn("pa55", result.err + self.log(project))
        self.assertNotIn("secret", result.err + self.log(project))

    @on_either
    def test_a_receiver_that_hangs_holds_nothing_up(self, project):
        slow, quick = self.receiver(*["hang"] * 99), self.receiver()
        self.filled(project, {"webhook": slow.url(), "on": ALL, "timeout": "3s"}, {"webhook": quick.url(), "on": ALL},
                    count=3000)
        begun = time.monotonic()
        running = project.start("up", "-o", "ndjson")
        out = project.root / ".out0"
        wait_until(lambda: '"type":"summary"' in out.read_text() or not running.alive, "the summary")
        told = time.monotonic() - begun
        self.assertTrue(running.alive, "it waits for the receiver after the summary")
        result = running.wait(30)
        ended = time.monotonic() - begun
        self.assertEqual(0, result.rc)
        self.assertEqual(["started", "finished"], quick.events())
        self.assertLess(ended - told, 4, "it waits for one timeout at most")
        self.assertEqual("summary", result.events()[-1]["type"])
        self.assertIn("was not told `started`", result.err)
        self.assertIn("was not told `finished`", result.err)
        self.assertIn("was not told `finished`", self.log(project))

    @on("standalone")
    def test_a_command_gets_the_event_on_its_standard_input(self, project):
        script = "cat > got.json; echo $WHIMBREL_EVENT $${UNSET:-unset} > words"
        self.filled(project, {"command": script}, {"command": ["tee", "got.argv"]})
        project.ok("up")
        event = json.loads((project.root / "got.json").read_text())
        self.assertEqual(("finished", 30), (event["event"], event["documents"]["modified"]))
        self.assertEqual("finished unset\n", (project.root / "words").read_text())
        self.assertEqual(event["run"], json.loads((project.root / "got.argv").read_text())["run"])

    @on("standalone")
    def test_a_command_that_fails_or_hangs_is_said_and_ended(self, project):
        pid = project.root / "pid"
        self.filled(project, {"command": "echo broken; exit 7"}, {"command": ["no-such-program", "token"]},
                    {"command": f"sleep 600 & echo $! > {pid}; wait", "timeout": "1s"})
        result = project.ok("up")
        self.assertIn("command echo was not told `finished`: exit 7: broken", result.err)
        self.assertIn("command no-such-program was not told `finished`: cannot start", result.err)
        self.assertIn("command sleep was not told `finished`: was killed", result.err)
        self.assertNotIn("token", result.err)
        child = int(pid.read_text())
        wait_until(lambda: not alive(child), "its whole group is killed")

    @on("standalone")
    def test_a_command_that_asks_for_it_is_run_again(self, project):
        script = "n=$(cat n || echo 0); echo $((n + 1)) > n; cat >> keys; [ $n -ge 2 ] || exit 75"
        self.filled(project, {"command": script})
        self.assertNotIn("was not told", project.ok("up").err)
        events = [json.loads(line) for line in (project.root / "keys").read_text().splitlines()]
        self.assertEqual(3, len(events))
        self.assertEqual(1, len({event["idempotencyKey"] for event in events}))

    @on("standalone")
    def test_mail_goes_through_sendmail(self, project):
        sendmail = project.root / "sendmail"
        sendmail.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/args"\ncat > "$(dirname "$0")/mail"\n')
        sendmail.chmod(sendmail.stat().st_mode | stat.S_IXUSR)
        self.filled(project, {"email": "ops@example.com", "sendmail": str(sendmail)}, environments={"größe": {}})
        project.ok("up", "-e", "größe")
        self.assertEqual("-i ops@example.com\n", (project.root / "args").read_text())
        head, _, body = (project.root / "mail").read_text().partition("\n\n")
        self.assertIn("To: ops@example.com\nSubject: =?UTF-8?B?", head)
        self.assertTrue(head.isascii())
        self.assertIn("1 migration done; 30 documents processed", body)

    @on("standalone")
    def test_no_password_is_told(self, project):
        hook = self.receiver()
        uri = project.uri.replace("mongodb://", "mongodb://someone:pa55word@", 1)
        self.filled(project, {"webhook": hook.url(), "on": ALL}, bad=1)
        step = {"update": "things", "where": {"n": "pa55word"}, "with": [{"$set": {"m": {"$add": ["$n", 1]}}}]}
        project.migration("more", step)
        project.db.things.update_one({"_id": 1}, {"$set": {"n": "pa55word"}})
        result = project.run("up", "--uri", uri)
        self.assertNotEqual(0, result.rc)
        for request in hook.requests:
            self.assertNotIn(b"pa55word", request.body)

    @on("standalone")
    def test_notify_test_tells_what_each_answered(self, project):
        good, bad = self.receiver(), self.receiver(500, body="out of order")
        project.config(notify=[{"webhook": good.url("/secret")}, {"webhook": bad.url()},
                               {"command": "read -r line; echo seen"}])
        result = project.exits(1, "notify", "test")
        self.assertIn(f"ok      webhook {good.host}: HTTP 200: ok", result.out)
        self.assertIn(f"failed  webhook {bad.host}: HTTP 500: out of order", result.out)
        self.assertIn("ok      command read: exit 0: seen", result.out)
        self.assertNotIn("secret", result.out + result.err)
        event = good.requests[0].json
        self.assertEqual(("finished", True), (event["event"], event["test"]))
        project.exits(0, "notify", "test", "--event", "quarantine")
        self.assertEqual("quarantine", good.requests[1].json["event"])
        rows = project.exits(0, "notify", "test", "-o", "json").json()["receivers"]
        self.assertEqual([True] * 3, [row["ok"] for row in rows])
        self.assertEqual("HTTP 200: ok", rows[0]["answer"])

    @on("standalone")
    def test_notify_test_refuses_what_makes_no_sense(self, project):
        self.assertIn("notify", project.exits(78, "notify", "test").err)
        project.config(notify=[{"command": "true"}])
        self.assertIn("did you mean 'finished'", project.exits(64, "notify", "test", "--event", "finishd").err)
        project.exits(64, "notify")
        project.exits(64, "notify", "tests")

    @on("standalone")
    def test_a_server_is_not_needed_to_try_a_receiver(self, project):
        project.config(mongodb={"uri": f"mongodb://127.0.0.1:{free_port()}", "database": "x"},
                       notify=[{"command": "true"}])
        project.ok("notify", "test")

    @on("standalone")
    def test_a_server_that_is_away_is_told(self, project):
        hook = self.receiver()
        project.config(mongodb={"uri": f"mongodb://a:pa55@127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=200",
                                "database": "x"}, notify=[{"webhook": hook.url()}])
        project.exits(69, "up")
        event, = (request.json for request in hook.requests)
        self.assertEqual(("failed", 69, "x"), tuple(event[key] for key in ("event", "exit", "database")))
        self.assertNotIn("pa55", json.dumps(event))
        project.exits(69, "status")
        self.assertEqual(1, len(hook.requests), "status tells nobody")

    @on("standalone")
    def test_wrong_words_are_refused_with_their_place(self, project):
        path = project.root / "whimbrel.yaml"
        head = f"mongodb: {{ uri: '{project.uri}', database: {project.db.name} }}\n"
        for text, said in (("notify: [ { webhok: x } ]", "whimbrel.yaml:2:13: unknown key 'webhok' of notify"),
                           ("notify: [ { webhook: 'file:///etc/passwd' } ]", ":2:22: notify.webhook must start"),
                           ("notify: [ { email: a@b, on: [done] } ]", ":2:30: unknown event of notify.on 'done'"),
                           ("environments: { p: { notify: [ { command: x, above: 1 } ] } }", ":2:46: notify.above")):
            path.write_text(head + text + "\n")
            self.assertIn(said, project.exits(78, "status").err)
        path.write_text(head + "notify: [ { webhook: '${NO_SUCH_URL}' } ]\n")
        project.ok("status")
        for command in (("up",), ("down",), ("notify", "test")):
            self.assertIn(":2:22: notify needs the environment variable NO_SUCH_URL", project.exits(78, *command).err)

    @on("standalone")
    def test_a_proxy_of_the_environment_is_obeyed(self, project):
        proxy = self.receiver()
        self.filled(project, {"webhook": "http://example.invalid/hook"})
        project.ok("up", env={"http_proxy": proxy.host, "no_proxy": ""})
        self.assertEqual(["finished"], proxy.events())
        self.assertEqual("http://example.invalid/hook", proxy.requests[0].path)

    @on("standalone")
    def test_the_checklist_knows_who_is_told(self, project):
        self.filled(project)
        item = self.items(project)["notify-team"]
        self.assertEqual(("open", False), (item["state"], item["measured"]))
        hook = self.receiver()
        project.config(notify=[{"webhook": hook.url("/secret"), "on": ["started", "finished"]}])
        item = self.items(project)["notify-team"]
        self.assertEqual(("done", True), (item["state"], item["measured"]))
        self.assertIn(f"webhook {hook.host}", item["evidence"])
        self.assertNotIn("secret", item["evidence"])
        self.assertEqual("later", self.items(project)["notify-done"]["state"])
        project.ok("up")
        self.assertEqual("done", self.items(project)["notify-done"]["state"])

    def items(self, project):
        found, = project.run("checklist", "-o", "json").json()["migrations"]
        return {item["item"]: item for item in found["items"]}

    @on("standalone")
    def test_migrate_mongo_tells_nobody(self, project):
        hook = self.receiver()
        self.filled(project, {"webhook": hook.url(), "on": ALL})
        (project.root / "migrate-mongo-config.js").write_text(
            "module.exports = { mongodb: { url: %s, databaseName: %s }, migrationsDir: 'other' };"
            % (json.dumps(project.uri), json.dumps(project.db.name)))
        os.mkdir(project.root / "other")
        project.run("--compat", "up")
        self.assertEqual([], hook.events())
