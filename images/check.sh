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

limit=
if has timeout; then limit='timeout 20'; fi

# A program that obeys the variable which names the certificates of a session complains of a file that is not there.
nothing=/tmp/paude-no-certificates.pem
if has node; then
  say node-version "$(node --version 2>&1 || :)"
  output=$(NODE_EXTRA_CA_CERTS=$nothing node -e 'require("tls").createSecureContext()' 2>&1 || :)
  case $output in *"$nothing"*) say trust-node yes ;; *) say trust-node no ;; esac
fi
if has python3; then
  there=/tmp/paude-certificates.pem
  : > "$there"
  output=$(SSL_CERT_FILE=$there python3 -c 'import ssl; print(ssl.get_default_verify_paths().cafile)' 2>&1 || :)
  case $output in *"$there"*) say trust-python yes ;; *) say trust-python no ;; esac
fi
# Others read it once they are connected: to anything that listens here.
place=/tmp/paude-port
if has perl; then
  perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 5) or exit 1; open my $f, ">", $ARGV[0] or exit 1; print $f $s->sockport, "\n"; close $f; alarm 60; while (my $c = $s->accept) { close $c }' "$place" >/dev/null 2>&1 &
elif has python3; then
  python3 -c 'import signal, socket, sys
signal.alarm(60)
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
open(sys.argv[1], "w").write("%d\n" % s.getsockname()[1])
while True: s.accept()[0].close()' "$place" >/dev/null 2>&1 &
elif has node; then
  node -e 'const s = require("net").createServer((c) => c.destroy()).listen(0, "127.0.0.1", () => require("fs").writeFileSync(process.argv[1], s.address().port + "\n")); setTimeout(() => process.exit(), 60000)' "$place" >/dev/null 2>&1 &
fi
port=
for _ in 1 2 3 4 5 6 7 8 9 10; do
  if [ -s "$place" ]; then
    read -r port < "$place" || :
    break
  fi
  has perl || has python3 || has node || break
  sleep 1
done
if [ -n "$port" ]; then
  if has curl; then
    code=0
    # shellcheck disable=SC2086
    CURL_CA_BUNDLE=$nothing $limit curl --silent "https://127.0.0.1:$port/" >/dev/null 2>&1 || code=$?
    if [ "$code" = 77 ]; then say trust-curl yes; else say trust-curl no; fi
  fi
  if has git; then
    # shellcheck disable=SC2086
    output=$(LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_SSL_CAINFO=$nothing $limit git ls-remote "https://127.0.0.1:$port/x" 2>&1 || :)
    case $output in *"$nothing"* | *'CA cert'* | *'ca cert'*) say trust-git yes ;; *) say trust-git no ;; esac
  fi
fi

if has "$agent"; then
  say agent "$(command -v "$agent")"
  code=0
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
