#!/bin/sh
set -eu
docker exec \
  --interactive \
  --workdir=/home/ada/engine \
  paude-bcd234 \
  sh \
  -c \
  '[ ! -d /paude/bin ] || [ -z "$(command -v git)" ] || export PATH="/paude/bin:$PATH"; case $1 in */*) ;; *) command -v "$1" >/dev/null || { printf "%s\n" "paude: $1 was not found in the sandbox" "  → paude init, or add its Debian package to image.packages" >&2; exit 127; } ;; esac; exec "$@"' \
  sh \
  cat \
  -n
