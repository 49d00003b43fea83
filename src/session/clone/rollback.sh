# In the box of a clone, or in a helper: makes its files, its branch and HEAD what they were at a checkpoint.
set -eu
cd "$1"
ref=refs/paude/checkpoints/$2
subject=$(git log -1 --format=%s "$ref" --) || exit 65
branch=${subject#on }
head=$(git rev-parse --quiet --verify "$ref^") || head=
# What the index of its own names and the checkpoint does not is taken away; ignored files are in neither.
with_whole_index git read-tree --reset -u "$ref"
if [ -z "$branch" ]; then
  git update-ref --no-deref HEAD "$head"
else
  # Before the branch is set, so that one that was checked out since keeps its commits.
  git symbolic-ref HEAD "$branch"
  if [ -n "$head" ]; then git update-ref "$branch" "$head"; else git update-ref -d "$branch"; fi
fi
if [ -n "$head" ]; then git reset --quiet; else git read-tree --empty; fi
echo done
