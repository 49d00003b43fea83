#!/bin/sh
# What the first program of the box starts when the wall has proved itself: lays out HOME, then becomes the agent.
set -u
fail() {
  echo "paude: $1" >&2
  exit 125
}
[ ! -e /paude/seed/mounts.sh ] || . /paude/seed/mounts.sh
# The project's git configuration is a copy in the box, and this git can write it.
[ ! -d /paude/bin ] || [ -z "$(command -v git)" ] || export PATH="/paude/bin:$PATH"
# What the agent finds in a HOME without it: a line each, its name here and its place there.
if [ -e /paude/seed/home.list ]; then
  while read -r name place; do
    case $place in */*) mkdir -p "$HOME/${place%/*}" ;; esac
    [ -e "$HOME/$place" ] || cp "/paude/seed/$name" "$HOME/$place"
  done </paude/seed/home.list 2>/dev/null
fi
# Images of some languages keep what is fetched below a root that cannot be written to; HOME can.
for place in CARGO_HOME=.cargo GOPATH=go; do
  eval "given=\${${place%%=*}-}"
  if [ -d "$given" ] && ! [ -w "$given" ]; then
    export "${place%%=*}=$HOME/${place#*=}" "PATH=$PATH:$HOME/${place#*=}/bin"
  fi
done
[ ! -e /paude/seed/lifecycle.sh ] || . /paude/seed/lifecycle.sh
# Events bear seconds since boot, which a shell can read without a program; this line tells the host what they mean.
if [ -e /paude/out/events ]; then
  read -r up _ </proc/uptime
  printf '\n%s start %s\t\n' "${up-}" "$(date +%s)" >>/paude/out/events
fi 2>/dev/null
. /paude/seed/command.sh
case $1 in
*/*) ;;
*) command -v "$1" >/dev/null || { printf '%s\n' "paude: $1 was not found in the sandbox" '  → paude init, or add its Debian package to image.packages' >&2 && exit 127; } ;;
esac
exec "$@"
