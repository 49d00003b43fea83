# In a helper: prints a bundle of all refs of a repository, and of what is not committed, as refs/paude/….
set -eu
cd "$1"
number=0
git worktree list --porcelain | sed -n 's/^worktree //p' | while read -r tree; do
  number=$((number + 1))
  cd "$tree" 2>/dev/null || continue
  [ -n "$(git status --porcelain)" ] || continue
  export GIT_INDEX_FILE=/tmp/index.$number
  git read-tree HEAD && git add --all
  made=$(git -c user.name=paude -c user.email=paude@localhost commit-tree -p HEAD -m 'What was not committed' "$(git write-tree)")
  git update-ref "refs/paude/uncommitted-$number" "$made"
done
! head=$(git rev-parse --quiet --verify HEAD) || git update-ref refs/paude/head "$head"
git bundle create -q - --all 2>/dev/null || git bundle create - --all
