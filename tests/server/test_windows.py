"""Windows: a run works inside them only, pauses before one closes, and goes on in the next."""
import datetime

from support.steered import SteeredTest
from support.testcase import on_either, wait_until


def window(project, opens, closes, zone="UTC"):
    """A window by the server's clock, seconds from now; the zone has no daylight saving."""
    hours = {"UTC": 0, "Asia/Tokyo": 9, "America/Phoenix": -7}[zone]
    now = project.db.command("hello")["localTime"] + datetime.timedelta(hours=hours)
    begin, end = (now + datetime.timedelta(seconds=s) for s in (opens, closes))
    return f"{begin:%H:%M:%S}-{end:%H:%M:%S} {zone}"


class WindowsTest(SteeredTest):
    @on_either
    def test_a_run_waits_for_its_window_and_says_when_it_opens(self, project):
        self.prepare(project)
        up = project.start("up", "--window", window(project, 6, 60, "Asia/Tokyo"))
        wait_until(lambda: self.steered(project).get("state") == "waiting", "it waits", 30)
        self.assertEqual(0, self.done(project))
        self.assertIn("Asia/Tokyo is closed, opens", self.steered(project)["reason"])
        result = up.wait()
        self.assertEqual(0, result.rc, str(result))
        self.assertMigratedOnce(project)
        self.assertSaid("running again after", result)

    @on_either
    def test_a_run_pauses_before_its_window_closes_and_goes_on_in_the_next(self, project):
        self.prepare(project)
        first, second = window(project, -5, 6, "America/Phoenix"), window(project, 11, 120, "America/Phoenix")
        closes = project.db.command("hello")["localTime"] + datetime.timedelta(seconds=6)
        project.db.command("profile", 2, filter={"ns": f"{project.db.name}.whimbrel_ranges"})
        up = project.start("up", "--window", first, "--window", second, "--max-rate", 300)
        wait_until(lambda: self.steered(project).get("state") == "waiting", "the window closes", 30)
        done = self.done(project)
        self.assertGreater(done, 0)
        self.assertLess(done, self.DOCS)
        last = max(e["ts"] for e in project.db.system.profile.find({"op": "update"}))
        self.assertLess(last, closes)
        wait_until(lambda: self.done(project) > done, "the next window", 30)
        project.ok("set", "throttle.maxRate=off")
        self.assertEqual(0, up.wait().rc)
        self.assertMigratedOnce(project)

    @on_either
    def test_with_no_wait_it_ends_with_4_at_the_end_of_a_window_and_outside_of_one(self, project):
        self.prepare(project)
        result = project.exits(4, "up", "--no-wait", "--window", window(project, 3600, 7200))
        self.assertSaid("the window has closed", result)
        self.assertEqual(0, self.done(project))
        self.assertEqual("pending", project.state(self.name))
        project.exits(4, "up", "--no-wait", "--window", window(project, -5, 5), "--max-rate", 200)
        self.assertGreater(self.done(project), 0)
        self.assertEqual("interrupted", project.state(self.name))
        project.ok("up", "--no-wait")
        self.assertMigratedOnce(project)

    @on_either
    def test_windows_of_the_configuration_hold_and_those_of_the_command_line_go_before_them(self, project):
        self.prepare(project, windows=[window(project, 3600, 7200)])
        self.assertSaid("the window has closed", project.exits(4, "up", "--no-wait"))
        project.ok("up", "--no-wait", "--window", window(project, -60, 600))
        self.assertMigratedOnce(project)
        # Who takes something back is in no mood to wait.
        project.ok("down")

    @on_either
    def test_a_date_that_is_excepted_is_no_window(self, project):
        self.prepare(project)
        today = project.db.command("hello")["localTime"]
        tomorrow = today + datetime.timedelta(days=1)
        blackout = f"except {today:%Y-%m-%d}..{tomorrow:%Y-%m-%d}"
        result = project.exits(4, "up", "--no-wait", "--window", "00:00-24:00", "--window", blackout)
        self.assertSaid("except", project.exits(4, "up", "--no-wait", "--window", blackout))
        self.assertEqual(0, self.done(project), str(result))

    @on_either
    def test_a_structural_step_waits_for_the_window_too(self, project):
        project.config()
        name = project.migration("index", {"createIndexes": "things", "indexes": [{"key": {"n": 1}}]})
        up = project.start("up", "--window", window(project, 5, 60))
        wait_until(lambda: self.steered(project).get("state") == "waiting", "it waits", 30)
        self.assertNotIn("things", project.db.list_collection_names())
        self.assertEqual(0, up.wait().rc)
        self.assertIn("n_1", project.db.things.index_information())
        self.assertEqual("applied", project.state(name))

    def test_windows_that_are_none_are_refused_with_line_and_column(self):
        project = self.project("standalone")
        project.config(windows=["22:00-06:00 Europe/Berlin", "nights"])
        self.assertSaid("'nights' is no window", project.exits(78, "status"))
        project.config(windows=["22:00-06:00 Mars/Olympus"])
        self.assertSaid("no time zone 'Mars/Olympus'", project.exits(78, "status"))
