# In a helper without network: puts the files of a conversation below HOME, where it gets another id.
set -eu
umask 077
cd "$1"
old=$2 new=$3
shift 3
tar -xof -
cat >/dev/null
for place; do
  [ ! -e "$place" ] || find "$place" -type f -name '*.jsonl' -exec sed -i "s/$old/$new/g" {} +
done
