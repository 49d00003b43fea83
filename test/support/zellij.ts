/**
 * zellij 0.45.1 in sh, as far as paude calls it, by what the real one did. What paude never calls is refused. A session is a program with
 * a terminal's process group, and `screen` what it printed; nothing can be typed.
 */
export const ZELLIJ = `#!/bin/sh
die() { echo "$2" >&2; exit "$1"; }
[ "$#" != 1 ] || [ "$1" != --version ] || { echo "zellij \${FAKE_ZELLIJ_VERSION:-0.45.1}"; exit 0; }
for name in ZELLIJ_SOCKET_DIR ZELLIJ_CONFIG_DIR XDG_CACHE_HOME; do
  eval "value=\\\${$name-}"
  case $value in */paude-??????/*) ;; *) die 9 "fake: $name is not private: $value" ;; esac
done
[ -z "\${ZELLIJ-}\${ZELLIJ_SESSION_NAME-}\${ZELLIJ_CONFIG_FILE-}" ] || die 9 'fake: inside of another session'
[ -e "$ZELLIJ_CONFIG_DIR/config.kdl" ] || die 9 'fake: no configuration'
sockets=$ZELLIJ_SOCKET_DIR/contract_version_1
[ "\${FAKE_ZELLIJ_HANGS-}" != "$*" ] || exec sleep 1000
case "$1 $3 $4" in
'--new-session-with-layout attach --create-background')
  [ "$#" = 5 ] && [ -e "$2" ] || die 1 'IoError: No such file or directory (os error 2)'
  name=$5 place=$sockets/$5
  [ ! -e "$place" ] || die 1 'Session already exists'
  script=$(sed -n 's/^ *args "\\([^"]*\\)" "pane" "\\([^"]*\\)"$/\\1/p' "$2")
  [ -n "$script" ] || die 1 '  × Failed to parse Zellij configuration'
  mkdir -p "$place" && mkfifo "$place/in"
  # Panes come after the answer.
  (
    sleep 0.05
    ZELLIJ=0 ZELLIJ_PANE_ID=0 ZELLIJ_SESSION_NAME=$name exec setsid sh -c 'echo $$ >"$1/group"; shift; exec "$@"' sh "$place" /bin/sh "$script" pane "$name" <>"$place/in" >"$place/screen" 2>&1
  ) </dev/null >/dev/null 2>&1 &
  ;;
'delete-session  ' | 'delete-session '*)
  [ "$#" = 3 ] && [ "$2" = --force ] || die 2 'fake: unknown words'
  place=$sockets/$3
  [ -e "$place" ] || die 2 "Session: \\"$3\\" not found."
  echo "Session: \\"$3\\" successfully deleted."
  trap '' HUP
  [ ! -e "$place/group" ] || kill -s HUP "-$(cat "$place/group")" 2>/dev/null
  rm -rf "$place"
  ;;
'attach '*)
  [ "$#" = 2 ] || die 2 'fake: unknown words'
  [ -t 0 ] || die 101 "thread 'main' panicked"
  place=$sockets/$2
  [ -e "$place" ] || die 1 "No session with the name '$2' found!"
  echo painted
  tail -f "$place/screen" &
  while [ -e "$place" ]; do sleep 0.05; done
  kill $(jobs -p) 2>/dev/null
  echo 'Bye from Zellij!'
  ;;
*) die 2 "error: unexpected argument '$1' found" ;;
esac
`
