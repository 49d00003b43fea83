/*
 * The first program of a box. It brings 127.0.0.1:3128 of the box to the proxy's socket, proves that nothing else leads out, and then
 * starts what was asked for, of which it is the init from then on. Static, so that nothing of the box's image runs before the proof;
 * process 1, so that nothing in the box can end it and the way out comes back whatever the agent does.
 *
 *   init [--wall=MODE [--base-url]] [--owner=UID] -- PROGRAM [WORD]…   MODE: restricted, record, or open; UID: what root is outside
 *   init --no-new-privileges …                           the same where the engine has no such flag
 *   init --pod [--way=FILE [--base-url]] -- PROGRAM [WORD]…   in a pod, whose wall `prove` has proved; FILE has the proxy's address
 *   init prove MODE [FILE]                               proves the wall of a pod, and prints the receipt; MODE may be none
 *   init begin                                           starts the program of a pod on its own streams
 *   init join                                            starts it on these streams, and ends as it does
 *   init own UID GID FOLDER…                             makes folders that are not there, and hands all of them over
 *   init forward PORT NAME [SECONDS]                     stdin and stdout become a connection to a port of the box's loopback
 *   init unprivileged PROGRAM [WORD]…                    becomes a program that cannot gain privileges
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
enum { SIGNALS = 1, DOORS = 2, BEGINS = 8, NUMBERS = 16 };

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

/* False where `text` is no address with a port. */
static bool address_of(const char *text, struct sockaddr_storage *address, socklen_t *size) {
  char name[64];
  int port = 0;
  memset(address, 0, sizeof *address);
  if (sscanf(text, "%63s %d", name, &port) != 2) return false;
  struct sockaddr_in *four = (void *)address;
  struct sockaddr_in6 *six = (void *)address;
  if (inet_pton(AF_INET, name, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    *size = sizeof *four;
    return true;
  }
  if (inet_pton(AF_INET6, name, &six->sin6_addr) != 1) return false;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  *size = sizeof *six;
  return true;
}

/* That it is connected is told by the first write. */
static bool dial_pod(const char *text, int *fd) {
  struct sockaddr_storage address;
  socklen_t size;
  if (!address_of(text, &address, &size)) return false;
  *fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (*fd < 0) return false;
  setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (connect(*fd, (struct sockaddr *)&address, size) == 0 || errno == EINPROGRESS) return true;
  close(*fd);
  *fd = -1;
  return false;
}

/* A socket of this machine where `path` begins with a slash, else an address and a port with a space between. */
static bool dial(const char *path, int *fd) {
  if (*path != '/') return dial_pod(path, fd);
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

/* Where the proxy is asked: by way of the relay, but in a pod that has none yet. */
static char asked[80] = "127.0.0.1 3128";

/* A connection within so many ms, or -1 and errno. */
static int reach_within(const char *text, int ms) {
  int fd = -1, error = 0;
  socklen_t size = sizeof error;
  if (!dial_pod(text, &fd)) return -1;
  if (!ready(fd, POLLOUT, ms)) error = ETIMEDOUT;
  else getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return fd;
  close(fd);
  errno = error;
  return -1;
}

/* What the proxy answers: the status, or 0. */
static int ask(const char *request, const char *host, int ms) {
  char text[512], answer[64] = "";
  size_t length = snprintf(text, sizeof text, "%s\r\nHost: %s\r\nConnection: close\r\n\r\n", request, host), got = 0;
  long long deadline = now_ms() + ms;
  int fd = reach_within(asked, ms), status = 0;
  if (fd < 0) return 0;
  if (send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length) {
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

static void proxy_answers(void) {
  answers("connect-literal", 403, "CONNECT 192.0.2.1:443 HTTP/1.1", "192.0.2.1:443");
  answers("connect-port", 403, "CONNECT canary.paude.internal:22 HTTP/1.1", "canary.paude.internal:22");
  answers("http-unlisted", 403, "GET http://canary.paude.internal/ HTTP/1.1", "canary.paude.internal");
  answers("help-page", 200, "GET http://paude.internal/ HTTP/1.1", "paude.internal");
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
    proxy_answers();
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
  for (long long deadline = now_ms() + 5000; fd < 0 && now_ms() < deadline; nap_ms(2)) {
    if ((fd = open(LINK "receipt", O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0) break;
    /* A pipe does not lead out of a virtual machine, but this socket does. */
    if (errno == ENOENT && dial(LINK "receipt.sock", &fd)) break;
  }
  return fd >= 0 && write(fd, receipt, length) == length;
}

/* ---- The proof of a pod --------------------------------------------------------------------------------------------------------- */

/* The ports of a proxy that stands in a pod of its own (proxy.cfg). Policies let a box reach the first three alone. */
#define POD_PROXY "3132"
#define POD_ROOTS "3133"
#define POD_BASE_URL "3134"
#define POD_CLOSED "3135"

#define KIT "/paude/kit/init"
#define POD_TMP "/paude/tmp/tmp"

/* Seconds that the pod of the proxy has to come up, and that the network has to take up a policy: both are somebody else's work. */
enum { PROXY_WAIT = 120, POLICY_WAIT = 30 };

/* The first word of a file. */
static void read_word(const char *path, char *word, size_t size) {
  FILE *file = fopen(path, "re");
  if (!file || !fgets(word, (int)size, file)) fail("the address of the proxy is missing");
  fclose(file);
  word[strcspn(word, " \n")] = 0;
}

static void copy_bytes(int from, const char *path, mode_t mode, size_t count) {
  int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (to < 0) fail("the files of the sandbox cannot be written");
  for (ssize_t got; count > 0; count -= got) {
    got = read(from, piece, count < PIECE ? count : PIECE);
    if (got <= 0 || write(to, piece, got) != got) fail("the files of the sandbox are incomplete");
  }
  close(to);
}

/* The certificates that the box trusts, and the resolver of the cluster, which only the proxy may ask. */
static bool take_roots(const char *proxy, char *resolver, size_t size) {
  char text[80], head[128] = "";
  size_t bundle = 0, extra = 0, got = 0;
  snprintf(text, sizeof text, "%s " POD_ROOTS, proxy);
  int fd = reach_within(text, 2000);
  if (fd < 0) return false;
  fcntl(fd, F_SETFL, 0);
  while (got < sizeof head - 1 && read(fd, head + got, 1) == 1 && head[got] != '\n') got++;
  head[got] = 0;
  char name[64] = "";
  bool said = sscanf(head, "%zu %zu %63s", &bundle, &extra, name) >= 2 && bundle > 0 && bundle < (16u << 20) && extra < (16u << 20);
  if (said) {
    copy_bytes(fd, LINK "ca-bundle.pem", 0644, bundle);
    copy_bytes(fd, LINK "ca-extra.pem", 0644, extra);
    snprintf(resolver, size, "%s", name);
  }
  close(fd);
  return said;
}

struct target {
  const char *name;
  bool udp;
  char text[80]; /* address and port */
  int fd, error;
};

/* All at once, since a network that drops in silence costs the whole time. Refused and silent both count as closed. */
static void knock(struct target *targets, int count, int ms) {
  static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07" "default\x03svc\x07" "cluster\x05local\x00\x00\x01\x00\x01";
  struct pollfd fds[16];
  long long deadline = now_ms() + ms;
  int waiting = 0;
  for (int at = 0; at < count; at++) {
    struct target *one = &targets[at];
    struct sockaddr_storage address;
    socklen_t size;
    one->fd = -1;
    one->error = ETIMEDOUT;
    if (!address_of(one->text, &address, &size)) fail("an address that must be closed cannot be read");
    one->fd = socket(address.ss_family, (one->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (one->fd < 0 || (connect(one->fd, (struct sockaddr *)&address, size) != 0 && errno != EINPROGRESS)) one->error = errno;
    else if (one->udp && send(one->fd, query, sizeof query - 1, MSG_NOSIGNAL) < 0) one->error = errno;
    else waiting++, one->error = 0;
  }
  /* 0 means that nobody knows yet; -1 that there is a way. */
  while (waiting > 0 && now_ms() < deadline) {
    for (int at = 0; at < count; at++)
      fds[at] = (struct pollfd){.fd = targets[at].error == 0 ? targets[at].fd : -1, .events = targets[at].udp ? POLLIN : POLLOUT};
    poll(fds, count, (int)(deadline - now_ms()) + 1);
    for (int at = 0; at < count; at++) {
      struct target *one = &targets[at];
      if (one->error != 0 || !fds[at].revents) continue;
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &size);
      /* What is reset was there: a port that refuses answers otherwise. */
      one->error = error == 0 || error == ECONNRESET ? -1 : error;
      waiting--;
    }
  }
  for (int at = 0; at < count; at++) {
    if (targets[at].error == 0) targets[at].error = ETIMEDOUT;
    if (targets[at].fd >= 0) close(targets[at].fd);
  }
}

static int add(struct target *targets, int count, struct target one, const char *host, const char *port) {
  targets[count] = one;
  snprintf(targets[count].text, sizeof targets[count].text, "%s %s", host, port);
  return count + 1;
}

/*
 * Before any program of the image: the API server and a port of the proxy that no policy opens are there for certain, so that they cannot be
 * reached proves that the policies hold. A new pod may be without them for a while.
 */
static int prove_pod(const char *mode, const char *file) {
  char proxy[64] = "", resolver[64] = "";
  const char *api = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT"), *node = getenv("PAUDE_NODE");
  if (!api || !port) fail("the cluster does not say where its API server is, so the wall cannot be proved");
  struct stat self;
  int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (own < 0 || fstat(own, &self) != 0) fail("the first program of the sandbox cannot be read");
  copy_bytes(own, KIT, 0755, self.st_size);
  close(own);
  /* The cluster makes it without the bit that keeps users from each other's files; the box gets this one. */
  if ((mkdir(POD_TMP, 0777) != 0 && errno != EEXIST) || chmod(POD_TMP, 01777) != 0) fail("/tmp of the sandbox cannot be made");
  if (file) {
    read_word(file, proxy, sizeof proxy);
    snprintf(asked, sizeof asked, "%s " POD_PROXY, proxy);
    long long deadline = now_ms() + PROXY_WAIT * 1000LL;
    while (ask("GET http://paude.internal/ HTTP/1.1", "paude.internal", 1500) != 200 || !take_roots(proxy, resolver, sizeof resolver)) {
      if (now_ms() > deadline) fail("the proxy did not answer within 120 seconds");
      nap_ms(100);
    }
  }
  struct target targets[16];
  int count = add(targets, 0, (struct target){.name = "api-server"}, api, port);
  if (file) count = add(targets, count, (struct target){.name = "neighbour"}, proxy, POD_CLOSED);
  for (long long deadline = now_ms() + POLICY_WAIT * 1000LL;; nap_ms(100)) {
    int open = 0;
    knock(targets, count, 1000);
    for (int at = 0; at < count; at++) open += targets[at].error == -1;
    if (open == 0) break;
    if (now_ms() < deadline) continue;
    say("the cluster does not enforce NetworkPolicy: this pod still reaches %s after %d seconds", targets[0].error == -1 ? "the API server" : "another pod", POLICY_WAIT);
    return FAILED;
  }
  count = add(targets, count, (struct target){.name = "tcp-direct"}, "192.0.2.1", "443");
  count = add(targets, count, (struct target){.name = "tcp-ipv6"}, "2001:db8::1", "443");
  count = add(targets, count, (struct target){.name = "metadata"}, "169.254.169.254", "80");
  if (node) count = add(targets, count, (struct target){.name = "node"}, node, "10250");
  if (*resolver) {
    count = add(targets, count, (struct target){.name = "dns-tcp"}, resolver, "53");
    count = add(targets, count, (struct target){.name = "dns-udp", .udp = true}, resolver, "53");
  }
  knock(targets, count, 1500);
  note("{\"v\":1,\"network\":\"%s\",\"canaries\":[", mode);
  for (int at = 0; at < count; at++) {
    char target[96];
    snprintf(target, sizeof target, "%s %s", targets[at].udp ? "udp" : "tcp", targets[at].text);
    bool closed = targets[at].error != -1;
    verdict(targets[at].name, target, closed ? strerror(targets[at].error) : targets[at].udp ? "answered" : "connected", closed);
  }
  embedded_resolver();
  if (file) proxy_answers();
  note("],\"ok\":%s}\n", *broken ? "false" : "true");
  if (write(1, receipt, written) != (ssize_t)written) return FAILED;
  if (!*broken) return 0;
  say("the wall around the agent is not closed: %s", broken);
  return FAILED;
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

/* Whose streams the program gets, where they are not those of the first program. */
static int streams[3] = {-1, -1, -1};

static void start(char *const words[]) {
  program = fork();
  if (program < 0) fail("no process can be started");
  if (program > 0) {
    for (int at = 0; at < 3; at++)
      if (streams[at] >= 0) close(streams[at]);
    return;
  }
  for (int at = 0; at < 3; at++)
    if (streams[at] >= 0) dup2(streams[at], at);
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

/* In a pod the program waits: its workspace comes first, and nothing of what it prints may be lost. The name lies in no folder. */
static int beginning = -1, caller = -1;
static const struct sockaddr_un BEGIN = {.sun_family = AF_UNIX, .sun_path = "\0paude-begin"};
static const socklen_t BEGIN_SIZE = offsetof(struct sockaddr_un, sun_path) + sizeof "\0paude-begin" - 1;

static void await_begin(void) {
  beginning = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (beginning < 0 || bind(beginning, (const struct sockaddr *)&BEGIN, BEGIN_SIZE) != 0 || listen(beginning, 4) != 0) fail("the beginning cannot be waited for");
  watch_number(beginning, EPOLLIN, BEGINS);
}

static void begin(char *const words[]) {
  close(beginning);
  beginning = -1;
  start(words);
  let_go();
}

/* A terminal has a size once somebody sees it. */
static bool is_seen(void) {
  struct winsize size;
  return ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
}

/* Somebody says that it begins: a byte, and with `j` the streams of who says it, who waits for the exit code. */
static void take_caller(char *const words[]) {
  int fd = accept4(beginning, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  char byte = 0, control[CMSG_SPACE(sizeof streams)];
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (!ready(fd, POLLIN, 2000) || recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1) {
    close(fd);
    return;
  }
  struct cmsghdr *given = CMSG_FIRSTHDR(&message);
  if (byte == 'j' && given && given->cmsg_type == SCM_RIGHTS && given->cmsg_len == CMSG_LEN(sizeof streams)) {
    memcpy(streams, CMSG_DATA(given), sizeof streams);
    caller = fd;
  }
  begin(words);
  if (caller == fd) return;
  if (write(fd, "k", 1) != 1) say("paude ended while the agent began");
  close(fd);
}

/* The end of the first program ends all others at once, so who waits for the exit code goes first. */
static int tell(int code) {
  if (caller < 0) return code;
  unsigned char byte = (unsigned char)code;
  char end;
  if (write(caller, &byte, 1) == 1 && ready(caller, POLLIN, 5000)) (void)!read(caller, &end, 1);
  nap_ms(50);
  return code;
}

/* Says that the program of the pod begins: on its own streams, or on ours. */
static int say_begin(bool joins) {
  int fd = -1;
  for (long long deadline = now_ms() + 10000;; nap_ms(20)) {
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&BEGIN, BEGIN_SIZE) == 0) break;
    if (fd >= 0) close(fd);
    if (now_ms() > deadline) fail("the agent was begun before, or its pod is not ready");
  }
  int ours[3] = {0, 1, 2};
  unsigned char byte = joins ? 'j' : 'b';
  char control[CMSG_SPACE(sizeof ours)] = "";
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (joins) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *given = CMSG_FIRSTHDR(&message);
    given->cmsg_level = SOL_SOCKET;
    given->cmsg_type = SCM_RIGHTS;
    given->cmsg_len = CMSG_LEN(sizeof ours);
    memcpy(CMSG_DATA(given), ours, sizeof ours);
  }
  if (sendmsg(fd, &message, MSG_NOSIGNAL) != 1) fail("the agent cannot be told to begin");
  /* Whoever reads of the program shall hear when it has closed its streams, though this one waits. */
  if (joins) let_go();
  if (read(fd, &byte, 1) != 1) return FAILED;
  return joins ? byte : 0;
}

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

/* A file that was mounted there, emptied; an image may have anything in that place. -1 where there is none. */
static int emptied(const char *path) {
  struct stat file;
  int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && ftruncate(fd, 0) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static void keep_in(const char *path, int stream) {
  int fd = emptied(path);
  if (fd < 0) return;
  dup2(fd, stream);
  close(fd);
}

/* Where an engine forgets exit codes, a file is mounted for them. */
#define EXIT_CODE "/paude/out/exit"

static int keep_code(int code) {
  int fd = emptied(EXIT_CODE);
  if (fd < 0) return code;
  dprintf(fd, "%d\n", code);
  close(fd);
  return code;
}

/* A socket of the caller's may lead to an engine of root's: root of its boxes would be root, and not the caller. */
static void require_owner(const char *owner) {
  FILE *map = fopen("/proc/self/uid_map", "re");
  unsigned long inside, outside;
  if (!map || fscanf(map, "%lu %lu", &inside, &outside) != 2 || inside != 0 || outside != strtoul(owner, NULL, 10))
    fail("the engine does not run as you, though its socket is yours, so the agent was not started");
  fclose(map);
}

struct how {
  const char *mode, *owner, *way; /* way: a file with the address of the proxy of a pod */
  bool base_url, pod;
};

static int supervise(char *const words[], struct how how) {
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
  if (!how.pod) {
    /* Of an earlier start. */
    int code = emptied(EXIT_CODE);
    if (code >= 0) close(code);
    keep_in("/paude/out/stdout", 1);
    keep_in("/paude/out/stderr", 2);
  }
  if (how.owner) require_owner(how.owner);
  if (how.way) {
    static char proxy[80], base_url[80];
    char address[64] = "";
    read_word(how.way, address, sizeof address);
    snprintf(proxy, sizeof proxy, "%s " POD_PROXY, address);
    snprintf(base_url, sizeof base_url, "%s " POD_BASE_URL, address);
    open_door(3128, proxy);
    if (how.base_url) open_door(3130, base_url);
  }
  if (how.pod) await_begin();
  else if (!how.mode) {
    start(words);
    let_go();
  } else {
    open_door(3128, LINK "proxy.sock");
    if (how.base_url) open_door(3130, LINK "base-url.sock");
    if (pipe2(proof, O_CLOEXEC)) fail("no pipe can be made");
    prover = fork();
    if (prover < 0) fail("no process can be started");
    if (prover == 0) {
      sigprocmask(SIG_SETMASK, &before, NULL);
      exit(prove(how.mode, proof[1]));
    }
    close(proof[1]);
  }
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, trying || beginning >= 0 ? AGAIN : rest_until ? 100 : -1);
    if (rest_until && now_ms() >= rest_until) rest_until = 0;
    for (int at = 0; at < count; at++) {
      long number = (long)events[at].data.ptr;
      if (number == SIGNALS) {
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info) {
          int sig = (int)info.ssi_signo;
          if (sig == SIGCHLD) {
            int code = reap(words, proof[0]);
            if (code >= 0) return keep_code(tell(code));
          } else if (program > 0) kill(program, sig);
          else if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT) return keep_code(128 + sig);
        }
      } else if (number == BEGINS) {
        if (beginning >= 0) take_caller(words);
      } else if (number < NUMBERS) take(&doors[number - DOORS]);
      else serve(events[at].data.ptr, events[at].events);
    }
    if (beginning >= 0 && is_seen()) {
      /* The size comes just before the streams do. */
      nap_ms(100);
      begin(words);
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

/* Becomes a program that no file can give privileges to. */
static int unprivileged(char *words[]) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("the sandbox cannot give up privileges");
  execvp(words[0], words);
  const int why = errno;
  say("%s cannot be run: %s", words[0], strerror(why));
  return why == ENOENT ? 127 : 126;
}

int main(int count, char *words[]) {
  if (count >= 4 && strcmp(words[1], "forward") == 0) {
    const char *rest = count > 4 ? words[4] : "20";
    return is_number(words[2], 5) && atoi(words[2]) < 65536 && is_number(rest, 5) ? forward(atoi(words[2]), atol(rest)) : 2;
  }
  if (count == 3 && strcmp(words[1], "leash") == 0) return leash(words[2]);
  if (count >= 5 && strcmp(words[1], "own") == 0)
    return is_number(words[2], 10) && is_number(words[3], 10) ? own(strtoul(words[2], NULL, 10), strtoul(words[3], NULL, 10), words + 4) : 2;
  if ((count == 3 || count == 4) && strcmp(words[1], "prove") == 0) return prove_pod(words[2], count == 4 ? words[3] : NULL);
  if (count >= 3 && strcmp(words[1], "unprivileged") == 0) return unprivileged(words + 2);
  if (count == 2 && (strcmp(words[1], "begin") == 0 || strcmp(words[1], "join") == 0)) return say_begin(words[1][0] == 'j');
  struct how how = {0};
  int at = 1;
  for (; at < count && strcmp(words[at], "--") != 0; at++) {
    if (strncmp(words[at], "--wall=", 7) == 0) how.mode = words[at] + 7;
    else if (strcmp(words[at], "--base-url") == 0) how.base_url = true;
    else if (strncmp(words[at], "--owner=", 8) == 0) how.owner = words[at] + 8;
    else if (strcmp(words[at], "--pod") == 0) how.pod = true;
    else if (strcmp(words[at], "--no-new-privileges") == 0) {
      if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("the sandbox cannot give up privileges");
    }
    else if (strncmp(words[at], "--way=", 6) == 0) how.way = words[at] + 6;
    else break;
  }
  if (at + 1 >= count || strcmp(words[at], "--") != 0) fail("usage: init [--no-new-privileges] [--wall=MODE [--base-url]] [--owner=UID] -- PROGRAM [WORD]…");
  if (how.mode && strcmp(how.mode, "restricted") && strcmp(how.mode, "record") && strcmp(how.mode, "open")) fail("no such wall");
  if (how.owner && !is_number(how.owner, 10)) fail("no such owner");
  return supervise(words + at + 1, how);
}
