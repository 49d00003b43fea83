# Tries every way out of the agent's box and prints one fact a line: key=value. It judges nothing.
# Read from bash's stdin, so that neither the script nor what it looks for is in an argv, an environment or a file.
LC_ALL=C
scratch=/tmp/paude-selftest

main() {
  rm -rf "$scratch" && mkdir -p "$scratch"
  network
  proxy
  say stage proxy
  privileges
  modes
  devices
  say stage devices
  files
  project
  say stage files
  processes
  say stage processes
  secrets
  forks
  rm -rf "$scratch"
  say done yes
}

# One line, without control characters.
say() { printf '%s=%s\n' "$1" "$(printf %s "$2" | tr -c '[:print:]' ' ')"; }

# What a command says last, or `done` when it succeeds.
attempt() {
  local key=$1 text code
  shift
  text=$("$@" 2>&1 >/dev/null)
  code=$?
  text=${text%%$'\n'*}
  [ "$code" = 0 ] && say "$key" 'done' || say "$key" "refused: ${text##*: }"
}

# dial KEY PROTOCOL ADDRESS PORT; a packet that is merely not answered has left the box.
dial() {
  local error code
  error=$(timeout 2 bash -c ': 3<>"/dev/$0/$1/$2"' "$2" "$3" "$4" 2>&1)
  code=$?
  case $code in
    0) error=connected ;;
    124) error='no answer' ;;
    *) error=${error%%$'\n'*} && error=${error##*: } ;;
  esac
  say "$1" "$error"
}

network() {
  local address n=0
  dial tcp.192.0.2.1 tcp 192.0.2.1 443
  dial tcp.198.51.100.1 tcp 198.51.100.1 80
  dial tcp.203.0.113.1 tcp 203.0.113.1 8443
  dial tcp.10.0.0.1 tcp 10.0.0.1 22
  dial tcp6.documentation tcp 2001:db8::1 443
  dial tcp6.local tcp fd00::1 443
  dial metadata.tcp tcp 169.254.169.254 80
  dial dns.tcp tcp "$resolver" 53
  [ -n "$governor" ] && query dns.udp "$resolver" || dial dns.udp udp "$resolver" 53
  [ -z "$governor" ] || dial governor tcp "${!governor}" "${!governor_port}"
  dial udp.broadcast udp 224.0.0.251 5353
  dial host.allowed tcp "$host_address" "$allowed_port"
  dial host.other tcp "$host_address" "$closed_port"
  for address in $host_addresses; do
    dial "host.address.$((++n))" tcp "$address" "$closed_port"
  done
  dial neighbour.direct tcp "$neighbour" "$neighbour_port"
  dial proxy.direct tcp "$own_proxy" "$own_port"
  # Engines put a resolver there that forwards names to the outside.
  query dns.embedded 127.0.0.11
  say names "$(timeout 5 getent ahosts selftest.example.org | head -1)"
  say interfaces "$(sed -n 's/^ *\([^:|]*\):.*/\1/p' /proc/net/dev | tr '\n' ' ')"
  say routes "$(sed 1d /proc/net/route | cut -f1 | sort -u | tr '\n' ' ')"
  say routes6 "$(sed 's/.* //' /proc/net/ipv6_route 2>/dev/null | sort -u | tr '\n' ' ')"
  say listeners "$(listeners /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6)"
  say abstract "$(sed -n 's/.* \(@.*\)/\1/p' /proc/net/unix | tr '\n' ' ')"
  say hosts "$(sed 's/#.*//' /etc/hosts | tr -s '\t \n' ' ')"
  raw raw.icmp 2 1
  raw raw.packet 17 768
  family family.vsock 40 1
  family family.alg 38 5
  family_32_bit family.vsock32
  say namespace.new "$(unshare --user --map-root-user --net sed -n 's/^ *\([^:|]*\):.*/\1/p' /proc/net/dev 2>&1 | tr '\n' ' ')"
}

# query KEY ADDRESS: whether a resolver answers there.
query() {
  local answer=''
  if { exec 4<>"/dev/udp/$2/53"; } 2>/dev/null; then
    printf '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05paude\x07invalid\x00\x00\x01\x00\x01' 2>/dev/null >&4
    LC_ALL=C read -r -t 0.5 -N 1 -u 4 answer 2>/dev/null
    case $? in 0) answer='a resolver listens' ;; 1) answer='nothing listens' ;; *) answer='no answer' ;; esac
    exec 4>&-
  else
    answer='nothing listens'
  fi
  say "$1" "$answer"
}

# Local ends of listening TCP and bound UDP sockets, as the kernel writes them.
listeners() {
  local file row local state _
  for file; do
    while read -r _ local _ state _; do
      case $state in 0A | 07) printf '%s ' "$local" ;; esac
    done <"$file"
  done
}

raw() { say "$1" "$(perl -MSocket -e 'print socket(my $s, $ARGV[0], SOCK_RAW, $ARGV[1]) ? "opened" : "refused: $!"' "$2" "$3" 2>&1)"; }

# family KEY DOMAIN TYPE
family() { say "$1" "$(perl -e 'print socket(my $s, $ARGV[0], $ARGV[1], 0) ? "opened" : "refused: $!"' "$2" "$3" 2>&1)"; }

# A 32-bit program of x86, of 25 bytes in printf's notation: no tool calls the kernel that way.
program_32_bit() {
  {
    printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3\0\1\0\0\0\124\0\1\0\64\0\0\0\0\0\0\0\0\0\0\0\64\0\40\0\1\0\0\0\0\0\0\0'
    printf '\1\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\155\0\0\0\155\0\0\0\5\0\0\0\0\20\0\0'
    printf "$2"
  } >"$1" && chmod +x "$1"
}

# A vsock socket by socketcall, whose family no filter sees:
# push 0, 1, 40; mov ecx, esp; ebx = 1 (SYS_SOCKET); eax = 102; int 0x80; exit with the error, or with 253 for descriptor 3.
family_32_bit() {
  local code
  program_32_bit $scratch/family '\152\0\152\1\152\50\211\341\152\1\133\152\146\130\315\200\367\330\211\303\152\1\130\315\200'
  $scratch/family 2>/dev/null 3>&-
  code=$?
  [ "$code" -ge 128 ] && [ "$code" -ne 159 ] && say "$1" opened || say "$1" "refused: $code"
}

# ask KEY REQUEST-LINE HOST: the status the proxy answers with.
ask() {
  local status=''
  if { exec 3<>/dev/tcp/127.0.0.1/3128; } 2>/dev/null; then
    printf '%s\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$3" >&3
    read -r -t 12 -u 3 _ status _
    exec 3>&-
  fi
  say "$1" "${status:-no answer}"
}

connect() { ask "connect.$1" "CONNECT $2 HTTP/1.1" "$2"; }
get() { ask "get.$1" "GET $2 HTTP/1.1" "${3:-example.invalid}"; }

proxy() {
  local name=$host
  get help http://paude.internal/ paude.internal
  get unlisted http://selftest.example.org/ selftest.example.org
  connect unlisted selftest.example.org:443
  connect dotted 192.0.2.1:443
  connect decimal 3221225985:443
  connect hex 0xc0000201:443
  connect octal 0300.0.02.01:443
  connect loopback6 '[::1]:443'
  connect mapped '[::ffff:192.0.2.1]:443'
  connect literal6 '[2001:db8::1]:443'
  connect gateway "$host_address:$allowed_port"
  connect ssh "$name:22"
  connect smtp "$name:25"
  connect alternative "$name:8443"
  connect https "$name:443"
  get port443 "http://$name:443/" "$name:443"
  get closed "http://$name:$closed_port/" "$name:$closed_port"
  connect closed "$name:$closed_port"
  get metadata http://169.254.169.254/latest/meta-data/ 169.254.169.254
  connect metadata 169.254.169.254:80
  get self http://127.0.0.1:3128/ 127.0.0.1:3128
  connect self 127.0.0.1:3128
  connect localhost localhost:3128
  get manager http://127.0.0.1:3128/squid-internal-mgr/info 127.0.0.1:3128
  get manager.relative /squid-internal-mgr/info 127.0.0.1:3128
  get manager.scheme cache_object://127.0.0.1/info 127.0.0.1
  ask trace "TRACE http://$name:$allowed_port/ HTTP/1.1" "$name:$allowed_port"
  ask purge "PURGE http://$name:$allowed_port/ HTTP/1.1" "$name:$allowed_port"
  get https "https://$name:$allowed_port/" "$name:$allowed_port"
  get ftp "ftp://$name/" "$name"
  get userinfo "http://$name:$allowed_port@selftest.example.org/" selftest.example.org
  get header http://selftest.example.org/ "$name:$allowed_port"
  get dot http://selftest.example.org./ selftest.example.org.
  connect neighbour "$neighbour:3128"
  get neighbour "http://$neighbour:3128/" "$neighbour:3128"
  connect own "$own_proxy:3128"
  say get.allowed "$(curl -sS --max-time 12 -H 'Host: elsewhere.example' "http://$name:$allowed_port/selftest" 2>&1)"
  tunnel "$name" /sni-right
  tunnel selftest.example.org /sni-wrong
  plain
  say provider.messages "$(curl -sS --max-time 12 -o /dev/null -w '%{http_code}' -H "x-api-key: ${!variable}" -d '{}' "http://$provider_host:$provider_port/v1/messages" 2>&1)"
  say provider.other "$(curl -sS --max-time 12 -o /dev/null -w '%{http_code}' "http://$provider_host:$provider_port/v1/files" 2>&1)"
}

# A TLS tunnel to the allowed port that names SNI in its first message; the witness tells what arrived.
tunnel() {
  curl -sS --insecure --max-time 5 --proxytunnel --connect-to "$1:443:$host:$allowed_port" "https://$1$2" >/dev/null 2>&1
}

# Something that is no TLS, through a tunnel to the allowed port.
plain() {
  { exec 3<>/dev/tcp/127.0.0.1/3128; } 2>/dev/null || return
  printf 'CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n' "$host:$allowed_port" "$host:$allowed_port" >&3
  read -r -t 5 -u 3 _
  printf 'SSH-2.0-paude-selftest\r\n\r\n' >&3 2>/dev/null
  read -r -t 1 -u 3 _
  exec 3>&-
}

privileges() {
  local key value
  # At once: its numbers change their width meanwhile, and a line would be skipped.
  while IFS=$':\t' read -r key value; do
    case $key in Cap* | NoNewPrivs | Seccomp) say "status.$key" "${value##*$'\t'}" ;; esac
  done <<<"$(</proc/self/status)"
  say uid "$(id -u):$(id -g)"
  say passwd "$(getent passwd "$(id -u)")"
  say home "$HOME"
  attempt privilege.mount mount -t tmpfs none /mnt
  attempt privilege.chroot chroot / true
  attempt setuid.program setuid_gain
  attempt kernel.log dmesg
  attempt kernel.memory head -c 1 /proc/kcore
  attempt modules perl -e 'my ($number, $words) = (`uname -m` =~ /aarch64/ ? 105 : 175, ""); exit 0 if syscall($number, 0, 0, $words) == 0; print STDERR "init_module: $!"; exit 1'
}

# Succeeds when a setuid program runs as somebody else while it waits for its input.
setuid_gain() {
  local euid='' pid program
  program=$(find /usr/bin /usr/sbin /bin -xdev -perm -4000 ! -uid "$(id -u)" -name 'passwd' 2>/dev/null | head -1)
  [ -n "$program" ] || { echo 'gain: nothing of another user to start' >&2; return 1; }
  exec 5<> <(sleep 2)
  "$program" <&5 >/dev/null 2>&1 &
  pid=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    read -r _ _ euid _ < <(grep ^Uid: "/proc/$pid/status" 2>/dev/null) || break
    [ "$euid" = "$(id -u)" ] || break
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  exec 5>&-
  [ -n "$euid" ] && [ "$euid" != "$(id -u)" ] && return 0
  echo "gain: uid stays $(id -u)" >&2
  return 1
}

# Modes with which a program would run as whoever made it; the first is a control. The project is where the user's machine would obey.
modes() {
  local file=$project/of-the-self-test number
  : >"$file"
  attempt mode.plain chmod 1755 "$file"
  attempt mode-bits.chmod chmod 6755 "$file"
  attempt mode-bits.owner chmod u+s "$file"
  attempt mode-bits.group chmod g+s "$file"
  attempt mode-bits.install install -m 4755 "$file" "$file-3"
  attempt mode-bits.open perl -MFcntl -e 'umask 0; sysopen(my $f, $ARGV[0], O_WRONLY | O_CREAT, 04755) or die "open: $!\n"' "$file-4"
  case $(uname -m) in x86_64) number=133 ;; *) number=0 ;; esac
  [ "$number" = 0 ] || attempt mode-bits.mknod perl -e 'my $path = $ARGV[1]; syscall($ARGV[0], $path, 0104755, 0) == 0 or die "mknod: $!\n"' "$number" "$file-5"
  # ebx = the first word; ecx = 06755; eax = 15 (chmod); int 0x80; exit with the error.
  program_32_bit $scratch/mode '\213\134\44\10\271\355\15\0\0\152\17\130\315\200\367\330\211\303\152\1\130\315\200\220\220'
  $scratch/mode "$file" 2>/dev/null && say mode-bits.chmod32 'done' || say mode-bits.chmod32 "refused: $?"
  say mode.found "$(find "$project" $scratch -xdev -perm /6000 2>/dev/null | tr '\n' ' ')"
  rm -f "$file" "$file"-[345]
}

devices() {
  # Asked one by one: a folder calls what is mounted in it a plain file, as a rootless engine does with its devices.
  say devices "$(find /dev ! -path '/dev/pts/*' 2>/dev/null | sort | while read -r file; do { [ -b "$file" ] || [ -c "$file" ]; } && [ ! -L "$file" ] && printf '%s ' "$file"; done)"
  attempt mknod.block mknod "$scratch/block" b 8 0
  attempt mknod.character mknod "$scratch/memory" c 1 1
}

# Opens a file for writing, and writes nothing.
opens() { : >>"$1"; }
configures() { printf '[paude]\n\tselftest = box\n' >>"$1"; }

files() {
  local folder
  for folder in /usr /etc /paude /opt /var /paude/seed /paude/link $system_folders; do
    [ ! -d "$folder" ] || attempt "write$folder" touch "$folder/paude-selftest"
  done
  for file in /etc/passwd /etc/group /etc/resolv.conf /paude/seed/entry.sh /paude/seed/command.sh $system_files; do
    [ ! -e "$file" ] || attempt "open$file" opens "$file"
  done
  for file in /proc/sys/kernel/core_pattern /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/uevent_helper /sys/kernel/mm/ksm/run; do
    attempt "open$file" opens "$file"
  done
  say cgroup.writable "$(find /sys/fs/cgroup \( -name cgroup.procs -o -name release_agent -o -name devices.allow -o -name pids.max -o -name memory.max \) 2>/dev/null | while read -r file; do { : >>"$file"; } 2>/dev/null && printf '%s ' "$file"; done)"
  say mounts "$(awk '{ print $5 "|" $6 }' /proc/self/mountinfo 2>/dev/null || perl -ane 'print "$F[4]|$F[5]\n"' /proc/self/mountinfo)"
  say mount.names "$(grep -c "$neighbour_id" /proc/self/mountinfo)"
  say sockets "$(find / \( -path /proc -o -path /sys \) -prune -o -type s -print 2>/dev/null | tr '\n' ' ')"
  say resolv "$(wc -c </etc/resolv.conf)"
  say nameservers "$(sed -n 's/^nameserver *//p' /etc/resolv.conf | tr '\n' ' ')"
  say outside "$([ -e "$outside_file" ] && echo visible || echo 'not there')"
  say host.root "$(ls -d /host /mnt/* /media/* /rootfs 2>/dev/null | tr '\n' ' ')"
}

project() {
  attempt project.write touch "$project/from-the-box"
  say project.owner "$(stat -c %u:%g "$project/from-the-box" 2>/dev/null)"
  attempt project.hook touch "$project/.git/hooks/pre-commit"
  attempt project.config configures "$project/.git/config"
  attempt project.claude touch "$project/.claude/settings.local.json"
  attempt project.settings configures "$project/.claude/settings.json"
  attempt project.git mv "$project/.git" "$project/.git-away"
  attempt project.hooks mv "$project/.git/hooks" "$project/.git/hooks-away"
  attempt project.git-config rm -f "$project/.git/config"
}

processes() {
  local file name names=''
  for name in pid net mnt ipc uts; do
    say "namespace.$name" "$(readlink "/proc/self/ns/$name")"
  done
  for file in /proc/[0-9]*/comm; do
    read -r name 2>/dev/null <"$file" && names+="$name "
  done
  say commands "$names"
  say first "$(tr '\0' ' ' </proc/1/cmdline)"
  say keys "$(grep -c . /proc/keys 2>/dev/null)"
  say ipc "$(cat /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem 2>/dev/null | grep -vc '^ *key')"
  say shm "$(ls -A /dev/shm | tr '\n' ' ')"
}

# The value is known to this shell alone: grep reads it from a pipe.
secrets() {
  local agent
  agent=$(grep -lzs "^$variable=" /proc/[0-9]*/environ | head -1)
  say secret.control "$(grep -lFsz -f <(printf %s "$placeholder") /proc/[0-9]*/environ | wc -l)"
  say secret.environments "$(grep -lFsz -f <(printf %s "$needle") /proc/[0-9]*/environ | tr '\n' ' ')"
  say secret.words "$(grep -lFsz -f <(printf %s "$needle") /proc/[0-9]*/cmdline | tr '\n' ' ')"
  printf %s "$placeholder" >"$scratch/control"
  say secret.files.control "$(grep -rlFs -f <(printf %s "$placeholder") "$scratch" | wc -l)"
  say secret.files "$(grep -rlFs --devices=skip --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev -f <(printf %s "$needle") / 2>/dev/null | tr '\n' ' ')"
  say secret.link "$(grep -rlFs --devices=skip -f <(printf %s "$needle") /paude | tr '\n' ' ')"
  say variable "${!variable-}"
  say variables "$(tr '\0' '\n' <"${agent:-/proc/self/environ}" | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | sort | tr '\n' ' ')"
}

# Last, because it fills the box: how many processes can be started, with the limit at $pids.
forks() {
  local file
  for file in /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max; do
    [ ! -r "$file" ] || say pids.file "$(cat "$file")"
  done
  say pids.started "$(perl -e 'my ($most, @all) = (shift); while (@all < $most) { my $pid = fork; last unless defined $pid; if (!$pid) { sleep 20; exit } push @all, $pid } my $why = "$!"; kill 9, @all; waitpid($_, 0) for @all; print scalar(@all) . (@all < $most ? ", then refused: $why" : ", no end seen")' "$((pids * 2))" 2>&1)"
}
