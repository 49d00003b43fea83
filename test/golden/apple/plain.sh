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
install -m 0600 /dev/null /home/ada/.local/state/paude/sessions/paude-bcd234/kept.json
: >/home/ada/.local/state/paude/sessions/paude-bcd234/started
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/started
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/session.json <<'EOF'
{ "v": 1, "id": "paude-bcd234" }
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/session.json
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234/out
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/out'
: >/home/ada/.local/state/paude/sessions/paude-bcd234/out/exit
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/out/exit
# side by side
(
  container image inspect localhost/paude/claude:1 localhost/paude/proxy:1
) & lane_1=$!
failed=0
wait "$lane_1" || failed=1
[ "$failed" = 0 ]
# side by side
later 'container volume delete paude-bcd234-workspace'
later 'container delete --force paude-bcd234-proxy'
(
  container volume inspect paude-home-claude-0123456789abcdef >/dev/null 2>&1 || {
    later 'container volume delete paude-home-claude-0123456789abcdef'
    container volume create \
      --label=paude.role=home \
      --label=paude.workspace=/home/ada/engine \
      paude-home-claude-0123456789abcdef
    container run \
      --rm \
      --progress=none \
      --label=paude.id=paude-bcd234 \
      --label=paude.role=helper \
      --label=paude.agent=claude \
      --label=paude.workspace=/home/ada/engine \
      --label=paude.network=restricted \
      --label=paude.version=0.1.0 \
      --label=paude.created=2026-01-02T03:04:05.000Z \
      --network=none \
      --no-dns \
      --cap-drop=ALL \
      --read-only \
      --cap-add=CHOWN \
      --user=0:0 \
      --cpus=1 \
      --memory=256M \
      --workdir=/ \
      --volume=paude-home-claude-0123456789abcdef:/paude/fresh \
      --volume=/home/ada/.local/state/paude/kit/docker-0123456789ab/init:/paude/init:ro \
      --entrypoint=/bin/sh \
      localhost/paude/claude:1 \
      -c \
      'rmdir /paude/fresh/lost+found 2>/dev/null; exec /paude/init own "$@"' \
      sh \
      1000 \
      1000 \
      /paude/fresh
  } &&
  container volume create \
    --label=paude.id=paude-bcd234 \
    --label=paude.role=workspace \
    --label=paude.created=2026-01-02T03:04:05.000Z \
    --label=paude.workspace=/home/ada/engine \
    paude-bcd234-workspace &&
  container run \
    --rm \
    --progress=none \
    --label=paude.id=paude-bcd234 \
    --label=paude.role=helper \
    --label=paude.agent=claude \
    --label=paude.workspace=/home/ada/engine \
    --label=paude.network=restricted \
    --label=paude.version=0.1.0 \
    --label=paude.created=2026-01-02T03:04:05.000Z \
    --network=none \
    --no-dns \
    --cap-drop=ALL \
    --read-only \
    --cap-add=CHOWN \
    --user=0:0 \
    --cpus=1 \
    --memory=256M \
    --workdir=/ \
    --volume=paude-bcd234-workspace:/paude/fresh \
    --volume=/home/ada/.local/state/paude/kit/docker-0123456789ab/init:/paude/init:ro \
    --entrypoint=/bin/sh \
    localhost/paude/claude:1 \
    -c \
    'rmdir /paude/fresh/lost+found 2>/dev/null; exec /paude/init own "$@"' \
    sh \
    1000 \
    1000 \
    /paude/fresh
) & lane_1=$!
(
  container run \
    --detach \
    --progress=none \
    --name=paude-bcd234-proxy \
    --label=paude.id=paude-bcd234 \
    --label=paude.role=proxy \
    --label=paude.agent=claude \
    --label=paude.workspace=/home/ada/engine \
    --label=paude.network=restricted \
    --label=paude.version=0.1.0 \
    --label=paude.created=2026-01-02T03:04:05.000Z \
    --cap-drop=ALL \
    --user=13:13 \
    --cpus=1 \
    --memory=256M \
    --mount=type=tmpfs,destination=/tmp,size=16M,mode=1777 \
    --mount=type=tmpfs,destination=/run,size=16M,mode=1777 \
    --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/policy:/paude/policy:ro \
    --publish-socket=/home/ada/.local/state/paude/sessions/paude-bcd234/link/proxy.sock:/paude/link/proxy.sock \
    --publish-socket=/home/ada/.local/state/paude/sessions/paude-bcd234/link/receipt.sock:/paude/link/receipt.sock \
    --publish-socket=/home/ada/.local/state/paude/sessions/paude-bcd234/link/base-url.sock:/paude/link/base-url.sock \
    --env=PAUDE_VM=1 \
    localhost/paude/proxy:1 \
    /usr/lib/paude/proxy &&
  # wait at most 30 s until the proxy listens
  tries=0
  until answer=$(container exec paude-bcd234-proxy /usr/bin/bash -c '[[ -S /paude/link/receipt.sock ]] && echo ready') && printf %s "$answer" | grep -Eq -e '^ready$'; do
    tries=$((tries + 1)); [ "$tries" -lt 150 ] || exit 1
    sleep 0.2
  done &&
  container copy paude-bcd234-proxy:/paude/link/gateway /home/ada/.local/state/paude/sessions/paude-bcd234/link/gateway &&
  container copy paude-bcd234-proxy:/paude/link/ca-bundle.pem /home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-bundle.pem &&
  container copy paude-bcd234-proxy:/paude/link/ca-extra.pem /home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-extra.pem
) & lane_2=$!
failed=0
wait "$lane_1" || failed=1
wait "$lane_2" || failed=1
[ "$failed" = 0 ]
later 'container delete --force paude-bcd234'
container create \
  --name=paude-bcd234 \
  --label=paude.id=paude-bcd234 \
  --label=paude.role=agent \
  --label=paude.agent=claude \
  --label=paude.workspace=/home/ada/engine \
  --label=paude.network=restricted \
  --label=paude.version=0.1.0 \
  --label=paude.created=2026-01-02T03:04:05.000Z \
  --network=none \
  --no-dns \
  --cap-drop=ALL \
  --read-only \
  --user=1000:1000 \
  --memory=4096M \
  --tty \
  --interactive \
  --mount=type=tmpfs,destination=/tmp,size=2048M,mode=1777 \
  --mount=type=tmpfs,destination=/run,size=16M,mode=1777 \
  --volume=paude-home-claude-0123456789abcdef:/home/ada \
  --volume=paude-bcd234-workspace:/home/ada/engine \
  --volume=/home/ada/.local/state/paude/kit/docker-0123456789ab/init:/paude/init:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed:/paude/seed:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/uploads:/paude/uploads:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/out/conversation:/paude/out/conversation \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/out/events:/paude/out/events \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/out/exit:/paude/out/exit \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/passwd:/etc/passwd:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/group:/etc/group:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/managed-settings.json:/etc/claude-code/managed-settings.json:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/CLAUDE.md:/etc/claude-code/CLAUDE.md:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/resolv.conf:/etc/resolv.conf:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/seed/hosts:/etc/hosts:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/link/proxy.sock:/paude/link/proxy.sock \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/link/receipt.sock:/paude/link/receipt.sock \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/link/gateway:/paude/link/gateway:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-bundle.pem:/paude/link/ca-bundle.pem:ro \
  --volume=/home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-extra.pem:/paude/link/ca-extra.pem:ro \
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
  --entrypoint=/paude/init \
  localhost/paude/claude:1 \
  --no-new-privileges \
  --wall=restricted \
  -- \
  /bin/sh \
  /paude/seed/entry.sh
undo=: kept=:
# keeps a terminal for: container start --attach --interactive paude-bcd234
paude hold --start paude-bcd234
paude attach paude-bcd234
