# In the box, or in a helper: prints the commits since the clone began, of all its branches.
cd "$1" || exit
base=$2 colour=$5
shift 5
export GIT_PAGER=cat GIT_NO_REPLACE_OBJECTS=1
exec git -c color.ui="$colour" log --branches HEAD --not "$base" "$@"
