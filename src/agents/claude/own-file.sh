#!/bin/sh
# Prints what the agent of this box keeps on file of itself. Where the image's tini is above it, its number is not the one noted.
exec 2>/dev/null
read -r agent </tmp/.claude/agent || exit 0
read -r name <"/proc/$agent/comm" || exit 0
for file in /tmp/.claude/sessions/*.json; do
  pid=${file##*/}
  pid=${pid%.json}
  if [ "$pid" != "$agent" ]; then
    [ "$name" = tini ] && read -r _ _ _ above _ <"/proc/$pid/stat" && [ "$above" = "$agent" ] || continue
  fi
  exec head -c 4096 "$file"
done
