# In the box, or in a helper: prints what its repository has that the commits named do not reach, and what is not committed.
cd "$1" && git rev-parse --git-dir >/dev/null || exit 65
began=$2 filled=$3
shift 3
export GIT_OPTIONAL_LOCKS=0 GIT_NO_REPLACE_OBJECTS=1
for one; do
  shift
  ! git cat-file -e "$one^{commit}" 2>/dev/null || set -- "$@" "^$one"
done
git for-each-ref --format='%(objectname) %(refname)' | while read -r object ref; do
  [ "$object" != "$began" ] || continue
  case $ref in
    refs/remotes/host/*) continue ;;
    refs/heads/* | refs/stash) ahead=$(git rev-list --count "$object" "$@") ;;
    # One of a moment at which all was committed holds nothing that its commit does not.
    refs/paude/checkpoints/*)
      git diff --quiet --no-ext-diff "$object^" "$object" 2>/dev/null && object=$(git rev-parse "$object^")
      ahead=$(git rev-list --count "$object" "$@" --not --branches)
      ;;
    # What a branch has too is named by that.
    *) ahead=$(git rev-list --count "$object" "$@" --not --branches) ;;
  esac
  echo "ref $object $ahead $ref"
done
# Older stashes are in a log alone.
git rev-list --walk-reflogs refs/stash 2>/dev/null | sed 1d | while read -r object; do
  echo "ref $object $(git rev-list --count "$object" "$@") refs/stash-$object"
done
# Whether all is as it was when the clone began with what was not committed.
is_as_begun() {
  git cat-file -e "$began^{commit}" 2>/dev/null && with_new_files git diff --quiet --no-ext-diff "$began"
}
# Also where there is no index to copy.
changes() { with_own_index git status --porcelain 2>/dev/null || git status --porcelain; }
git worktree list --porcelain | while read -r key value; do
  case $key in
    worktree) tree=$value ;;
    HEAD) head=$value ;;
    detached) echo "ref $head $(git rev-list --count "$head" "$@") HEAD" ;;
    '') cd "$tree" 2>/dev/null && ! is_as_begun && changes | sed -n -e '1,20s/^/change /p' -e '$=' ;;
  esac
done
# Repositories within: no ref of this one reaches their commits. Linked worktrees are this one.
place() { (cd "$1" && cd "$(git rev-parse --git-common-dir)" && pwd -P) 2>/dev/null; }
own=$(place .)
find . -name node_modules -prune -o -name .git -prune -print 2>/dev/null | while read -r one; do
  one=${one%/.git}
  [ "$(place "$one")" != "$own" ] || continue
  ahead=$(git -C "$one" rev-list --count HEAD --branches --not --remotes --tags 2>/dev/null) || ahead=0
  changed=$(($(git -C "$one" status --porcelain 2>/dev/null | wc -l)))
  [ "$ahead$changed" = 00 ] || echo "within $ahead $changed ${one#./}"
done
echo end
