# In a helper: prints a bundle of all refs of a repository, and of what is not committed or on no ref, as refs/paude/….
set -eu
cd "$1"
# What the clone began with, whatever the agent has done to the ref.
[ -z "$2" ] || git update-ref refs/paude/began "$2" || :
# Gives a name to what is not committed in this folder.
keep() {
  [ -n "$(git status --porcelain)" ] || return 0
  parent=$(git rev-parse --quiet --verify HEAD) || parent=
  export GIT_INDEX_FILE="/tmp/index.$$"
  git read-tree ${parent:---empty} && git add --all && tree=$(git write-tree) || exit
  unset GIT_INDEX_FILE
  made=$(git -c user.name=paude -c user.email=paude@localhost commit-tree ${parent:+-p "$parent"} -m 'What was not committed' "$tree")
  git update-ref "$1" "$made"
}
number=0
git worktree list --porcelain | while read -r key value; do
  case $key in
    worktree) number=$((number + 1)) tree=$value ;;
    HEAD) head=$value ;;
    detached) git update-ref "refs/paude/head-$number" "$head" ;;
    '') ! cd "$tree" 2>/dev/null || keep "refs/paude/uncommitted-$number" ;;
  esac
done
! head=$(git rev-parse --quiet --verify HEAD) || git update-ref refs/paude/head "$head"
number=0
git rev-list --walk-reflogs refs/stash 2>/dev/null | sed 1d | while read -r object; do
  number=$((number + 1))
  git update-ref "refs/paude/stash-$number" "$object"
done
# Repositories within, where they hold what their remotes do not.
place() { (cd "$1" && cd "$(git rev-parse --git-common-dir)" && pwd -P) 2>/dev/null; }
own=$(place .)
number=0
find . -name node_modules -prune -o -name .git -prune -print 2>/dev/null | while read -r one; do
  one=${one%/.git}
  [ "$(place "$one")" != "$own" ] || continue
  number=$((number + 1))
  ahead=$(git -C "$one" rev-list --count HEAD --branches --not --remotes --tags 2>/dev/null) || ahead=0
  [ "$ahead" != 0 ] || [ -n "$(git -C "$one" status --porcelain 2>/dev/null)" ] || continue
  (
    cd "$one"
    keep refs/paude/uncommitted
    ! head=$(git rev-parse --quiet --verify HEAD) || git update-ref refs/paude/head "$head"
  )
  git fetch --quiet --no-tags "$one" "+refs/*:refs/paude/within-$number/*" >&2
done
git bundle create -q - --all 2>/dev/null || git bundle create - --all
