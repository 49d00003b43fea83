# Copies the index of this folder. git trusts times that are older than an index, so nothing is read anew with a copy that is made now: right
# for the index as the filling left it, at the moment $filled, unless a file was changed later in that second. Any other one keeps its time.
copy_index() {
  index=$(git rev-parse --git-path index)
  if is_as_filled "$index"; then cp "$index" "$1"; else cp -p "$index" "$1"; fi
}
# By the time of a change, which no program of the box can set.
is_as_filled() {
  [ -n "$filled" ] && [ "$(find "$1" -printf %C@ 2>/dev/null)" = "$filled" ] || return
  second=${filled%.*}
  late=$(find . -path ./.git -prune -o ! -type d -newerct "@$filled" ! -newerct "@$((second + 1))" -print -quit 2>/dev/null) && [ -z "$late" ]
}
# Runs git with an index of its own.
with_own_index() (
  own=$(mktemp -d /tmp/paude-own.XXXXXX) && copy_index "$own/index" || exit
  export GIT_INDEX_FILE="$own/index"
  "$@"
  code=$?
  rm -rf "$own"
  exit "$code"
)
# The same with new files in that index, each as an empty object that may not be there yet.
with_new_files() { with_own_index add_new_files "$@"; }
add_new_files() {
  objects=$(cd "$(git rev-parse --git-path objects)" && pwd) || return
  export GIT_OBJECT_DIRECTORY="$own" GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
  git add --intent-to-add --all . 2>/dev/null
  "$@"
}
