# In a helper without network: makes a repository of the bundle on stdin where the volume of a session is.
set -eu
root=$1 directory=$2 branch=$3 base=$4 format=$5
cd "$root"
command -v git >/dev/null || { echo "paude: the image has no git, which a clone needs" >&2; exit 69; }
git init --quiet --template= --object-format="$format" . 2>/dev/null || git init --quiet --template= .
git symbolic-ref HEAD refs/heads/none
cat >.git/paude.bundle
git -c transfer.fsckObjects=true fetch --quiet --no-tags .git/paude.bundle '+refs/*:refs/*'
rm .git/paude.bundle .git/FETCH_HEAD
git cat-file -e "$base^{commit}"
# Where it was: on the branch of the session, on another one, or on none.
head=$(git rev-parse --quiet --verify 'refs/paude/head^{commit}') || head=$base
if [ "$(git rev-parse --quiet --verify "refs/heads/$branch")" = "$head" ]; then
  git symbolic-ref HEAD "refs/heads/$branch"
else
  other=$(git for-each-ref --count=1 --points-at="$head" --format='%(refname)' refs/heads)
  if [ -n "$other" ]; then git symbolic-ref HEAD "$other"; else git update-ref --no-deref HEAD "$head"; fi
fi
export GIT_LFS_SKIP_SMUDGE=1
git reset --quiet --hard
if git rev-parse --quiet --verify refs/paude/uncommitted-1 >/dev/null; then
  git read-tree -m -u HEAD refs/paude/uncommitted-1
  git reset --quiet
fi
# The oldest first: a log of its own has them.
if stash=$(git rev-parse --quiet --verify refs/stash); then
  git update-ref -d refs/stash
  git for-each-ref --format='%(refname)' 'refs/paude/stash-*' | sort -t- -k2 -rn | while read -r one; do git stash store -m restored "$one"; done
  git stash store -m restored "$stash"
fi
git for-each-ref --format='delete %(refname)' refs/paude/head 'refs/paude/stash-*' refs/paude/uncommitted-1 | git update-ref --stdin
mkdir -p -- "$directory"
