limit=$1 grace=$2 late=
shift 2
# All programs of this session but this shell and the one that watches.
signal() {
  read -r own rest </proc/self/stat
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    set -- "$1" "${line%% *}" ${line##*) }
    [ "$6" = "$$" ] || [ "$4" = "$$" ] || continue
    [ "$2" = "$$" ] || [ "$2" = "$own" ] || kill -s "$1" "$2"
  done
}
trap late=1 USR1
trap : INT QUIT
{
  trap '' HUP
  trap 'kill "$!"; exit' TERM
  sleep "$limit" &
  wait "$!"
  kill -s USR1 "$$"
  signal TERM
  sleep "$grace" &
  wait "$!"
  signal KILL
} </dev/null >/dev/null 2>&1 &
watch=$!
(exec "$@")
code=$?
[ -z "$late" ] || exit 124
kill "$watch" 2>/dev/null
exit "$code"
