# In the box, or in a helper: prints what was made since the clone, committed or not, new files too.
cd "$1" || exit
base=$2 colour=$3
shift 3
export GIT_OPTIONAL_LOCKS=0 GIT_PAGER=cat
from=$(git rev-parse --quiet --verify refs/paude/began) || from=$(git merge-base "$base" HEAD) || exit
with_new_files git -c color.ui="$colour" diff "$from" "$@"
