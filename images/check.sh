#!/bin/sh
# Looks at an image from inside and prints one key=value a line; judges nothing. $1 is the agent's program.
# Plain POSIX sh, and of the programs only those it has asked for: it runs in images of all kinds.
set -eu
agent=$1
say() { printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r' '  ')"; }
has() { command -v "$1" >/dev/null 2>&1; }

# The first line proves the shell; without tr no value could be cleaned.
printf 'sh=ok\n'
has tr || say() { printf '%s=%s\n' "$1" "$2"; }

say path "${PATH:-}"
say home "${HOME:-}"
if [ -r /etc/os-release ]; then
  say os "$(. /etc/os-release; printf '%s %s' "${ID:-}" "${ID_LIKE:-}")"
fi
libc=glibc
for file in /lib/ld-musl-*; do [ ! -e "$file" ] || libc=musl; done
say libc "$libc"
if [ "$libc" = musl ]; then
  missing=
  for library in libstdc++.so.6 libgcc_s.so.1; do [ -e "/usr/lib/$library" ] || missing="$missing $library"; done
  say libraries-missing "$missing"
fi

for program in bash curl wget git tar sudo; do
  if has "$program"; then say "$program" "$(command -v "$program")"; fi
done
missing=
for program in mkdir chmod chown cat date sleep env; do has "$program" || missing="$missing $program"; done
say tools-missing "$missing"
if has git; then say git-version "$(git --version 2>&1 || :)"; fi

say home-writable "$(mkdir -p "$HOME/.$agent" 2>&1 && printf yes || :)"
say root-writable "$( (: > /paude-probe) 2>/dev/null && printf yes || printf no)"
if [ -r /proc/self/status ]; then
  while read -r key value; do
    case $key in CapEff:) say capabilities "$value" ;; NoNewPrivs:) say no-new-privileges "$value" ;; esac
  done < /proc/self/status
fi

for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
  if [ -s "$file" ]; then say ca "$file"; break; fi
done
for folder in /usr/share/terminfo /lib/terminfo /etc/terminfo /usr/lib/terminfo; do
  for file in "$folder/x/xterm-256color" "$folder/78/xterm-256color"; do
    if [ -e "$file" ]; then say terminfo "$file"; break 2; fi
  done
done

if has "$agent"; then
  say agent "$(command -v "$agent")"
  code=0
  limit=
  if has timeout; then limit='timeout 20'; fi
  # Two words or none.
  # shellcheck disable=SC2086
  output=$($limit "$agent" --version 2>&1) || code=$?
  say agent-code "$code"
  say agent-output "$(printf '%.300s' "$output")"
else
  for folder in /usr/local/bin /usr/bin /opt/*/bin /root/.local/bin /home/*/.local/bin /usr/local/lib/node_modules/.bin; do
    if [ -e "$folder/$agent" ]; then say agent-elsewhere "$folder/$agent"; break; fi
  done
fi
# Its absence tells that the script was cut short.
printf 'end=ok\n'
