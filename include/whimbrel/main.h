// whimbrel's command line as a function, for programs that link it.
#pragma once

namespace whimbrel {

/// Runs one whimbrel command and returns its exit code (`whimbrel help exit-codes`). Installs handlers for
/// SIGINT and SIGTERM; call it once, from the main thread.
int main(int argc, char** argv);

}  // namespace whimbrel
