# Runs git with an index of its own, in which new files count, and an empty object that may not be there yet.
with_new_files() (
  own=/tmp/paude-own.$$
  mkdir "$own" && cp "$(git rev-parse --git-path index)" "$own/index" || exit
  objects=$(cd "$(git rev-parse --git-path objects)" && pwd) || exit
  export GIT_INDEX_FILE=$own/index GIT_OBJECT_DIRECTORY=$own GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects
  git add --intent-to-add --all . 2>/dev/null
  "$@"
  code=$?
  rm -rf "$own"
  exit "$code"
)
