# Prints a file or folder of the box as a tar stream; a link that was named is followed, in the box.
path=$(readlink -f -- "$1") && [ -e "$path" ] || exit 66
command -v tar >/dev/null || exit 67
cd -- "${path%/*}/" && exec tar -cf - -- "./${path##*/}"
