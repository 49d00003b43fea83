#!/bin/sh
set -eu
podman exec \
  --interactive \
  --tty \
  --env=TERM=xterm-256color \
  --workdir=/home/ada/engine \
  paude-bcd234 \
  sh \
  -c \
  'echo it'\''s'
