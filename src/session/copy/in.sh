# Says in one line where a tar stream is to go, or why not, and unpacks it there: as the agent, and so nowhere else than it may write.
to=$1 name=$2 force=$3 said=at
no() { echo "$1"; exit 1; }
command -v tar >/dev/null || no no-tar
if [ "$name" = '' ]; then
  folder=$to
  [ -d "$to" ] || mkdir -- "$to" || no missing
  [ "$force" = 1 ] || [ -z "$(ls -A -- "$to")" ] || no exists
else
  if [ -d "$to" ]; then folder=$to said=into; else folder=$(dirname -- "$to") name=${to##*/}; fi
  [ -d "$folder" ] || no missing
  [ "$force" = 1 ] || { [ ! -e "$folder/$name" ] && [ ! -L "$folder/$name" ]; } || no exists
fi
[ -w "$folder" ] || no closed
cd -- "$folder" && echo "$said" && exec tar -xof -
