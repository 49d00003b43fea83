# Runs git with an index of its own that has all of the working tree, new files too; what it makes stays in the repository.
with_whole_index() (
  own=$(mktemp -d /tmp/paude-whole.XXXXXX) || exit
  index=$(git rev-parse --git-path index)
  # With its time: git reads anew what was written in the second of an index.
  [ ! -e "$index" ] || cp -p "$index" "$own/index" || exit
  export GIT_INDEX_FILE="$own/index"
  git add --all . >/dev/null 2>&1 && "$@"
  code=$?
  rm -rf "$own"
  exit "$code"
)
