/* The loop: a thin hand over libuv, which gives readiness and waits, and nothing else.
 *
 * Every handle is freed in libuv's close callback, that is at the end of the turn in which its owner let go of it.
 *
 * Timers are our own heap over one timerfd: libuv rounds to whole milliseconds from a clock it reads once a turn, and a
 * scripted delay is meant to be right to better than that. */
#include "lib/loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"

struct deferred {
    void (*fn)(void *arg);
    void *arg;
};

struct timer {
    struct loop *loop;
    uint64_t due, order; /* order: those due at once fire as they were made */
    size_t at;           /* place in the heap, from 1 */
    timer_fn fn;
    void *arg;
};

struct loop {
    uv_loop_t uv;
    /* Deferred work: the idle handle keeps poll from waiting, the check handle runs behind poll's callbacks. */
    uv_idle_t idle;
    uv_check_t check;
    struct deferred *deferred;
    size_t n_deferred, cap_deferred;

    int timer_fd;
    struct watch *timer_watch;
    struct timer **heap; /* [1 … n_timers] */
    size_t n_timers, cap_timers;
    uint64_t timer_order, armed; /* armed: what the timerfd is set to; 0: nothing */
    uint64_t linger_ns;          /* 0: sleeps at once */
    bool busy, stopped;          /* while it lingers: something came this turn; loop_stop() was called */
};

/* Deferred */

static void run_deferred(struct loop *l)
{
    for (size_t i = 0; i < l->n_deferred; i++) { /* grows while it runs */
        struct deferred d = l->deferred[i];
        d.fn(d.arg);
    }
    l->n_deferred = 0;
    if (l->cap_deferred > 4096) { /* a crowd went; do not keep its room */
        free(l->deferred);
        l->deferred = NULL;
        l->cap_deferred = 0;
    }
}

static void on_idle(uv_idle_t *h)
{
    (void)h;
}

static void on_check(uv_check_t *h)
{
    struct loop *l = h->data;
    run_deferred(l);
    uv_idle_stop(&l->idle);
    uv_check_stop(&l->check);
}

void loop_defer(struct loop *l, void (*fn)(void *arg), void *arg)
{
    if (l->n_deferred == l->cap_deferred) {
        l->cap_deferred = l->cap_deferred ? l->cap_deferred * 2 : 16;
        l->deferred = xrealloc(l->deferred, l->cap_deferred * sizeof *l->deferred);
    }
    l->deferred[l->n_deferred++] = (struct deferred){fn, arg};
    if (l->n_deferred == 1) {
        uv_idle_start(&l->idle, on_idle);
        uv_check_start(&l->check, on_check);
    }
}

/* Watches */

struct watch {
    uv_poll_t poll;
    watch_fn fn;
    void *arg;
    int events;
};

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct watch *w = h->data;
    int up = (events & UV_READABLE ? WATCH_READ : 0) | (events & UV_WRITABLE ? WATCH_WRITE : 0) |
             (events & UV_DISCONNECT ? WATCH_HANGUP : 0);
    if (status < 0) {
        /* libuv stops the handle upon EPOLLERR and names no cause. Reading and writing will: let both be tried. */
        w->events = 0;
        up = WATCH_READ | WATCH_WRITE;
    }
    ((struct loop *)h->loop)->busy = true; /* its first member */
    w->fn(w->arg, up, status);
}

struct watch *watch_new(struct loop *loop, int fd, watch_fn fn, void *arg)
{
    struct watch *w = NEW(struct watch);
    w->fn = fn;
    w->arg = arg;
    w->poll.data = w;
    int r = uv_poll_init(&loop->uv, &w->poll, fd);
    if (r < 0) {
        fprintf(stderr, "fakekas: descriptor %d cannot be watched: %s\n", fd, uv_strerror(r));
        free(w);
        return NULL;
    }
    return w;
}

void watch_set(struct watch *w, int events)
{
    if (!w || w->events == events)
        return;
    w->events = events;
    int wanted = (events & WATCH_READ ? UV_READABLE : 0) | (events & WATCH_WRITE ? UV_WRITABLE : 0) |
                 (events & WATCH_HANGUP ? UV_DISCONNECT : 0);
    if (events)
        uv_poll_start(&w->poll, wanted, on_poll);
    else
        uv_poll_stop(&w->poll);
}

static void free_data(uv_handle_t *h)
{
    free(h->data);
}

struct watch *watch_free(struct watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->poll, free_data);
    return NULL;
}

/* Timers */

static bool sooner(const struct timer *a, const struct timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void heap_put(struct loop *l, size_t at, struct timer *t)
{
    l->heap[at] = t;
    t->at = at;
}

static void heap_up(struct loop *l, struct timer *t)
{
    size_t at = t->at;
    for (; at > 1 && sooner(t, l->heap[at / 2]); at /= 2)
        heap_put(l, at, l->heap[at / 2]);
    heap_put(l, at, t);
}

static void heap_down(struct loop *l, struct timer *t)
{
    size_t at = t->at;
    for (;;) {
        size_t child = at * 2;
        if (child < l->n_timers && sooner(l->heap[child + 1], l->heap[child]))
            child++;
        if (child > l->n_timers || !sooner(l->heap[child], t))
            break;
        heap_put(l, at, l->heap[child]);
        at = child;
    }
    heap_put(l, at, t);
}

static void heap_add(struct loop *l, struct timer *t)
{
    if (l->n_timers + 1 >= l->cap_timers) {
        l->cap_timers = l->cap_timers ? l->cap_timers * 2 : 16;
        l->heap = xrealloc(l->heap, l->cap_timers * sizeof *l->heap);
    }
    heap_put(l, ++l->n_timers, t);
    heap_up(l, t);
}

static void heap_remove(struct loop *l, struct timer *t)
{
    struct timer *last = l->heap[l->n_timers--];
    if (last != t) {
        last->at = t->at;
        heap_up(l, last);
        heap_down(l, last);
    }
    t->at = 0;
}

/* The descriptor is armed for the first timer. One that went away may leave it armed too early: then it wakes for
 * nothing once, which is cheaper than a system call for every timer that is freed in time. */
static void arm(struct loop *l)
{
    uint64_t due = l->n_timers ? l->heap[1]->due : 0;
    watch_set(l->timer_watch, due ? WATCH_READ : 0); /* no timers: nothing to wait for */
    if (!due || (l->armed && l->armed <= due))
        return;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)}};
    timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    l->armed = due;
}

static void on_timers(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct loop *l = arg;
    uint64_t expirations, now = clock_ns(), last_order = l->timer_order;
    if (read(l->timer_fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
        fprintf(stderr, "fakekas: timerfd: %m\n");
    l->armed = 0;
    /* Timers made by these callbacks wait for the next turn, even if they are for 0 ms. */
    while (l->n_timers && l->heap[1]->due <= now && l->heap[1]->order <= last_order) {
        struct timer *t = l->heap[1];
        heap_remove(l, t);
        t->fn(t->arg);
    }
    arm(l);
}

struct timer *timer_new(struct loop *loop, uint64_t ms, timer_fn fn, void *arg)
{
    struct timer *t = NEW(struct timer);
    t->loop = loop;
    t->due = clock_ns() + ms * 1000000u;
    t->order = ++loop->timer_order;
    t->fn = fn;
    t->arg = arg;
    heap_add(loop, t);
    if (t->at == 1)
        arm(loop);
    return t;
}

struct timer *timer_free(struct timer *t)
{
    if (!t)
        return NULL;
    struct loop *l = t->loop;
    if (t->at)
        heap_remove(l, t);
    if (!l->n_timers)
        watch_set(l->timer_watch, 0);
    free(t);
    return NULL;
}

/* Signals */

struct sig {
    uv_signal_t signal;
    signal_fn fn;
    void *arg;
};

static void on_signal(uv_signal_t *h, int signum)
{
    struct sig *s = h->data;
    s->fn(s->arg, signum);
}

struct sig *sig_new(struct loop *loop, int signum, signal_fn fn, void *arg)
{
    struct sig *s = NEW(struct sig);
    s->fn = fn;
    s->arg = arg;
    s->signal.data = s;
    uv_signal_init(&loop->uv, &s->signal);
    uv_signal_start(&s->signal, on_signal, signum);
    return s;
}

struct sig *sig_free(struct sig *s)
{
    if (s)
        uv_close((uv_handle_t *)&s->signal, free_data);
    return NULL;
}

/* The loop itself */

struct loop *loop_new(void)
{
    struct loop *l = NEW(struct loop);
    int r = uv_loop_init(&l->uv);
    if (r < 0) {
        fprintf(stderr, "fakekas: no event loop: %s\n", uv_strerror(r));
        abort();
    }
    l->idle.data = l->check.data = l;
    uv_idle_init(&l->uv, &l->idle);
    uv_check_init(&l->uv, &l->check);
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    l->timer_watch = l->timer_fd < 0 ? NULL : watch_new(l, l->timer_fd, on_timers, l);
    if (!l->timer_watch) {
        fprintf(stderr, "fakekas: no timers: %m\n");
        abort();
    }
    return l;
}

static void close_leftover(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h))
        uv_close(h, NULL); /* its owner forgot it; the owner's memory is not ours to free */
}

struct loop *loop_free(struct loop *l)
{
    if (!l)
        return NULL;
    run_deferred(l);
    l->timer_watch = watch_free(l->timer_watch);
    uv_close((uv_handle_t *)&l->idle, NULL);
    uv_close((uv_handle_t *)&l->check, NULL);
    uv_run(&l->uv, UV_RUN_NOWAIT);
    if (uv_loop_close(&l->uv) == UV_EBUSY) {
        uv_walk(&l->uv, close_leftover, NULL);
        while (uv_run(&l->uv, UV_RUN_DEFAULT))
            ;
        uv_loop_close(&l->uv);
    }
    while (l->n_timers) /* forgotten ones: free them, that the heap may go */
        timer_free(l->heap[l->n_timers]);
    close(l->timer_fd);
    free(l->heap);
    free(l->deferred);
    free(l);
    return NULL;
}

void loop_linger(struct loop *l, uint64_t us)
{
    l->linger_ns = us * 1000;
}

/* Looks again and again until nothing has come for linger_ns, then sleeps: what comes meanwhile finds us awake. */
static int run_lingering(struct loop *l)
{
    uint64_t until = 0;
    int alive = 1;

    l->stopped = false;
    while (alive && !l->stopped) {
        l->busy = false;
        alive = uv_run(&l->uv, clock_ns() < until ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        if (l->busy)
            until = clock_ns() + l->linger_ns;
    }
    return alive;
}

int loop_run(struct loop *l)
{
    return l->linger_ns ? run_lingering(l) : uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
    uv_stop(&l->uv);
}

void *loop_uv(struct loop *l)
{
    return &l->uv;
}
