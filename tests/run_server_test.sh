#!/usr/bin/env bash
# Runs a Python module of the tests with the right Python and server:
#
#   tests/run_server_test.sh unittest -v server.test_down      one file
#   tests/run_server_test.sh unittest server.test_down.DownTest.test_…
#
# Without ctest a test starts its own servers and uses build/dev/whimbrel (or $WHIMBREL_BIN).
set -euo pipefail
. "$(dirname "$0")/../scripts/lib.sh"
WHIMBREL_MONGOD=$(find_mongod)
python=$(find_python)
export WHIMBREL_MONGOD
cd "$repository/tests"
exec "$python" -B -m "$@"
