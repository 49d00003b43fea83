#!/bin/sh
set -eu
kubectl \
  --context=team \
  --namespace=paude \
  exec \
  --stdin \
  --tty \
  --quiet \
  job/paude-bcd234 \
  --container=agent \
  -- \
  env \
  TERM=xterm-256color \
  /bin/sh \
  -c \
  'cd -- "$1" && shift && exec "$@"' \
  sh \
  /home/ada/engine \
  sh \
  -c \
  '[ ! -d /paude/bin ] || [ -z "$(command -v git)" ] || export PATH="/paude/bin:$PATH"; case $1 in */*) ;; *) command -v "$1" >/dev/null || { printf "%s\n" "paude: $1 was not found in the sandbox" "  → paude init, or add its Debian package to image.packages" >&2; exit 127; } ;; esac; exec "$@"' \
  sh \
  sh \
  -c \
  'echo it'\''s'
