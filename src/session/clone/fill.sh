# In a helper without network: makes a repository of the packs on stdin where the volume of a session is.
set -eu
root=$1 directory=$2 branch=$3 host=$4 commit=$5 format=$6 shallow=$7
cd "$root"
command -v git >/dev/null || { echo "paude: the image has no git, which a clone needs" >&2; exit 69; }
git init --quiet --template= --object-format="$format" . 2>/dev/null || git init --quiet --template= .
git symbolic-ref HEAD "refs/heads/$branch"
tar -xof - -C .git/objects/pack
cat >/dev/null
[ -z "$shallow" ] || printf %s "$shallow" >.git/shallow
git update-ref "refs/heads/$branch" "$commit"
git update-ref "refs/remotes/host/$host" "$commit"
GIT_LFS_SKIP_SMUDGE=1 git reset --quiet --hard
mkdir -p -- "$directory"
