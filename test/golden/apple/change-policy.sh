#!/bin/sh
set -eu
printf %s '0 0123456789ab
1800000000 ba9876543210
' | container exec \
  --interactive \
  paude-bcd234-proxy \
  /usr/lib/paude/policy
