#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234'
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/out
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/out'
: >/home/ada/.local/state/paude/sessions/paude-bcd234/out/conversation
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/out/conversation
: >/home/ada/.local/state/paude/sessions/paude-bcd234/out/events
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/out/events
install -m 0600 /dev/null /home/ada/.local/state/paude/sessions/paude-bcd234/kept.json
: >/home/ada/.local/state/paude/sessions/paude-bcd234/started
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/started
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/session.json <<'EOF'
{ "v": 1, "id": "paude-bcd234" }
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/session.json
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/zellij
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/zellij'
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh <<'EOF'
#!/bin/sh
# Everything that paude does with one session on zellij: session.sh VERB ID [SECONDS]. It lies in a private folder with
# all that belongs to the session: cache, config.kdl, layout.kdl, program (zellij), command.sh (the agent), go (a pipe),
# and pid, begun and code, which say how the agent stands. The sockets lie in z beside it, and zellij knows the session
# as paude: the path of a socket is short.
set -u
run=${0%/*} verb=$1 id=$2
sockets=${run%/*}/z name=paude
read -r zellij <"$run/program" || exit
# The small programs of this script are the system's, whatever a project has put into PATH.
yours=$PATH PATH=/usr/bin:/bin:$PATH

fail() {
  echo "paude: $1" >&2
  exit 1
}

# What tells a process from a later one with its number; nothing for one that is gone.
mark() {
  if [ -r /proc/self/stat ]; then
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    read -r boot </proc/sys/kernel/random/boot_id
    # Its name stands in brackets and may hold anything.
    set -- ${stat##*) }
    [ "$1" = Z ] || echo "$boot ${20}"
  else
    ps -o lstart= -p "$1" 2>/dev/null
  fi
}

# Whether what runs in the pane lives: its number, which is its group's too, is in $pid then.
alive() {
  [ -r "$run/pid" ] && read -r pid was <"$run/pid" && [ -n "$was" ] || return 1
  # The agent can write that file: a group of 1 would be everything that is yours.
  case $pid in 0* | 1 | *[!0-9]*) return 1 ;; esac
  [ "$was" = "$(mark "$pid")" ]
}

# zellij with a place of its own for everything. The user's sessions and configuration are not seen.
private() {
  unset ZELLIJ ZELLIJ_PANE_ID ZELLIJ_SESSION_NAME ZELLIJ_CONFIG_FILE
  export ZELLIJ_SOCKET_DIR="$sockets" ZELLIJ_CONFIG_DIR="$run" XDG_CACHE_HOME="$run/cache"
}

# A client that takes longer than ten seconds is ended.
limited() {
  "$@" >/dev/null 2>&1 </dev/null &
  client=$!
  (
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    sleep 10 &
    nap=$!
    wait "$nap"
    kill -s KILL "$client"
  ) >/dev/null 2>&1 &
  watch=$!
  wait "$client"
  kill "$watch" 2>/dev/null
  wait "$watch" 2>/dev/null || return 0
}

# Ends the server, with whatever is left on its screen. Gone already is well.
end_server() {
  [ -d "$sockets" ] || return 0
  (
    private
    limited "$zellij" delete-session --force "$name"
  )
}

# Waits until the server is gone, five seconds at most: as it goes it makes its folders anew, also those of a removed session.
server_gone() {
  tries=100
  while [ "$tries" -gt 0 ]; do
    case $(ps -A -o args= 2>/dev/null) in *"--server $sockets/"*) ;; *) return 0 ;; esac
    tries=$((tries - 1))
    sleep 0.05
  done
}

note_code() { echo "$1" >"$run/code.new" && mv -f "$run/code.new" "$run/code"; }

# Waits for the agent's end, up to so many seconds.
gone_within() {
  tries=$(($1 * 20))
  while alive; do
    [ "$tries" -gt 0 ] || return 1
    tries=$((tries - 1))
    sleep 0.05
  done
}

# Ends the agent: asked first, then its terminal goes, then all that is left of its group.
end_agent() {
  if alive; then
    [ "$1" = 0 ] || kill -TERM "-$pid" 2>/dev/null
    gone_within "$1" || {
      end_server
      alive && kill -KILL "-$pid" 2>/dev/null
      gone_within 5
      [ -e "$run/code" ] || ! [ -e "$run/begun" ] || note_code 137
    }
  fi
  end_server
  server_gone
}

case $verb in
create)
  # Two at once with one name: one of them would never come back.
  if ! (set -C && echo "$$" >"$run/lock") 2>/dev/null; then
    read -r other <"$run/lock" || other=
    [ -z "$other" ] || ! kill -s 0 "$other" 2>/dev/null || fail "session $id is being started by process $other"
    echo "$$" >"$run/lock"
  fi
  trap 'rm -f "$run/lock"' EXIT
  alive && fail "session $id is already running"
  end_server
  server_gone
  rm -rf "$sockets" "$run/cache" "$run/go" "$run/pid" "$run/begun" "$run/code"
  mkdir -m 700 "$sockets" "$run/cache" && mkfifo -m 600 "$run/go" || exit
  # What the agent gets back of its own.
  export PAUDE_CACHE_HOME="${XDG_CACHE_HOME-}" TERM=xterm-256color COLORTERM=truecolor
  unset TMUX TMUX_PANE STY
  private
  PATH=$yours "$zellij" --new-session-with-layout "$run/layout.kdl" attach --create-background "$name" </dev/null || exit
  # It says so before there is anything on the screen.
  tries=200
  until alive; do
    [ "$tries" -gt 0 ] || fail "zellij did not open a terminal for session $id"
    tries=$((tries - 1))
    sleep 0.05
  done
  ;;
pane)
  if [ -n "${PAUDE_CACHE_HOME-}" ]; then export XDG_CACHE_HOME="$PAUDE_CACHE_HOME"; else unset XDG_CACHE_HOME; fi
  unset PAUDE_CACHE_HOME ZELLIJ ZELLIJ_PANE_ID ZELLIJ_SESSION_NAME ZELLIJ_SOCKET_DIR ZELLIJ_CONFIG_DIR
  echo "$$ $(mark "$$")" >"$run/pid.new" && mv -f "$run/pid.new" "$run/pid"
  read -r _ <"$run/go"
  : >"$run/begun"
  # What ends the agent must not keep its code from being noted. A program that is started gets the signals as they were.
  trap : HUP INT QUIT TERM
  (PATH=$yours && . "$run/command.sh" && exec "$@")
  note_code "$?"
  # A session whose command ends soon may stay for ever otherwise.
  end_server
  ;;
begin)
  alive || fail "the terminal of session $id is gone"
  echo >"$run/go"
  ;;
open | attach)
  [ "$verb" = attach ] || [ -e "$run/begun" ] || { alive && echo >"$run/go"; }
  private
  exec "$zellij" attach "$name"
  ;;
state)
  if alive; then
    if [ -e "$run/begun" ]; then echo running; else echo created; fi
  elif [ -e "$run/code" ]; then
    echo "exited $(cat "$run/code")"
  elif [ -e "$run/begun" ]; then
    echo 'exited 137'
  else
    echo created
  fi
  ;;
stop) end_agent "$3" ;;
interrupt)
  alive || exit 1
  kill -INT "-$pid"
  ;;
kill)
  alive && kill -KILL "-$pid"
  end_agent 0
  ;;
running) alive && [ -e "$run/begun" ] ;;
remains) if alive; then echo "$id"; fi ;;
esac
EOF
chmod 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/zellij/program <<'EOF'
/usr/bin/zellij
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/program
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/zellij/config.kdl <<'EOF'
keybinds clear-defaults=true {
}
default_mode "locked"
pane_frames false
simplified_ui true
mouse_mode false
on_force_close "detach"
session_serialization false
show_startup_tips false
show_release_notes false
web_server false
web_sharing "disabled"
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/config.kdl
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/zellij/layout.kdl <<'EOF'
layout {
    pane command="/bin/sh" {
        args "/home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh" "pane" "paude-bcd234"
        close_on_exit true
    }
}
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/layout.kdl
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/zellij/command.sh <<'EOF'
set -- claude
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/command.sh
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/seed
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/seed'
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/entry.sh <<'EOF'
#!/bin/sh
. /paude/seed/command.sh
exec "$@"
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/entry.sh
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd <<'EOF'
agent:x:1000:1000:agent:/home/ada:/bin/bash
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/group <<'EOF'
agent:x:1000:
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/group
: >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts <<'EOF'
127.0.0.1 localhost paude
::1 localhost
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json <<'EOF'
{}
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hook.sh <<'EOF'
# appends to /paude/out/events
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/hook.sh
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md <<'EOF'
This session runs in a container of paude.
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md
# given up after 30 s
later '/bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh stop paude-bcd234 0'
(cd /home/ada/.local/state/paude/sessions/paude-bcd234 && /bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh create paude-bcd234)
undo=: kept=:
# keeps a terminal for: /bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh open paude-bcd234
paude hold --start paude-bcd234
paude attach paude-bcd234
