#include "base/process.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

namespace whimbrel {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string boot_and_namespace() {
  std::array<char, 128> target{};
  ssize_t size = readlink("/proc/self/ns/pid", target.data(), target.size() - 1);
  std::string name_space(target.data(), size > 0 ? static_cast<size_t>(size) : 0);
  std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  return boot.empty() || name_space.empty() ? "" : boot + " " + name_space;
}

/// Field 22 of /proc/PID/stat (proc(5)); 0 when there is no such process. Zombies count as gone.
int64_t start_ticks(int64_t pid) {
  std::string stat = first_line("/proc/" + std::to_string(pid) + "/stat");
  size_t after_name = stat.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(stat.substr(after_name + 1));
  std::string field;
  int64_t ticks = 0;
  for (int number = 3; number <= 22 && fields >> field; ++number) {
    if (number == 3 && (field == "Z" || field == "X")) return 0;
    if (number == 22) ticks = std::stoll(field);
  }
  return ticks;
}

}  // namespace

ProcessIdentity this_process() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const passwd* entry = getpwuid(geteuid());
  ProcessIdentity identity;
  identity.host = host.data();
  identity.user = entry ? entry->pw_name : std::to_string(geteuid());
  identity.pid = getpid();
  identity.boot = boot_and_namespace();
  identity.start = start_ticks(identity.pid);
  return identity;
}

bool is_known_dead(const ProcessIdentity& identity) {
  if (identity.boot.empty() || identity.boot != boot_and_namespace()) return false;
  return start_ticks(identity.pid) != identity.start;
}

}  // namespace whimbrel
