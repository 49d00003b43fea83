#!/bin/sh
# First program of the box: waits until the wall has proved itself, lays out HOME, then becomes the agent.
set -u
# As first process it would not hear them; what follows `exec` has its own way again.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
fail() {
  echo "paude: $1" >&2
  exit 125
}
# In the background the answer is kept byte for byte; engines' logs cut long lines and mend what is no UTF-8.
[ ! -e /paude/out/stdout ] || exec >/paude/out/stdout 2>/paude/out/stderr
[ ! -e /paude/seed/mounts.sh ] || . /paude/seed/mounts.sh
if [ "${PAUDE_WALL-}" = 1 ]; then
  tries=0
  until [ -e /paude/link/ready ]; do
    [ ! -e /paude/link/failed ] || fail "the wall did not hold: $(cat /paude/link/failed)"
    tries=$((tries + 1))
    [ "$tries" -lt 900 ] || fail 'the proxy did not answer in time'
    sleep 0.02
  done
fi
# What the agent finds in a HOME without it: a line each, its name here and its place there.
if [ -e /paude/seed/home.list ]; then
  while read -r name place; do
    case $place in */*) mkdir -p "$HOME/${place%/*}" ;; esac
    [ -e "$HOME/$place" ] || cp "/paude/seed/$name" "$HOME/$place"
  done </paude/seed/home.list 2>/dev/null
fi
[ ! -e /paude/seed/lifecycle.sh ] || . /paude/seed/lifecycle.sh
# Events bear seconds since boot, which a shell can read without a program; this line tells the host what they mean.
if [ -e /paude/out/events ]; then
  read -r up _ </proc/uptime
  printf '\n%s start %s\t\n' "${up-}" "$(date +%s)" >>/paude/out/events
fi 2>/dev/null
. /paude/seed/command.sh
case $1 in
*/*) ;;
*) command -v "$1" >/dev/null || { echo "paude: $1 was not found in the box" >&2 && exit 127; } ;;
esac
[ "${PAUDE_INIT-}" != image ] || ! command -v tini >/dev/null 2>&1 || set -- tini -- "$@"
unset PAUDE_WALL PAUDE_INIT
exec "$@"
