#!/bin/sh
set -eu
docker rm \
  --force \
  --volumes \
  paude-bcd234 \
  paude-bcd234-proxy || { left=$(docker ps --all --quiet --filter=label=paude.id=paude-bcd234) || left='no answer'; [ -z "$left" ]; }
/bin/sh -c 'PATH=$PATH:/usr/bin:/bin
cd "$1" 2>/dev/null || exit 0
mv stand-ins stand-ins.old 2>/dev/null
[ -e stand-ins.old ] || exit 0
needed() { grep -qxF -e "$path" ../*/stand-ins 2>/dev/null; }
while IFS= read -r path; do
  needed && continue
  [ "$(cd "$(dirname "$path")" 2>/dev/null && pwd -P)" = "$(dirname "$path")" ] && [ ! -L "$path" ] || continue
  if [ -d "$path" ]; then rmdir "$path" 2>/dev/null && needed && mkdir "$path"
  elif [ -f "$path" ] && { [ ! -s "$path" ] || cmp -s seed/stand-ins/commondir "$path"; }; then
    rm -f "$path" && needed && cp "seed/stand-ins/$(basename "$path")" "$path"
  fi
done <stand-ins.old
:' sh /home/ada/.local/state/paude/sessions/paude-bcd234 || true
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
docker volume rm paude-home-claude-0123456789abcdef
