/* The frame of a fake that stands there by hand, until a signal ends it: what `fakekas serve`, `fakegitlab serve` and
 * `fakekube serve` do alike.
 *
 *   stand_begin()  the fake's own start  stand_folder()  stand_keep() …  stand_control()  what it tells  stand_run()
 *   stand_close()  the fake's own end    stand_stop()    what the last connections still used            stand_done()
 *
 * Functions that give an int give an exit code, 0 if all is well; what is wrong has then been said on standard error.
 * The second line may be gone through from wherever the first one failed, and before it began. */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"
#include "lib/script/faults.h"
#include "lib/serve/control.h"
#include "lib/serve/private_dir.h"
#include "lib/serve/stand_args.h"

struct stand {
    const char *program;            /* set by the owner: "fakekas" */
    const struct stand_options *o;  /* set by the owner */
    struct loop *loop;
    struct events *events;
    struct pki *pki;
    struct faults *faults;          /* made by the fake, freed by stand_done() */
    struct private_dir *dir;
    struct control *control;
    const char *ca_path;            /* in dir; NULL: no TLS */
    const char *socket_path;        /* of the control API */
    uint64_t next_conn_id;
    struct event_sub *shown;
    struct sig *term, *interrupt;
};

/* "PROGRAM: ERR" on standard error. Frees err, returns code. */
int stand_complain(const struct stand *st, char *err, int code);

/* Loop, signals, events, PKI: from here on a signal is an orderly end, and nothing is left behind. */
int stand_begin(struct stand *st);
int stand_folder(struct stand *st, const char *ca_pem); /* with the CA in it, if there is one */
/* A file in the folder; its whole path is borrowed from there. */
int stand_keep(struct stand *st, const char *name, const char *text, const char **ret_path);
int stand_control(struct stand *st, json_t *(*state)(void *arg), perform_fn perform, void *arg);
/* One line of JSON on standard output: `more`, which is taken over, with control, ca_file and control_http. */
void stand_tell(const struct stand *st, json_t *more);
void stand_run(struct stand *st);

void stand_close(struct stand *st);
void stand_stop(struct stand *st); /* connections end here, and still use what is freed after it */
void stand_done(struct stand *st);
