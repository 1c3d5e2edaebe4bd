# Shared by the scripts of this folder: where dfer is, and one line for each check.
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dfer=${DFER_BINARY:-$root/.build/release/dfer}
[ -x "$dfer" ] || { echo "$dfer is missing: make build" >&2; exit 2; }
# A copy of the program is not in the package's tree: tell it where its weights are.
export DFER_HOME=${DFER_HOME:-$root}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failures=0

check() { # what, then a command that must succeed
  local what=$1
  shift
  checks=$((checks + 1))
  if "$@"; then echo "good $what"; else failures=$((failures + 1)); echo "BAD  $what"; fi
}

finish() {
  echo "$((checks - failures)) passed, $failures failed"
  [ "$failures" -eq 0 ]
}

# Puts a pseudo-random number below $1 into `picked`; the seed is kept in `state`, and so not in a subshell.
state=${SEED:-1}
random() {
  state=$(((state * 1103515245 + 12345) % 2147483648))
  picked=$((state / 7 % $1))
}
