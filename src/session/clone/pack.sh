# On this machine, in a repository of paude's own: prints a tar of packs with all that a commit reaches, and keeps them for the next clone.
# Packs that can be linked into the folder `links` lie there instead when the tar begins.
set -eu
git=$1 packs=$2 commit=$3 uncommitted=$4 links=$5
cd "$packs"
if [ ! -e "$commit/chain" ]; then
  base=
  for one in $(ls -t); do
    if [ -e "$one/chain" ] && [ "$(wc -l <"$one/chain")" -lt 20 ] && "$git" merge-base --is-ancestor "$one" "$commit" 2>/dev/null; then
      base=$one
      break
    fi
  done
  new=.$commit.$$
  trap 'rm -rf "$new"' EXIT
  mkdir "$new"
  # What is packed is taken as it is; making loose objects smaller would take a minute for half a gigabyte, and a clone waits for that.
  printf '%s\n' "$commit" ${base:+"^$base"} | "$git" pack-objects --revs --delta-base-offset --window=0 --compression=0 -q "$new/pack" >/dev/null
  { [ -z "$base" ] || cat "$base/chain"; echo "$commit"; } >"$new/chain"
  mv "$new" "$commit" 2>/dev/null || [ -e "$commit/chain" ]
fi
set --
while read -r one; do
  touch "$one"
  for file in "$one"/pack-*; do
    [ -e "$file" ] || continue
    # Another file system takes no links.
    [ -n "$links" ] && ln "$file" "$links/" 2>/dev/null || set -- "$@" -C "$packs/$one" "${file##*/}"
  done
done <"$commit/chain"
# What no clone has used for a month goes.
find . -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
[ $# -gt 0 ] || set -- -T /dev/null
[ -n "$uncommitted" ] || exec tar -cf - "$@"
trap 'rm -rf "$uncommitted"' EXIT
set -- "$@" -C "$uncommitted" index absent tree.tar
for file in "$uncommitted"/pack-*; do
  [ ! -e "$file" ] || set -- "$@" "${file##*/}"
done
tar -cf - "$@"
