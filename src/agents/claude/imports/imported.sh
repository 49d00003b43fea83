# A copy of your own set-up is mounted, and HOME has links to it. What the box has itself of the same name stays.
if read -r imported 2>/dev/null </paude/seed/imported; then
  ln -sfn "/paude/imported/$imported" /tmp/.claude/imported
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
    cmp -s "/tmp/.claude/imported/$file" "$HOME/.claude/.imported/$file" && [ -e "$HOME/.claude/$file" ] && continue
    rm -f "$HOME/.claude/$file" "$HOME/.claude/.imported/$file"
    cp "/tmp/.claude/imported/$file" "$HOME/.claude/$file" && cp "/tmp/.claude/imported/$file" "$HOME/.claude/.imported/$file"
  done
  unset imported folder link entry file
fi 2>/dev/null
