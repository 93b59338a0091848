/* Worlds as `conform run` sees them: made by a warm parent (zygote.h) that is started once, each a process whose
 * lines and whose end come back. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/loop/loop.h"

struct worlds;
struct world_run;

/* Starts the parent of all worlds: `program` again. -errno. */
int worlds_start(struct loop *loop, const char *program, struct worlds **ret);
struct worlds *worlds_free(struct worlds *w); /* kills what still runs; all runs were freed before; takes 4 s at most */
/* Kills the parent, and with it every world, at once: for when it does not do what it is told. `failed` (if the world was
 * not known to be gone) and `exited` of all runs follow. */
void worlds_kill(struct worlds *w);

struct world_spec {
    const json_t *job;   /* world.h; not kept */
    bool own_namespaces;
    void (*line)(void *arg, int fd /* 1 or 2 */, const char *line, size_t len); /* without its newline */
    void (*failed)(void *arg, const char *reason); /* there is no world, because …; `exited` follows */
    void (*exited)(void *arg, int64_t status, int signum); /* after the last line; not from within worlds_play() */
    void *arg;
};
/* -errno: then nothing will be called. */
int worlds_play(struct worlds *w, const struct world_spec *spec, struct world_run **ret);
pid_t world_run_pid(const struct world_run *r); /* of the world's PID 1, as we see it; 0: not yet born */
int world_run_signal(struct world_run *r, int signum);
/* As if its end by SIGKILL had been told; `exited` follows. */
void world_run_give_up(struct world_run *r);
struct world_run *world_run_free(struct world_run *r); /* kills with SIGKILL what still runs */
