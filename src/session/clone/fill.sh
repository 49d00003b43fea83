# In a helper without network: makes a repository of the packs on stdin where the volume of a session is.
set -eu
root=$1 directory=$2 branch=$3 host=$4 commit=$5 format=$6 shallow=$7
cd "$root"
command -v git >/dev/null || { echo "paude: the image has no git, which a clone needs" >&2; exit 69; }
git init --quiet --template= --object-format="$format" . 2>/dev/null || git init --quiet --template= .
git symbolic-ref HEAD "refs/heads/$branch"
tar -xof - -C .git/objects/pack
cat >/dev/null
# These are copied while git writes the files: until then it reads them where they are.
linked=/paude/objects copying=
if [ -n "$(find $linked/pack -name 'pack-*' 2>/dev/null)" ]; then
  export GIT_ALTERNATE_OBJECT_DIRECTORIES=$linked
  mkdir .git/objects/linked
  cp $linked/pack/pack-* .git/objects/linked/ &
  copying=$!
fi
[ -z "$shallow" ] || printf %s "$shallow" >.git/shallow
git update-ref "refs/heads/$branch" "$commit"
git update-ref "refs/remotes/host/$host" "$commit"
export GIT_LFS_SKIP_SMUDGE=1
if [ ! -e .git/objects/pack/tree.tar ]; then
  git reset --quiet --hard
else
  # The index as it was, and the files as they were: what differs from the index is never made from it.
  (cd .git/objects/pack && mv index absent tree.tar ../..)
  cp .git/index .git/began
  export GIT_INDEX_FILE=.git/began
  git update-index --force-remove --stdin <.git/absent
  git checkout-index --quiet --all --force
  tar -xpof .git/tree.tar
  # With this a look tells what the agent did from what was there. paude keeps its name: the agent may write any ref, this one keeps it from gc.
  git add --all
  made=$(git -c user.name=paude -c user.email=paude@localhost commit-tree -p "$commit" -m 'What was not committed at the start' "$(git write-tree)")
  git update-ref refs/paude/began "$made"
  unset GIT_INDEX_FILE
  rm .git/began .git/absent .git/tree.tar
  git update-index -q --refresh || :
fi
if [ -n "$copying" ]; then
  wait "$copying"
  mv .git/objects/linked/* .git/objects/pack/
  rmdir .git/objects/linked
fi
mkdir -p -- "$directory"
# When git had all files: what has changed since has a later time. Nothing where find cannot tell it.
echo "${made:-} $(find .git/index -printf %C@ 2>/dev/null || :)"
