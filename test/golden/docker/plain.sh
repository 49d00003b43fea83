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
set -- claude
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
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/out
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/out'
: >/home/ada/.local/state/paude/sessions/paude-bcd234/out/conversation
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/out/conversation
: >/home/ada/.local/state/paude/sessions/paude-bcd234/out/events
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/out/events
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/uploads
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/uploads'
mkdir -p -m 0755 /home/ada/.local/state/paude/sessions/paude-bcd234/policy
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/policy'
mkdir -p -m 0755 /home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab'
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab/squid.conf <<'EOF'
acl allowed dstdomain api.anthropic.com
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab/squid.conf
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/policy/stages <<'EOF'
0 0123456789ab
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/policy/stages
: >/home/ada/.local/state/paude/sessions/paude-bcd234/noted
chmod 0666 /home/ada/.local/state/paude/sessions/paude-bcd234/noted
mkdir -p -m 0777 /home/ada/.local/state/paude/sessions/paude-bcd234/link
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/link'
mkdir -p -m 0777 /home/ada/.local/state/paude/sessions/paude-bcd234/call
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/call'
install -m 0600 /dev/null /home/ada/.local/state/paude/sessions/paude-bcd234/kept.json
: >/home/ada/.local/state/paude/sessions/paude-bcd234/started
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/started
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/session.json <<'EOF'
{ "v": 1, "id": "paude-bcd234" }
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/session.json
# side by side
later 'docker rm --force --volumes paude-bcd234-proxy'
docker volume inspect paude-home-claude-0123456789abcdef >/dev/null 2>&1 || later 'docker volume rm paude-home-claude-0123456789abcdef'
later 'docker rm --force --volumes paude-bcd234'
(
  docker run \
    --detach \
    --name=paude-bcd234-proxy \
    --label=paude.id=paude-bcd234 \
    --label=paude.role=proxy \
    --label=paude.agent=claude \
    --label=paude.name= \
    --label=paude.workspace=/home/ada/engine \
    --label=paude.network=restricted \
    --label=paude.version=0.1.0 \
    --label=paude.created=2026-01-02T03:04:05.000Z \
    --pull=never \
    --cap-drop=ALL \
    --security-opt=no-new-privileges \
    --read-only \
    --security-opt=seccomp=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/seccomp.json \
    --user=13:13 \
    --pids-limit=64 \
    --memory=256m \
    --tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m,mode=1777 \
    --tmpfs=/run:rw,noexec,nosuid,nodev,size=4m,mode=1777 \
    --tmpfs=/dev/shm:rw,noexec,nosuid,nodev,size=67108864,mode=1777 \
    --log-driver=json-file \
    --log-opt=max-size=10m \
    --log-opt=max-file=3 \
    --add-host=host.paude.internal:host-gateway \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/link,dst=/paude/link \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/policy,dst=/paude/policy,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/noted,dst=/paude/noted \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/call,dst=/paude/call \
    localhost/paude/proxy:1 \
    /usr/lib/paude/proxy
) & trailing=$!
(
  docker volume inspect paude-home-claude-0123456789abcdef >/dev/null 2>&1 || {
    docker run \
      --rm \
      --label=paude.id=paude-bcd234 \
      --label=paude.role=helper \
      --label=paude.agent=claude \
      --label=paude.name= \
      --label=paude.workspace=/home/ada/engine \
      --label=paude.network=restricted \
      --label=paude.version=0.1.0 \
      --label=paude.created=2026-01-02T03:04:05.000Z \
      --pull=never \
      --network=none \
      --cap-drop=ALL \
      --security-opt=no-new-privileges \
      --read-only \
      --security-opt=seccomp=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/seccomp.json \
      --cap-add=CHOWN \
      --user=0:0 \
      --pids-limit=64 \
      --memory=256m \
      --no-healthcheck \
      --workdir=/ \
      --mount=type=volume,src=paude-home-claude-0123456789abcdef,dst=/paude/home,volume-label=paude.role=home,volume-label=paude.workspace=/home/ada/engine,volume-nocopy \
      --mount=type=bind,src=/home/ada/.local/state/paude/kit/docker-0123456789ab/init,dst=/paude/init,ro \
      --entrypoint=/paude/init \
      localhost/paude/claude:1 \
      own \
      1000 \
      1000 \
      /paude/home
  } &&
  docker create \
    --name=paude-bcd234 \
    --label=paude.id=paude-bcd234 \
    --label=paude.role=agent \
    --label=paude.agent=claude \
    --label=paude.name= \
    --label=paude.workspace=/home/ada/engine \
    --label=paude.network=restricted \
    --label=paude.version=0.1.0 \
    --label=paude.created=2026-01-02T03:04:05.000Z \
    --pull=never \
    --cap-drop=ALL \
    --security-opt=no-new-privileges \
    --read-only \
    --security-opt=seccomp=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/seccomp.json \
    --user=1000:1000 \
    --pids-limit=4096 \
    --no-healthcheck \
    --network=none \
    --hostname=paude \
    --stop-timeout=10 \
    --tty \
    --interactive \
    --tmpfs=/tmp:rw,exec,nosuid,nodev,size=2g,mode=1777 \
    --tmpfs=/run:rw,noexec,nosuid,nodev,size=16m,mode=1777 \
    --tmpfs=/dev/shm:rw,noexec,nosuid,nodev,size=67108864,mode=1777 \
    --mount=type=volume,src=paude-home-claude-0123456789abcdef,dst=/home/ada \
    --mount=type=bind,src=/home/ada/engine,dst=/home/ada/engine \
    --mount=type=bind,src=/home/ada/.local/state/paude/kit/docker-0123456789ab/init,dst=/paude/init,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed,dst=/paude/seed,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/uploads,dst=/paude/uploads,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/out/conversation,dst=/paude/out/conversation \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/out/events,dst=/paude/out/events \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd,dst=/etc/passwd,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/group,dst=/etc/group,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json,dst=/etc/claude-code/managed-settings.json,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md,dst=/etc/claude-code/CLAUDE.md,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf,dst=/etc/resolv.conf,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts,dst=/etc/hosts,ro \
    --mount=type=bind,src=/home/ada/.local/state/paude/sessions/paude-bcd234/link,dst=/paude/link,ro \
    --workdir=/home/ada/engine \
    --env=HOME=/home/ada \
    --env=HTTP_PROXY=http://127.0.0.1:3128 \
    --env=HTTPS_PROXY=http://127.0.0.1:3128 \
    --env=ALL_PROXY=http://127.0.0.1:3128 \
    --env=http_proxy=http://127.0.0.1:3128 \
    --env=https_proxy=http://127.0.0.1:3128 \
    --env=all_proxy=http://127.0.0.1:3128 \
    --env=NO_PROXY=localhost,127.0.0.1,::1 \
    --env=no_proxy=localhost,127.0.0.1,::1 \
    --env=SSL_CERT_FILE=/paude/link/ca-bundle.pem \
    --env=CURL_CA_BUNDLE=/paude/link/ca-bundle.pem \
    --env=GIT_SSL_CAINFO=/paude/link/ca-bundle.pem \
    --env=REQUESTS_CA_BUNDLE=/paude/link/ca-bundle.pem \
    --env=PIP_CERT=/paude/link/ca-bundle.pem \
    --env=CODEX_CA_CERTIFICATE=/paude/link/ca-bundle.pem \
    --env=AWS_CA_BUNDLE=/paude/link/ca-bundle.pem \
    --env=CARGO_HTTP_CAINFO=/paude/link/ca-bundle.pem \
    --env=NODE_EXTRA_CA_CERTS=/paude/link/ca-extra.pem \
    --env=DENO_CERT=/paude/link/ca-extra.pem \
    --env=NODE_USE_ENV_PROXY=1 \
    --log-driver=json-file \
    --log-opt=max-size=10m \
    --log-opt=max-file=3 \
    --entrypoint=/paude/init \
    localhost/paude/claude:1 \
    --wall=restricted \
    -- \
    /bin/sh \
    /paude/seed/entry.sh
) & lane_1=$!
failed=0
wait "$lane_1" || failed=1
[ "$failed" = 0 ]
undo=: kept=:
# keeps a terminal for: docker start --attach --interactive '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@' paude-bcd234
paude hold --start paude-bcd234
paude attach paude-bcd234
