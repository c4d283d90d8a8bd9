// SIGHUP as log rotation sends it.
#pragma once

namespace whimbrel {

/// From here on SIGHUP is counted instead of ending the process; unless a terminal is connected,
/// which sends it when it goes away, or somebody (nohup) has the process ignore it.
void count_hangups();
/// How many came. Thread-safe.
int hangups();

}  // namespace whimbrel
