/* What serve.c makes and serve_tell.c tells of. */
#pragma once

#include "fakegitlab/gitaly.h"
#include "fakegitlab/gitlab.h"
#include "fakegitlab/serve.h"
#include "lib/serve/control.h"
#include "lib/serve/private_dir.h"

struct served {
    const struct serve_options *o;
    struct serve_listen listen[LISTENERS_MAX];
    int n_listen;
    struct private_dir *dir;
    struct loop *loop;
    struct events *events;
    struct event_sub *shown;
    struct pki *pki;
    struct faults *faults;
    struct store *store;
    json_t *secrets;   /* what the seed made known; NULL: the data were there already */
    json_t *spec;      /* of GitLab */
    struct gitlab *gitlab;
    struct gitaly *gitaly;
    struct control *control;
    struct sig *term, *interrupt;
    const char *secret_path, *config_path, *ca_path, *socket_path; /* borrowed from dir */
    uint64_t next_conn_id;
};

/* The first address of a transport; "" if nobody listens. Borrowed from listeners. */
const char *serve_address(const json_t *listeners, const char *transport);
char *serve_kas_config(const struct served *s); /* YAML, a new string */
void serve_tell_people(const struct served *s);
void serve_tell_json(const struct served *s);
