# A copy of your own set-up is mounted, and HOME has links to it. What the box has itself of the same name stays. A box without one
# takes out what an earlier one of the project had.
imported=
[ ! -e /paude/seed/imported ] || read -r imported </paude/seed/imported
if [ -n "$imported" ] || [ -d "$HOME/.claude/.imported" ]; then
  [ -z "$imported" ] || ln -sfn "/paude/imported/$imported" /tmp/.claude/imported
  for folder in . rules skills agents commands output-styles themes hooks; do
    [ -d "/tmp/.claude/imported/$folder" ] || [ -d "$HOME/.claude/$folder" ] || continue
    mkdir -p "$HOME/.claude/$folder"
    for link in "$HOME/.claude/$folder"/*; do
      [ -e "$link" ] || [ ! -L "$link" ] || rm -f "$link"
    done
    set --
    for entry in "/tmp/.claude/imported/$folder"/*; do
      case $folder/${entry##*/} in
      ./rules | ./skills | ./agents | ./commands | ./output-styles | ./themes | ./hooks | ./plugins | ./mcp.json | ./settings.json) ;;
      *) [ ! -e "$entry" ] || [ -e "$HOME/.claude/$folder/${entry##*/}" ] || set -- "$@" "$entry" ;;
      esac
    done
    [ $# = 0 ] || ln -s "$@" "$HOME/.claude/$folder/"
  done
  # Claude writes to these, so the box gets them anew only when yours have changed.
  mkdir -p "$HOME/.claude/plugins" "$HOME/.claude/.imported/plugins"
  for file in settings.json plugins/known_marketplaces.json plugins/installed_plugins.json; do
    new="/tmp/.claude/imported/$file" last="$HOME/.claude/.imported/$file" own="$HOME/.claude/$file"
    if [ -z "$imported" ]; then
      cmp -s "$last" "$own" && rm -f "$own"
    elif ! cmp -s "$new" "$last" || [ ! -e "$own" ]; then
      rm -f "$own" "$last"
      cp "$new" "$own" && cp "$new" "$last"
    fi
  done
  [ -n "$imported" ] || rm -rf "$HOME/.claude/.imported"
  unset folder link entry file new last own
fi 2>/dev/null
unset imported
