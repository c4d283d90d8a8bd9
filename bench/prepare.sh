# Sourced by bench/run and bench/live: installs what is missing and builds the release.
# Sets `python` and WHIMBREL_MONGOD, and goes to the repository.
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

command -v node > /dev/null && command -v npm > /dev/null || ensure_packages nodejs npm
ensure_packages "${build_packages[@]}" python3 python3-pip python3-venv
WHIMBREL_MONGOD=$(find_mongod)
python=$(find_python)
export WHIMBREL_MONGOD

cd "$repository"
if [ ! -d bench/node_modules/mongodb ]; then
  say "Installing the Node driver for the peers"
  (cd bench && npm ci --silent --no-audit --no-fund) >&2
fi
cmake --preset release > /dev/null
cmake --build --preset release --target whimbrel-cli users-generator application >&2
