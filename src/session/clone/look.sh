# In the box, or in a helper: prints what its repository has that the commits named do not reach, and what is not committed.
cd "$1" && git rev-parse --git-dir >/dev/null || exit 65
shift
for one; do
  shift
  ! git cat-file -e "$one^{commit}" 2>/dev/null || set -- "$@" "^$one"
done
export GIT_OPTIONAL_LOCKS=0
git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/stash | while read -r object ref; do
  echo "ref $object $(git rev-list --count "$object" "$@") $ref"
done
if head=$(git rev-parse --quiet --verify HEAD) && ! git symbolic-ref --quiet HEAD >/dev/null; then
  echo "ref $head $(git rev-list --count "$head" "$@") HEAD"
fi
git worktree list --porcelain | sed -n 's/^worktree //p' | while read -r tree; do
  cd "$tree" 2>/dev/null && git status --porcelain | sed -n -e '1,20s/^/change /p' -e '$='
done
echo end
