# Where a clone is: says what it has at each path on stdin, then takes deletions and a tar of files, and puts all in place at its end or nothing.
root=$1 base=$2 only_look=$3
cd "$root" || exit 65
stage=$(git rev-parse --absolute-git-dir)/paude-sync || exit 65
command -v tar >/dev/null || exit 67
export GIT_NO_REPLACE_OBJECTS=1
rm -rf "$stage" && mkdir -p "$stage/new" || exit 73
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM

# Sets `odd` where a folder is reached through a link or a file, which is `at`.
reach() {
  odd='' at='' rest=$1/
  while [ "$rest" != '' ]; do
    at=$at${rest%%/*} rest=${rest#*/}
    if [ -L "$at" ] || { [ -e "$at" ] && [ ! -d "$at" ]; }; then
      odd=1
      return
    fi
    at=$at/
  done
}

# A line for each path: f, x (executable) or l and its object; w behind a link or file, d a folder, o anything else, - nothing.
look() {
  folder=. odd=''
  while IFS= read -r path; do
    above=.
    case $path in */*) above=${path%/*} ;; esac
    [ "$above" = "$folder" ] || reach "$above"
    folder=$above
    if [ "$odd" ]; then echo w
    elif [ -L "$path" ]; then echo "l $(printf %s "$(readlink "./$path")" | git hash-object --stdin)"
    elif [ -f "$path" ] && [ -r "$path" ]; then
      printf './%s\n' "$path" >&4
      if [ -x "$path" ]; then echo x; else echo f; fi
    elif [ -d "$path" ]; then echo d
    elif [ -e "$path" ]; then echo o
    else echo -
    fi
  done <"$stage/paths" >"$stage/kinds" 4>"$stage/files"
  git hash-object --no-filters --stdin-paths <"$stage/files" >"$stage/ids" || exit 74
  while read -r kind id <&3; do
    case $kind in f | x) read -r id <&5 ;; esac
    echo "$kind ${id:--}"
  done 3<"$stage/kinds" 5<"$stage/ids"
}

lines() { while IFS= read -r line && [ "$line" != '' ]; do printf '%s\n' "$line"; done; }

lines >"$stage/paths"
look >"$stage/looked"
cat "$stage/looked"
while IFS= read -r path; do printf '%s:%s\n' "$base" "$path"; done <"$stage/paths" | git cat-file --batch-check='%(objecttype) %(objectname)'
echo end
[ "$only_look" = '' ] || exit 0

lines >"$stage/gone"
tar -xpof - -C "$stage" && [ -e "$stage/whole" ] || exit 75
look >"$stage/again"
[ "$(git hash-object --no-filters "$stage/looked")" = "$(git hash-object --no-filters "$stage/again")" ] || { echo moved; exit 0; }

# From here on it is carried out to its end.
trap '' HUP INT TERM PIPE
failed=''
tr '\n' '\0' <"$stage/gone" | xargs -0 rm -rf -- || failed=1
folder=''
while IFS= read -r path; do
  above=''
  case $path in */*) above=${path%/*} ;; esac
  [ "$above" = "$folder" ] || rmdir -p -- "$above" 2>/dev/null
  folder=$above
done <"$stage/gone"
(cd "$stage/new" && find . -type d) >"$stage/folders"
while IFS= read -r folder; do
  reach "$folder"
  while [ "$odd" ] && rm -f -- "./$at"; do reach "$folder"; done
  mkdir -p -- "$folder" || failed=1
  find "$stage/new/$folder" -maxdepth 1 ! -type d -exec sh -c 'to=$1; shift; exec mv -f -- "$@" "$to"' sh "$folder/" {} + || failed=1
done <"$stage/folders"
[ "$failed" = '' ] || exit 76
echo put
