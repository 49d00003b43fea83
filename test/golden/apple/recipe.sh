#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
rm -rf -- /home/ada/.cache/paude/devcontainer-0123456789ab-context-7
mkdir -p -m 0700 /home/ada/.cache/paude/devcontainer-0123456789ab-context-7
later 'rm -rf -- /home/ada/.cache/paude/devcontainer-0123456789ab-context-7'
# only if that is what was trusted, byte for byte
cp -RP /home/ada/engine /home/ada/.cache/paude/devcontainer-0123456789ab-context-7/context
cat >/home/ada/.cache/paude/devcontainer-0123456789ab-context-7/Dockerfile <<'EOF'
FROM x
RUN echo 'a b'
EOF
chmod 0600 /home/ada/.cache/paude/devcontainer-0123456789ab-context-7/Dockerfile
# building image localhost/paude/devcontainer:0123456789ab from /home/ada/engine/.devcontainer/Dockerfile, with the network of the engine
container build \
  --progress=plain \
  --tag=localhost/paude/devcontainer:0123456789ab-plain \
  --target=dev \
  '--build-arg=GREETING=hello there' \
  --label=paude.image=devcontainer \
  --file=/home/ada/.cache/paude/devcontainer-0123456789ab-context-7/Dockerfile \
  /home/ada/.cache/paude/devcontainer-0123456789ab-context-7/context
rm -rf -- /home/ada/.cache/paude/devcontainer-0123456789ab-context-7
rm -rf -- /home/ada/.cache/paude/devcontainer-0123456789ab-features-7
mkdir -p -m 0700 /home/ada/.cache/paude/devcontainer-0123456789ab-features-7
later 'rm -rf -- /home/ada/.cache/paude/devcontainer-0123456789ab-features-7'
# only if that is what was trusted, byte for byte
cp -RP /home/ada/engine/.devcontainer/mine /home/ada/.cache/paude/devcontainer-0123456789ab-features-7/own-1
# fetching features for localhost/paude/devcontainer:0123456789ab
# registry.example.org/f/go:1 {"version":"1.24"}
# ./mine, the copy above {}
# and what these depend on. /home/ada/.cache/paude/devcontainer-0123456789ab-features-7/context/Dockerfile then begins with
#   FROM localhost/paude/devcontainer:0123456789ab-plain
#   USER root
# and has for each of them its ENV, a COPY of its folder, and a RUN of its install.sh for vscode, with the options above
echo 'this script cannot fetch features: paude image build' >&2
exit 1
# putting features on image localhost/paude/devcontainer:0123456789ab, with the network of the engine
container build \
  --progress=plain \
  --tag=localhost/paude/devcontainer:0123456789ab \
  --label=paude.image=devcontainer \
  --file=/home/ada/.cache/paude/devcontainer-0123456789ab-features-7/context/Dockerfile \
  /home/ada/.cache/paude/devcontainer-0123456789ab-features-7/context
rm -rf -- /home/ada/.cache/paude/devcontainer-0123456789ab-features-7
