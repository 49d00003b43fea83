/*
 * The first program of a box. It brings 127.0.0.1:3128 of the box to the proxy's socket, proves that nothing else leads out, and then
 * starts what was asked for, of which it is the init from then on. Static, so that nothing of the box's image runs before the proof;
 * process 1, so that nothing in the box can end it and the way out comes back whatever the agent does.
 *
 *   init [--wall=MODE [--base-url]] [--owner=UID] -- PROGRAM [WORD]…   MODE: restricted, record, or open; UID: what root is outside
 *   init own UID GID FOLDER…                             makes folders that are not there, and hands all of them over
 *   init forward PORT NAME [SECONDS]                     stdin and stdout become a connection to a port of the box's loopback
 *   init leash NAME                                      ends all of a name when its own stdin ends
 *
 * Ends as the program does; 128 + N after signal N; 125 when the wall did not hold, and then nothing was started.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINK "/paude/link/"
#define FAILED 125

static void say(const char *format, ...) {
  va_list words;
  va_start(words, format);
  fputs("paude: ", stderr);
  vfprintf(stderr, format, words);
  fputc('\n', stderr);
  va_end(words);
}

/* Ends before anything was started. */
static void fail(const char *what) {
  say("%s", what);
  exit(FAILED);
}

static long long now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

static void nap_ms(long ms) { nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL); }

/* ---- The relay ---------------------------------------------------------------------------------------------------------------- */

enum { PIECE = 64 * 1024, PATIENCE = 3000, AGAIN = 20 };

/* Connections at a time; fewer where the box may not have that many files. */
static int most = 500;

/* One end of a connection: what was read from the other end and not taken yet, and whether that one has said all. */
struct end {
  int fd;
  bool said_all, told, gone; /* read to its end; told that the other one has said all; closed for both ways */
  unsigned events;
  char *waiting; /* for this end */
  size_t from, to;
  struct pair *pair;
};

/* A connection of the box and its way to the proxy; until `deadline` the proxy is tried that does not take it. */
struct pair {
  struct end box, proxy;
  const char *path;
  long long deadline;
  bool dead;
  struct pair *next;
};

struct door {
  int fd;
  const char *path;
  bool open;
};

static int poller = -1, connections = 0;
static struct door doors[2];
static int door_count = 0;
static struct pair *trying = NULL, *dying = NULL;
static long long rest_until = 0; /* until then no door is open */
static char piece[PIECE];

/* What epoll hands back: doors and signals by number, ends by their address. */
enum { SIGNALS = 1, DOORS = 2, NUMBERS = 16 };

static void watch_number(int fd, unsigned events, long number) {
  struct epoll_event event = {.events = events, .data.ptr = (void *)number};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) fail("the relay cannot be watched");
}

static struct end *other_than(struct end *end) { return end == &end->pair->box ? &end->pair->proxy : &end->pair->box; }

/* An end of which nothing is wanted is not watched at all: that it was closed would be told again and again. */
static bool watch(struct end *end) {
  struct end *other = other_than(end);
  unsigned events = 0;
  if (!end->said_all && other->to == 0) events |= EPOLLIN;
  if (end->to > 0) events |= EPOLLOUT;
  if (events == end->events) return true;
  int change = events == 0 ? EPOLL_CTL_DEL : end->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(poller, change, end->fd, &(struct epoll_event){.events = events, .data.ptr = end}) != 0) return false;
  end->events = events;
  return true;
}

static void keep_doors(void) {
  for (int at = 0; at < door_count; at++) {
    bool open = connections < most && now_ms() >= rest_until;
    if (open == doors[at].open) continue;
    doors[at].open = open;
    struct epoll_event event = {.events = open ? EPOLLIN : 0, .data.ptr = (void *)(long)(DOORS + at)};
    epoll_ctl(poller, EPOLL_CTL_MOD, doors[at].fd, &event);
  }
}

/* Closes both ends; the memory is freed when no event of this round can name it any more. */
static void drop(struct pair *pair) {
  if (pair->dead) return;
  pair->dead = true;
  for (struct pair **at = &trying; *at; at = &(*at)->next)
    if (*at == pair) {
      *at = pair->next;
      break;
    }
  /* Taken out by name: a child that has not started its program yet still has copies of them. */
  for (struct end *end = &pair->box; end; end = end == &pair->box ? &pair->proxy : NULL) {
    if (end->events) epoll_ctl(poller, EPOLL_CTL_DEL, end->fd, NULL);
    if (end->fd >= 0) close(end->fd);
  }
  free(pair->box.waiting);
  free(pair->proxy.waiting);
  pair->next = dying;
  dying = pair;
  connections--;
}

static void bury(void) {
  while (dying) {
    struct pair *next = dying->next;
    free(dying);
    dying = next;
  }
  keep_doors();
}

/* Whether the other end may hear that this one has said all, and whether both have. */
static bool pass_end_on(struct end *from, struct end *to) {
  if (from->said_all && to->to == 0 && !to->told) {
    to->told = true;
    shutdown(to->fd, SHUT_WR);
  }
  return to->told;
}

/* From one end to the other until it would have to wait. False when the connection is over. */
static bool move(struct end *from, struct end *to) {
  if (to->to > 0) {
    ssize_t sent = send(to->fd, to->waiting + to->from, to->to - to->from, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) to->from += sent;
    if (to->from == to->to) {
      free(to->waiting);
      to->waiting = NULL;
      to->from = to->to = 0;
    }
  } else if (!from->said_all) {
    ssize_t got = recv(from->fd, piece, PIECE, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) from->said_all = true;
    else {
      ssize_t sent = send(to->fd, piece, got, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (sent < 0) sent = 0;
      if (sent < got) {
        to->waiting = malloc(got - sent);
        if (!to->waiting) return false;
        memcpy(to->waiting, piece + sent, got - sent);
        to->from = 0;
        to->to = got - sent;
      }
    }
  }
  return true;
}

static void serve(struct end *end, unsigned events) {
  struct pair *pair = end->pair;
  if (pair->dead) return;
  struct end *other = other_than(end);
  if (events & EPOLLHUP) end->gone = true;
  bool alive = true;
  if (!end->said_all && other->to == 0) alive = !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || move(end, other);
  else if (events & EPOLLERR) alive = false;
  if (alive && (events & EPOLLOUT) && end->to > 0) alive = move(other, end);
  /* Not cut short: each hears first that the other has said all. */
  bool first = pass_end_on(end, other), second = pass_end_on(other, end);
  if ((first && second) || (end->gone && first) || (other->gone && second)) alive = false;
  if (!alive || !watch(end) || !watch(other)) drop(pair);
}

static bool dial(const char *path, int *fd) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (*fd < 0) return false;
  if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0) return true;
  close(*fd);
  *fd = -1;
  return false;
}

static void join(struct pair *pair) {
  if (!watch(&pair->box) || !watch(&pair->proxy)) drop(pair);
}

static void take(struct door *door) {
  while (connections < most) {
    int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      /* Nothing is free for one more: asked again in a while, since the door would tell of it at once. */
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) rest_until = now_ms() + 100;
      break;
    }
    struct pair *pair = calloc(1, sizeof *pair);
    if (!pair) {
      close(fd);
      break;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    pair->box.fd = fd;
    pair->box.pair = pair->proxy.pair = pair;
    pair->proxy.fd = -1;
    pair->path = door->path;
    connections++;
    if (dial(pair->path, &pair->proxy.fd)) {
      join(pair);
      continue;
    }
    /* The proxy is not there yet, or has many to take. */
    pair->deadline = now_ms() + PATIENCE;
    pair->next = trying;
    trying = pair;
  }
  keep_doors();
}

static void try_again(void) {
  struct pair *left = trying;
  trying = NULL;
  while (left) {
    struct pair *pair = left;
    left = pair->next;
    pair->next = NULL;
    if (dial(pair->path, &pair->proxy.fd)) join(pair);
    else if (now_ms() > pair->deadline) drop(pair);
    else {
      pair->next = trying;
      trying = pair;
    }
  }
}

static void open_door(int port, const char *path) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 512)) fail("the relay cannot listen on the loopback of the sandbox");
  doors[door_count] = (struct door){.fd = fd, .path = path, .open = true};
  watch_number(fd, EPOLLIN, DOORS + door_count++);
}

/* ---- The proof ---------------------------------------------------------------------------------------------------------------- */

static char receipt[3800];
static size_t written = 0;
static char broken[1600];

static void note(const char *format, ...) {
  va_list words;
  va_start(words, format);
  int count = vsnprintf(receipt + written, sizeof receipt - written, format, words);
  va_end(words);
  if (count < 0 || written + count >= sizeof receipt) fail("the receipt is too long");
  written += count;
}

static void verdict(const char *name, const char *target, const char *outcome, bool ok) {
  note("%s{\"name\":\"%s\",\"target\":\"%s\",\"outcome\":\"%s\",\"ok\":%s}", receipt[written - 1] == '[' ? "" : ",", name, target, outcome, ok ? "true" : "false");
  if (ok) return;
  size_t used = strlen(broken);
  snprintf(broken + used, sizeof broken - used, "%s%s (%s): %s", used ? ", " : "", name, target, outcome);
}

/* Waits until a socket can be read from or written to. */
static bool ready(int fd, short events, int ms) {
  struct pollfd one = {.fd = fd, .events = events};
  return poll(&one, 1, ms) == 1;
}

/* No route must exist: even a refused or a silent connection has left the namespace. Connecting UDP sends no packet. */
static void unreachable(const char *name, bool udp, const char *address, int port) {
  char target[80];
  bool six = strchr(address, ':') != NULL;
  snprintf(target, sizeof target, "%s %s:%d", udp ? "udp" : "tcp", address, port);
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 long_one = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (inet_pton(six ? AF_INET6 : AF_INET, address, six ? (void *)&long_one.sin6_addr : (void *)&four.sin_addr) != 1)
    return verdict(name, target, "no address", false);
  int fd = socket(six ? AF_INET6 : AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
  if (fd < 0) error = errno;
  else if (connect(fd, six ? (void *)&long_one : (void *)&four, six ? sizeof long_one : sizeof four) != 0) error = errno;
  if (error == EINPROGRESS) {
    socklen_t size = sizeof error;
    if (!ready(fd, POLLOUT, 1500)) error = ETIMEDOUT;
    else getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    /* It was sent somewhere: whatever came back, there is a way. */
    verdict(name, target, error == 0 ? "connected" : strerror(error), false);
  } else if (error == ENETUNREACH) verdict(name, target, "network unreachable", true);
  else if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) verdict(name, target, "no such network", true);
  else verdict(name, target, error == 0 ? "connected" : strerror(error), false);
  if (fd >= 0) close(fd);
}

/* Engines put a resolver on loopback that forwards names to the outside. Here nobody may listen. */
static void embedded_resolver(void) {
  static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05paude\x07invalid\x00\x00\x01\x00\x01";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
  inet_pton(AF_INET, "127.0.0.11", &address.sin_addr);
  char answer[8];
  bool nobody = true;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && send(fd, query, sizeof query - 1, 0) > 0)
    nobody = ready(fd, POLLIN, 300) && recv(fd, answer, sizeof answer, 0) < 0;
  verdict("dns-embedded", "udp 127.0.0.11:53", nobody ? "nothing listens" : "a resolver listens", nobody);
  if (fd >= 0) close(fd);
}

/* Whether every line of a table of the kernel names the loopback, at the column where the interface stands. */
static bool only_loopback(const char *path, bool last_word) {
  FILE *file = fopen(path, "re");
  if (!file) return errno == ENOENT;
  char line[512];
  bool ok = true;
  while (fgets(line, sizeof line, file)) {
    size_t length = strcspn(line, "\n");
    while (length && isspace((unsigned char)line[length - 1])) length--;
    line[length] = 0;
    if (last_word) ok = ok && length > 3 && strcmp(line + length - 3, " lo") == 0;
    else ok = ok && (strncmp(line, "Iface", 5) == 0 || (strncmp(line, "lo", 2) == 0 && isspace((unsigned char)line[2])));
  }
  fclose(file);
  return ok;
}

static void loopback_only(void) {
  bool ok = only_loopback("/proc/net/route", false) && only_loopback("/proc/net/if_inet6", true);
  verdict("interfaces", "routes and addresses", ok ? "loopback only" : "more than loopback", ok);
}

/* What the proxy answers by way of the relay: the status, or 0. */
static int ask(const char *request, const char *host, int ms) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(3128), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char text[512], answer[64] = "";
  size_t length = snprintf(text, sizeof text, "%s\r\nHost: %s\r\nConnection: close\r\n\r\n", request, host), got = 0;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
  if (fd < 0) return 0;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length) {
    long long deadline = now_ms() + ms;
    while (got < 12 && ready(fd, POLLIN, deadline > now_ms() ? (int)(deadline - now_ms()) : 0)) {
      ssize_t more = recv(fd, answer + got, sizeof answer - 1 - got, 0);
      if (more <= 0) break;
      got += more;
    }
    if (sscanf(answer, "HTTP/1.%*d %3d", &status) != 1) status = 0;
  }
  close(fd);
  return status;
}

/* A connection that is closed without a word is no way out and no answer either: asked again, three times at most. */
static void answers(const char *name, int wanted, const char *request, const char *host) {
  int status = 0;
  for (int try = 0; try < 3 && status == 0; try++) {
    if (try) nap_ms(50);
    status = ask(request, host, 1500);
  }
  char said[16] = "no answer";
  if (status) snprintf(said, sizeof said, "%d", status);
  verdict(name, request, said, status == wanted);
}

static void await_proxy(void) {
  const long wait = 10;
  long long deadline = now_ms() + wait * 1000;
  struct stat there;
  while (stat(LINK "proxy.sock", &there) != 0 || ask("GET http://paude.internal/ HTTP/1.1", "paude.internal", 1500) != 200) {
    if (now_ms() > deadline) {
      say("the proxy did not answer within %ld seconds", wait);
      exit(FAILED);
    }
    nap_ms(2);
  }
}

/* In a process of its own, since the relay goes on meanwhile; the receipt is what it prints. */
static int prove(const char *mode, int out) {
  await_proxy();
  note("{\"v\":1,\"network\":\"%s\",\"canaries\":[", mode);
  if (strcmp(mode, "open") != 0) {
    char gateway[64] = "";
    FILE *file = fopen(LINK "gateway", "re");
    if (file && fgets(gateway, sizeof gateway, file)) gateway[strcspn(gateway, "\n")] = 0;
    if (file) fclose(file);
    unreachable("tcp-direct", false, "192.0.2.1", 443);
    unreachable("tcp-ipv6", false, "2001:db8::1", 443);
    unreachable("host-gateway", false, *gateway ? gateway : "192.0.2.2", 80);
    unreachable("metadata", false, "169.254.169.254", 80);
    unreachable("dns-tcp", false, "192.0.2.53", 53);
    unreachable("dns-udp", true, "192.0.2.53", 53);
    embedded_resolver();
    loopback_only();
    answers("connect-literal", 403, "CONNECT 192.0.2.1:443 HTTP/1.1", "192.0.2.1:443");
    answers("connect-port", 403, "CONNECT canary.paude.internal:22 HTTP/1.1", "canary.paude.internal:22");
    answers("http-unlisted", 403, "GET http://canary.paude.internal/ HTTP/1.1", "canary.paude.internal");
    answers("help-page", 200, "GET http://paude.internal/ HTTP/1.1", "paude.internal");
  }
  note("],\"ok\":%s}\n", *broken ? "false" : "true");
  if (write(out, receipt, written) != (ssize_t)written) return FAILED;
  if (!*broken) return 0;
  say("the wall around the agent is not closed: %s", broken);
  return FAILED;
}

/*
 * Told to the proxy, which logs the first line it hears from a box and no later one. The pipe stays open for as long as the box lives: its
 * end tells the proxy that another box may come, and only process 1 can close it.
 */
static bool hand_in(int from) {
  ssize_t length = read(from, receipt, sizeof receipt);
  if (length <= 0) return false;
  int fd = -1;
  for (long long deadline = now_ms() + 5000; fd < 0 && now_ms() < deadline; nap_ms(2))
    if ((fd = open(LINK "receipt", O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0) break;
  return fd >= 0 && write(fd, receipt, length) == length;
}

/* ---- The init ----------------------------------------------------------------------------------------------------------------- */

static pid_t prover = -1, program = -1;
static sigset_t before;
static struct rlimit files;

/* docker's client tells the size of its terminal when the box runs already: a program that asks once would hear of no columns. */
static void await_size(void) {
  struct winsize size;
  for (int tries = 0; tries < 250 && ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_col == 0; tries++) nap_ms(2);
}

static void start(char *const words[]) {
  program = fork();
  if (program < 0) fail("no process can be started");
  if (program > 0) return;
  /* A group of its own in front of its terminal, as a shell would start it. */
  setpgid(0, 0);
  if (isatty(0)) {
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
    await_size();
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  setrlimit(RLIMIT_NOFILE, &files);
  /* Where memory runs out, the agent's processes go before the one on which its network hangs. What cannot be traced cannot say so of itself. */
  prctl(PR_SET_DUMPABLE, 1);
  int score = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  char text[16] = "";
  if (score >= 0 && read(score, text, sizeof text - 1) > 0 && atoi(text) < 900) dprintf(score, "%d", atoi(text) + 50);
  if (score >= 0) close(score);
  execvp(words[0], words);
  say("%s: %s", words[0], strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

/* Lets go of the program's streams: who writes to it or reads of it shall hear when it has ended or closed them. */
static void let_go(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  close(null);
}

static int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/* All that ended. Returns the exit code once it is decided, else -1. */
static int reap(char *const words[], int proof) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == program) return code_of(status);
    if (pid != prover) continue;
    prover = -1;
    bool taken = hand_in(proof);
    close(proof);
    if (!taken && code_of(status) == 0) fail("the proxy did not take the receipt");
    if (code_of(status) != 0) return FAILED;
    start(words);
    let_go();
  }
  return -1;
}

/* A file that was mounted there; an image may have anything in that place. */
static void keep_in(const char *path, int stream) {
  struct stat file;
  int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && ftruncate(fd, 0) == 0) dup2(fd, stream);
  if (fd >= 0) close(fd);
}

/* A socket of the caller's may lead to an engine of root's: root of its boxes would be root, and not the caller. */
static void require_owner(const char *owner) {
  FILE *map = fopen("/proc/self/uid_map", "re");
  unsigned long inside, outside;
  if (!map || fscanf(map, "%lu %lu", &inside, &outside) != 2 || inside != 0 || outside != strtoul(owner, NULL, 10))
    fail("the engine does not run as you, though its socket is yours, so the agent was not started");
  fclose(map);
}

static int supervise(char *const words[], const char *mode, bool base_url, const char *owner) {
  sigset_t all;
  sigfillset(&all);
  /* Faults of its own are no messages. */
  for (const int *one = (const int[]){SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, 0}; *one; one++) sigdelset(&all, *one);
  sigprocmask(SIG_SETMASK, &all, &before);
  prctl(PR_SET_DUMPABLE, 0);
  getrlimit(RLIMIT_NOFILE, &files);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max});
  if (files.rlim_max < 2 * 500 + 32) most = files.rlim_max > 64 ? (int)(files.rlim_max - 32) / 2 : 16;
  poller = epoll_create1(EPOLL_CLOEXEC);
  int signals = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC), proof[2] = {-1, -1};
  if (poller < 0 || signals < 0) fail("no events can be waited for");
  watch_number(signals, EPOLLIN, SIGNALS);
  /* In the background the answer is kept byte for byte; engines' logs cut long lines and mend what is no UTF-8. */
  keep_in("/paude/out/stdout", 1);
  keep_in("/paude/out/stderr", 2);
  if (owner) require_owner(owner);
  if (!mode) {
    start(words);
    let_go();
  } else {
    open_door(3128, LINK "proxy.sock");
    if (base_url) open_door(3130, LINK "base-url.sock");
    if (pipe2(proof, O_CLOEXEC)) fail("no pipe can be made");
    prover = fork();
    if (prover < 0) fail("no process can be started");
    if (prover == 0) {
      sigprocmask(SIG_SETMASK, &before, NULL);
      exit(prove(mode, proof[1]));
    }
    close(proof[1]);
  }
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, trying ? AGAIN : rest_until ? 100 : -1);
    if (rest_until && now_ms() >= rest_until) rest_until = 0;
    for (int at = 0; at < count; at++) {
      long number = (long)events[at].data.ptr;
      if (number == SIGNALS) {
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info) {
          int sig = (int)info.ssi_signo;
          if (sig == SIGCHLD) {
            int code = reap(words, proof[0]);
            if (code >= 0) return code;
          } else if (program > 0) kill(program, sig);
          else if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT) return 128 + sig;
        }
      } else if (number < NUMBERS) take(&doors[number - DOORS]);
      else serve(events[at].data.ptr, events[at].events);
    }
    try_again();
    bury();
  }
}

/* ---- Ports of the box, for paude forward --------------------------------------------------------------------------------------- */

static int reach(int port) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&four, sizeof four) == 0) return fd;
  if (fd >= 0) close(fd);
  fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&six, sizeof six) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static bool put(int fd, const char *bytes, ssize_t count) {
  while (count > 0) {
    ssize_t sent = write(fd, bytes, count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes += sent;
    count -= sent;
  }
  return true;
}

/*
 * It ends when the box has said all; when the caller has said all, or is gone, the box gets SECONDS for the rest of its answer. Two
 * processes, so that neither way waits for the other.
 */
static void ended(int sig) { _exit(sig == SIGTERM ? 0 : 128 + sig); }

static int forward(int port, long rest) {
  int fd = reach(port);
  if (fd < 0) return 3;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, ended);
  fputs("connected\n", stderr);
  pid_t parent = getpid(), upwards = fork();
  if (upwards < 0) return FAILED;
  if (upwards == 0) {
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    for (ssize_t got; (got = read(0, piece, PIECE)) > 0;)
      if (!put(fd, piece, got)) break;
    shutdown(fd, SHUT_WR);
    nap_ms(rest * 1000);
    kill(parent, SIGTERM);
    _exit(0);
  }
  /* A caller that is gone: what still comes is taken all the same, so that the box is not cut short. */
  bool heard = true;
  for (ssize_t got; (got = recv(fd, piece, PIECE, 0)) > 0;) heard = heard && put(1, piece, got);
  kill(upwards, SIGKILL);
  return 0;
}

static bool is_number(const char *text, size_t most) {
  return *text && strlen(text) <= most && strspn(text, "0123456789") == strlen(text);
}

/* Ends every forward of a name, in whose words the name is the fourth. podman keeps a stream open whose reader was killed. */
static int leash(const char *name) {
  char byte;
  fputs("connected\n", stderr);
  while (read(0, &byte, 1) < 0 && errno == EINTR) continue;
  DIR *processes = opendir("/proc");
  if (!processes) return 1;
  for (struct dirent *one; (one = readdir(processes));) {
    char path[300], words[512] = "";
    if (!is_number(one->d_name, 10)) continue;
    snprintf(path, sizeof path, "/proc/%s/cmdline", one->d_name);
    FILE *file = fopen(path, "re");
    if (!file) continue;
    size_t length = fread(words, 1, sizeof words - 1, file);
    fclose(file);
    const char *at = words;
    for (int word = 0; word < 3 && at < words + length; word++) at += strlen(at) + 1;
    if (at < words + length && strcmp(words + strlen(words) + 1, "forward") == 0 && strcmp(at, name) == 0) kill(atoi(one->d_name), SIGTERM);
  }
  return 0;
}

/* ---- A fresh HOME --------------------------------------------------------------------------------------------------------------- */

/* All are made before the first is handed over: root without capabilities cannot write in a folder of somebody else. */
static int own(uid_t uid, gid_t gid, char *const folders[]) {
  for (char *const *one = folders; *one; one++)
    if (mkdir(*one, 0755) != 0 && errno != EEXIST) return say("%s cannot be made: %s", *one, strerror(errno)), FAILED;
  for (char *const *one = folders; *one; one++)
    if (lchown(*one, uid, gid) != 0) return say("%s cannot be handed over: %s", *one, strerror(errno)), FAILED;
  return 0;
}

int main(int count, char *words[]) {
  if (count >= 4 && strcmp(words[1], "forward") == 0) {
    const char *rest = count > 4 ? words[4] : "20";
    return is_number(words[2], 5) && atoi(words[2]) < 65536 && is_number(rest, 5) ? forward(atoi(words[2]), atol(rest)) : 2;
  }
  if (count == 3 && strcmp(words[1], "leash") == 0) return leash(words[2]);
  if (count >= 5 && strcmp(words[1], "own") == 0)
    return is_number(words[2], 10) && is_number(words[3], 10) ? own(strtoul(words[2], NULL, 10), strtoul(words[3], NULL, 10), words + 4) : 2;
  const char *mode = NULL, *owner = NULL;
  bool base_url = false;
  int at = 1;
  for (; at < count && strcmp(words[at], "--") != 0; at++) {
    if (strncmp(words[at], "--wall=", 7) == 0) mode = words[at] + 7;
    else if (strcmp(words[at], "--base-url") == 0) base_url = true;
    else if (strncmp(words[at], "--owner=", 8) == 0) owner = words[at] + 8;
    else break;
  }
  if (at + 1 >= count || strcmp(words[at], "--") != 0) fail("usage: init [--wall=MODE [--base-url]] [--owner=UID] -- PROGRAM [WORD]…");
  if (mode && strcmp(mode, "restricted") && strcmp(mode, "record") && strcmp(mode, "open")) fail("no such wall");
  if (owner && !is_number(owner, 10)) fail("no such owner");
  return supervise(words + at + 1, mode, base_url, owner);
}
