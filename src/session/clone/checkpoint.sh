# In the box of a clone, or in a helper: names the commit it is on, with what is not committed and new files, as a ref of its own.
set -eu
cd "$1" && git rev-parse --git-dir >/dev/null || exit 65
ref=refs/paude/checkpoints/$2
! git rev-parse --quiet --verify "$ref" >/dev/null || exit 66
head=$(git rev-parse --quiet --verify HEAD) || head=
branch=$(git symbolic-ref --quiet HEAD) || branch=
tree=$(with_whole_index git write-tree)
made=$(git -c user.name=paude -c user.email=paude@localhost commit-tree ${head:+-p "$head"} -m "on $branch" "$tree")
git update-ref "$ref" "$made" ''
echo "made $made"
