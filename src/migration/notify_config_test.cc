#include <doctest/doctest.h>

#include "migration/notify_fields.h"

namespace whimbrel::migration {
namespace {

std::vector<Receiver> read(const std::string& yaml, std::string& problems) {
  ProblemList list("f");
  auto root = parse_yaml(yaml, list);
  if (root) check_notify(*root, "notify", list);
  auto receivers = root && list.empty() ? read_receivers(*root, list) : std::vector<Receiver>();
  for (const Problem& problem : list.take()) problems += problem.text() + "\n";
  return receivers;
}

Receiver one(const std::string& yaml) {
  std::string problems;
  auto receivers = read(yaml, problems);
  CAPTURE(problems);
  REQUIRE(receivers.size() == 1);
  return receivers.front();
}

TEST_CASE("a receiver hears of failed and finished unless `on` says otherwise") {
  Receiver plain = one("[ { webhook: 'https://example.com/x' } ]");
  CHECK(plain.wants(NotifyEvent::kFailed));
  CHECK(plain.wants(NotifyEvent::kFinished));
  CHECK_FALSE(plain.wants(NotifyEvent::kStarted));
  CHECK(plain.timeout.count() == 10'000);
  Receiver other = one("[ { command: [a, b], on: [started, quarantine], above: 5, timeout: 2s } ]");
  CHECK(other.wants(NotifyEvent::kQuarantine));
  CHECK_FALSE(other.wants(NotifyEvent::kFinished));
  CHECK(other.above == 5);
  CHECK(other.timeout.count() == 2000);
  CHECK(other.command == std::vector<std::string>{"a", "b"});
}

TEST_CASE("the format follows the host unless it is given") {
  using Format = Receiver::Format;
  auto format = [](const std::string& url, const std::string& more = "") {
    return one("[ { webhook: '" + url + "'" + more + " } ]").format;
  };
  CHECK(format("https://example.com/hooks.slack.com") == Format::kJson);
  CHECK(format("https://hooks.slack.com/services/T/B/x") == Format::kSlack);
  CHECK(format("https://hooks.slack.com.evil.example/x") == Format::kJson);
  CHECK(format("https://shop.webhook.office.com/webhookb2/x") == Format::kTeams);
  CHECK(format("https://prod-1.westeurope.logic.azure.com:443/workflows/x") == Format::kTeams);
  CHECK(format("http://127.0.0.1:1/x", ", format: slack") == Format::kSlack);
}

TEST_CASE("what is shown of a receiver holds no secret") {
  CHECK(one("[ { webhook: 'https://u:pw@example.com:8443/T/secret?k=s' } ]").shown() ==
        "webhook https://example.com:8443");
  CHECK(one("[ { command: '/opt/page.sh --token secret' } ]").shown() == "command page.sh");
  CHECK(one("[ { command: 'TOKEN=secret page' } ]").shown() == "command TOKEN");
  CHECK(one("[ { command: [/opt/page, secret] } ]").shown() == "command page");
  CHECK(one("[ { email: ops@example.com } ]").shown() == "email ops@example.com");
}

TEST_CASE("whatever is wrong is named with its place") {
  struct Bad {
    const char *yaml, *problem;
  };
  const Bad kCases[] = {
      {"{}", "f:1:1: notify must be a list of mappings"},
      {"[ x ]", "f:1:3: an item of notify must be a mapping"},
      {"[ { hook: x, email: a@b } ]", "f:1:5: unknown key 'hook' of notify"},
      {"[ { on: [failed] } ]", "f:1:3: an item of notify needs one of webhook, command, email"},
      {"[ { email: a@b, command: x } ]", "an item of notify has command and email"},
      {"[ { webhook: 'ftp://secret' } ]", "f:1:14: notify.webhook must start with https://"},
      {"[ { webhook: 'https://' } ]", "and name a host"},
      {"[ { webhook: 'https://a/secret b' } ]", "f:1:14: notify.webhook"},
      {"[ { webhook: 'http://a', format: xml } ]", "unknown notify.format 'xml'"},
      {"[ { command: x, format: json } ]", "f:1:17: notify.format is for webhooks alone"},
      {"[ { command: x, sendmail: y } ]", "notify.sendmail is for email alone"},
      {"[ { command: [] } ]", "notify.command must name a program"},
      {"[ { command: 5 } ]", "notify.command must be text"},
      {"[ { email: ops } ]", "notify.email must be one address"},
      {"[ { email: '-f@x' } ]", "notify.email must be one address"},
      {"[ { email: 'a@b, c@d' } ]", "notify.email must be one address"},
      {"[ { email: \"a@b\\nBcc: c@d\" } ]", "notify.email must be one address"},
      {"[ { email: a@b, on: [fails] } ]", "f:1:22: unknown event of notify.on 'fails'"},
      {"[ { email: a@b, on: [] } ]", "notify.on names no event"},
      {"[ { email: a@b, on: [failed, failed] } ]", "'failed' is in notify.on already"},
      {"[ { email: a@b, above: 5 } ]", "f:1:17: notify.above needs `on` with quarantine"},
      {"[ { email: a@b, on: [quarantine], above: -1 } ]", "notify.above must be"},
      {"[ { email: a@b, timeout: 5 } ]", "f:1:26: notify.timeout must be a duration"},
      {"[ { email: a@b, timeout: 11m } ]", "notify.timeout must be at most 10m"},
      {"[ { webhook: '${WHIMBREL_NOT_SET_1}' } ]", "f:1:14: notify needs the environment variable"},
      {"[ { command: [a, '${WHIMBREL_NOT_SET_1}'] } ]", "f:1:18: notify needs"},
      {"[ { webhook: '${WHIMBREL_NOT_SET_1:-secret}' } ]", "f:1:14: notify.webhook must start"},
  };
  for (const Bad& bad : kCases) {
    std::string problems;
    read(bad.yaml, problems);
    CAPTURE(bad.yaml);
    CAPTURE(problems);
    CHECK(problems.find(bad.problem) != std::string::npos);
    CHECK(problems.find("secret") == std::string::npos);
  }
}

TEST_CASE("${VAR} is filled in, and $${ stays what it means to a shell") {
  CHECK(one("[ { webhook: '${WHIMBREL_NOT_SET_1:-https://example.com}/x' } ]").address ==
        "https://example.com/x");
  CHECK(one("[ { command: 'echo $${HOME}' } ]").command.back() == "echo ${HOME}");
}

}  // namespace
}  // namespace whimbrel::migration
