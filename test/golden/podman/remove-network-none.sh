#!/bin/sh
set -eu
podman rm \
  --force \
  --ignore \
  --time=0 \
  --volumes \
  --depend \
  paude-bcd234 || { left=$(podman ps --all --quiet --filter=label=paude.id=paude-bcd234) || left='no answer'; [ -z "$left" ]; }
/bin/sh -c 'PATH=$PATH:/usr/bin:/bin
cd "$1" 2>/dev/null && mv stand-ins stand-ins.old 2>/dev/null || exit 0
while IFS= read -r path; do
  grep -qxF -e "$path" ../*/stand-ins 2>/dev/null && continue
  [ "$(cd "$(dirname "$path")" 2>/dev/null && pwd -P)" = "$(dirname "$path")" ] && [ ! -L "$path" ] || continue
  if [ -d "$path" ]; then rmdir "$path" 2>/dev/null
  elif [ -f "$path" ] && { [ ! -s "$path" ] || cmp -s seed/stand-ins/commondir "$path"; }; then rm -f "$path"; fi
done <stand-ins.old
:' sh /home/ada/.local/state/paude/sessions/paude-bcd234 || true
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
