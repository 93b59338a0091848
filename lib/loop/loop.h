/* The event loop: libuv, with only what we use of it.
 *
 * One loop a world, one thread. Nothing here knows a protocol. Handles are freed by the loop itself once libuv has
 * closed them, so that *_free() may be called from inside the handle's own callback.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct watch;
struct timer;
struct child;

struct loop *loop_new(void);
/* Runs what is still closing, then frees. The owner has freed its handles before. NULL is fine. */
struct loop *loop_free(struct loop *loop);
int loop_run(struct loop *loop);   /* until loop_stop(), or until nothing is left to wait for */
void loop_stop(struct loop *loop);
/* Before loop_run(): after anything came to a watch, the loop goes on looking for `us` microseconds before it sleeps.
 * A process that is between two others answers sooner by what waking costs, and uses the processor meanwhile. 0: not. */
void loop_linger(struct loop *loop, uint64_t us);
/* Called once, when the callbacks of this turn are done: the place to free what a callback still uses. */
void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg);
/* The libuv loop, for guests (libwebsockets' plugin, libmicrohttpd's epoll descriptor). */
void *loop_uv(struct loop *loop);

enum { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_HANGUP = 4 /* the peer has ended; what it sent may be unread */ };
/* error < 0: broken. Events then say both: recv() and send() name the cause. Watching goes on after watch_set(). */
typedef void (*watch_fn)(void *arg, int events, int error);
struct watch *watch_new(struct loop *loop, int fd, watch_fn fn, void *arg); /* fd stays the caller's */
void watch_set(struct watch *w, int events);                               /* 0: none */
struct watch *watch_free(struct watch *w);                                 /* before fd is closed */

typedef void (*timer_fn)(void *arg);
struct timer *timer_new(struct loop *loop, uint64_t ms, timer_fn fn, void *arg); /* fires once */
struct timer *timer_free(struct timer *t);  /* fired or not; NULL is fine; always NULL back */

typedef void (*signal_fn)(void *arg, int signum);
struct sig;
struct sig *sig_new(struct loop *loop, int signum, signal_fn fn, void *arg);
struct sig *sig_free(struct sig *s);

/* Lines that come from fd, which is taken over, until it ends; `ended` comes after the last one, and not when freed. */
typedef void (*lines_fn)(void *arg, const char *line, size_t len); /* without its newline */
struct lines;
struct lines *lines_new(struct loop *loop, int fd, lines_fn line, void (*ended)(void *arg), void *arg);
void lines_give_up(struct lines *l); /* gives what is there now, and ends */
bool lines_ended(const struct lines *l);
struct lines *lines_free(struct lines *l); /* also from within its callbacks */

/* A folder and all beneath it (but .git): fn once changes have rested for quiet_ms, or have gone on for 20 times that.
 * 0, or -errno: -ENOSPC is fs.inotify.max_user_watches. */
typedef void (*folder_fn)(void *arg);
struct folder_watch;
int folder_watch_new(struct loop *loop, const char *path, uint64_t quiet_ms, folder_fn fn, void *arg,
                     struct folder_watch **ret);
struct folder_watch *folder_watch_free(struct folder_watch *f); /* also from fn; NULL is fine */

/* A child process whose standard output and error come back line by line. */
struct child_spec {
    const char *file;        /* path of the program */
    char **argv, **envp;     /* NULL-terminated */
    const char *cwd;         /* NULL: ours */
    void (*line)(void *arg, int fd /* 1 or 2 */, const char *line, size_t len); /* without its newline */
    void (*exited)(void *arg, int64_t status, int signum); /* after the last line */
    void *arg;
};
int child_start(struct loop *loop, const struct child_spec *spec, struct child **ret); /* 0 or -errno */
pid_t child_pid(const struct child *c);
int child_signal(struct child *c, int signum); /* 0 or -errno; behind SIGSTOP all of its threads stand still */
struct child *child_free(struct child *c); /* kills with SIGKILL what still runs */
