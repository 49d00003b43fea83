# In the box, or in a helper: prints what was made since the clone, committed or not, new files too.
cd "$1" || exit
base=$2 began=$3 filled=$4 colour=$5
shift 5
export GIT_OPTIONAL_LOCKS=0 GIT_PAGER=cat GIT_NO_REPLACE_OBJECTS=1
from=$began
git cat-file -e "$from^{commit}" 2>/dev/null || from=$(git merge-base "$base" HEAD) || exit
with_new_files git -c color.ui="$colour" diff "$from" "$@"
