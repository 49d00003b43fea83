#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234'
mkdir -p -m 0755 /home/ada/.local/state/paude/sessions/paude-bcd234/seed
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/seed'
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/entry.sh <<'EOF'
#!/bin/sh
. /paude/seed/command.sh
exec "$@"
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/entry.sh
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/command.sh <<'EOF'
set -- bash
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/command.sh
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd <<'EOF'
agent:x:1000:1000:agent:/home/ada:/bin/bash
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/group <<'EOF'
agent:x:1000:
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/group
: >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts <<'EOF'
127.0.0.1 localhost paude
::1 localhost
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json <<'EOF'
{}
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hook.sh <<'EOF'
# appends to /paude/out/events
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/hook.sh
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md <<'EOF'
This session runs in a container of paude.
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/session.json <<'EOF'
{ "v": 1, "id": "paude-bcd234" }
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/session.json
# side by side
later 'podman rm --force --ignore --time=0 --volumes --depend paude-bcd234'
(
  podman create \
    --name=paude-bcd234 \
    --label=paude.id=paude-bcd234 \
    --label=paude.role=agent \
    --label=paude.agent=command \
    --label=paude.name= \
    --label=paude.workspace=/home/ada/engine \
    --label=paude.network=none \
    --label=paude.version=0.1.0 \
    --label=paude.created=2026-01-02T03:04:05.000Z \
    --pull=never \
    --http-proxy=false \
    --read-only-tmpfs=false \
    --cap-drop=ALL \
    --security-opt=no-new-privileges \
    --read-only \
    --security-opt=seccomp=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/seccomp.json \
    --user=1000:1000 \
    --userns=keep-id \
    --pids-limit=4096 \
    --network=none \
    --hostname=paude \
    --init \
    --stop-timeout=10 \
    --tty \
    --interactive \
    --tmpfs=/tmp:rw,exec,nosuid,nodev,size=2g,mode=1777 \
    --tmpfs=/run:rw,noexec,nosuid,nodev,size=16m,mode=1777 \
    --tmpfs=/dev/shm:rw,noexec,nosuid,nodev,size=67108864,mode=1777 \
    --tmpfs=/home/ada:rw,exec,nosuid,nodev,size=256m,mode=1777 \
    --mount=type=bind,src=/home/ada/engine,dst=/home/ada/engine \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed,dst=/paude/seed,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd,dst=/etc/passwd,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/group,dst=/etc/group,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json,dst=/etc/claude-code/managed-settings.json,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md,dst=/etc/claude-code/CLAUDE.md,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf,dst=/etc/resolv.conf,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts,dst=/etc/hosts,ro \
    --workdir=/home/ada/engine \
    --env=HOME=/home/ada \
    --env=TERM=xterm-256color \
    --env=HTTP_PROXY= \
    --env=HTTPS_PROXY= \
    --env=ALL_PROXY= \
    --env=http_proxy= \
    --env=https_proxy= \
    --env=all_proxy= \
    --env=NO_PROXY= \
    --env=no_proxy= \
    --log-driver=k8s-file \
    --log-opt=max-size=10mb \
    --entrypoint=/bin/sh \
    localhost/paude/claude:1 \
    /paude/seed/entry.sh
) & lane_1=$!
failed=0
wait "$lane_1" || failed=1
[ "$failed" = 0 ]
undo=: kept=:
# keeps a terminal for: podman start --attach --interactive --sig-proxy=false --detach-keys= paude-bcd234
paude hold --start paude-bcd234
paude attach paude-bcd234
