/**
 * System calls that a box may make, whichever engine runs it: what ordinary programs need and nothing that mounts, loads, traces the
 * kernel, makes a namespace or reaches keyrings. Names of the kernel's own tables (arch/*, include/uapi/asm-generic/unistd.h), of
 * 64-bit and 32-bit programs on x86 and ARM; engines pass over those that a machine does not have.
 */
const CALLS = `
_llseek _newselect accept accept4 access adjtimex alarm arch_prctl arm_fadvise64_64 arm_sync_file_range bind breakpoint brk cacheflush
cachestat capget capset chdir chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range dup dup2 dup3 epoll_create
epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2
fadvise64 fadvise64_64 fallocate fchdir fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr
file_getattr file_setattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate
ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd
getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp
getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt
gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel
io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc kill
landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr
listxattrat llistxattr lremovexattr lseek lsetxattr lsm_get_self_attr lsm_list_modules lsm_set_self_attr lstat lstat64 madvise
map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mlock mlock2 mlockall mmap mmap2 mprotect
mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl
msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat pause pidfd_getfd
pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2
process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read readahead
readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat
renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg
sendto set_robust_list set_thread_area set_tid_address set_tls setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit
setsid setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd signalfd4
sigpending sigprocmask sigreturn sigsuspend splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range
sync_file_range2 syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime
timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64
ugetrlimit umask uname unlink unlinkat utime utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write writev
`
  .trim()
  .split(/\s+/)

/** Refused as forbidden. What is in neither list is refused as unknown where the engine can say so, so that a libc falls back to an older call. */
const FORBIDDEN = `
acct add_key bpf chroot delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick init_module io_uring_enter
io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages modify_ldt mount
mount_setattr move_mount move_pages open_by_handle_at open_tree perf_event_open pivot_root process_madvise quotactl quotactl_fd reboot
request_key set_mempolicy setdomainname sethostname setns settimeofday swapoff swapon syslog umount umount2 unshare userfaultfd vhangup
vmsplice
`
  .trim()
  .split(/\s+/)

/**
 * Unix, IPv4, IPv6 and netlink. Not vsock, which leads to the host of a virtual machine past every network namespace (the filters of
 * docker 20.10.24 in Debian and podman 4.3 let it through); nor the kernel's ciphers (alg), nor raw packets.
 */
const FAMILIES = [1, 2, 10, 16]

/** CLONE_NEW* of everything that clone(2) can make: a namespace of its own gives back capabilities inside it. */
const NEW_NAMESPACES = 0x7e_02_00_00

/** Ordinary Linux, with or without uname26 or a fixed layout; and the question what holds. */
const PERSONALITIES = [0x0, 0x8, 0x2_00_00, 0x2_00_08, 0xff_ff_ff_ff]

/** S_ISUID and S_ISGID: a program that the box leaves in the project would run as you, or in your group, whoever of your machine starts it. */
const RUNS_AS_OWNER = 0o6000

/** At which argument a call takes a mode. mkdir has one, too: the kernel itself takes these two bits out of it. */
const MODES: Readonly<Record<string, number>> = {
  chmod: 1,
  fchmod: 1,
  fchmodat: 2,
  fchmodat2: 2,
  creat: 1,
  mknod: 1,
  mknodat: 2,
}

/** At which argument a call takes flags; its mode is the next one, and only counts when the flags say that a file is made. */
const OPENINGS: Readonly<Record<string, number>> = { open: 1, openat: 2 }
/** O_CREAT and O_TMPFILE, which are the same on x86 and ARM. */
const MAKES_FILE = 0o20_000_100

const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97]

type Condition = { readonly index: number; readonly op: string; readonly value: number; readonly valueTwo?: number }
type Rule = {
  readonly names: readonly string[]
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
  readonly errnoRet?: number
  readonly args?: readonly Condition[]
}

/** That a call's argument has just these of the masked bits. */
const bits = (index: number, mask: number, value: number): Condition => ({
  index,
  op: 'SCMP_CMP_MASKED_EQ',
  value: mask,
  valueTwo: value,
})

const allows = (name: string, ...args: readonly Condition[]): Rule => ({ names: [name], action: 'SCMP_ACT_ALLOW', args })

/** Refused as forbidden whatever the default is: what sets modes tells its user of that, and of nothing else. */
const forbids = (name: string, mode: number, ...args: readonly Condition[]): readonly Rule[] =>
  [0o2000, 0o4000, 0o6000].map((value) => ({
    names: [name],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: EPERM,
    args: [...args, bits(mode, RUNS_AS_OWNER, value)],
  }))

const equals = (name: string, value: number): Rule => allows(name, { index: 0, op: 'SCMP_CMP_EQ', value })

const rules: readonly Rule[] = [
  { names: CALLS, action: 'SCMP_ACT_ALLOW' },
  ...FAMILIES.map((family) => equals('socket', family)),
  equals('socketpair', 1),
  ...PERSONALITIES.map((personality) => equals('personality', personality)),
  allows('clone', bits(0, NEW_NAMESPACES, 0)),
  // Of oneself alone: an agent could leave the first program of its box without files, and so itself without a way out.
  allows('prlimit64', bits(0, 0xff_ff_ff_ff, 0)),
  ...Object.entries(MODES).flatMap(([name, mode]) => [allows(name, bits(mode, RUNS_AS_OWNER, 0)), ...forbids(name, mode)]),
  ...Object.entries(OPENINGS).flatMap(([name, flags]) => [
    allows(name, bits(flags, MAKES_FILE, 0)),
    allows(name, bits(flags + 1, RUNS_AS_OWNER, 0)),
    ...[0o100, 0o20_000_000, MAKES_FILE].flatMap((made) => forbids(name, flags + 1, bits(flags, MAKES_FILE, made))),
  ]),
  // What they are asked for lies in memory, where no filter looks: programs fall back to clone and openat.
  { names: ['clone3', 'openat2'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  // 32-bit x86 asks for sockets by it too, with the family in memory, and a rule for `socket` is written for both by libseccomp. An error
  // that no engine has for a default: docker 20.10 drops a rule that says EPERM, podman 4.3 one that says ENOSYS.
  { names: ['socketcall'], action: 'SCMP_ACT_ERRNO', errnoRet: EAFNOSUPPORT },
  { names: FORBIDDEN, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
]

/** Its name in seed/. */
export const SECCOMP_FILE = 'seccomp.json'

/** The filter of a box as engines of containers read it from a file. */
export const SECCOMP_PROFILE = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: ENOSYS,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  syscalls: rules,
})
