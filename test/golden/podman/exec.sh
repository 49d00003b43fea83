#!/bin/sh
set -eu
podman exec \
  --interactive \
  --tty \
  --env=TERM=xterm-256color \
  --detach-keys= \
  --workdir=/home/ada/engine \
  paude-bcd234 \
  sh \
  -c \
  '[ ! -d /paude/bin ] || [ -z "$(command -v git)" ] || export PATH="/paude/bin:$PATH"; case $1 in */*) ;; *) command -v "$1" >/dev/null || { printf "%s\n" "paude: $1 was not found in the sandbox" "  → paude init, or add its Debian package to image.packages" >&2; exit 127; } ;; esac; exec "$@"' \
  sh \
  sh \
  -c \
  'echo it'\''s'
