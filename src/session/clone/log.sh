# In the box, or in a helper: prints the commits since the clone began, of all its branches.
cd "$1" || exit
base=$2 colour=$3
shift 3
export GIT_PAGER=cat
exec git -c color.ui="$colour" log --branches HEAD --not "$base" "$@"
