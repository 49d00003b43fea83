# In the box, or in a helper: prints what was made since the clone, committed or not, new files too.
cd "$1" || exit
base=$2 colour=$3
shift 3
export GIT_OPTIONAL_LOCKS=0 GIT_PAGER=cat
from=$(git merge-base "$base" HEAD) || exit
# An index of its own, in which new files count, and an empty object that may not be there yet.
own=/tmp/paude-diff.$$
mkdir "$own" && cp "$(git rev-parse --git-path index)" "$own/index" || exit
objects=$(cd "$(git rev-parse --git-path objects)" && pwd) || exit
export GIT_INDEX_FILE=$own/index GIT_OBJECT_DIRECTORY=$own GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects
git add --intent-to-add --all . 2>/dev/null
git -c color.ui="$colour" diff "$from" "$@"
code=$?
rm -rf "$own"
exit "$code"
