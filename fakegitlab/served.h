/* What serve.c makes and serve_tell.c tells of. */
#pragma once

#include "fakegitlab/gitaly.h"
#include "fakegitlab/gitlab.h"
#include "fakegitlab/serve.h"
#include "lib/serve/stand.h"

struct served {
    const struct serve_options *o;
    struct stand stand;
    struct serve_listen listen[LISTENERS_MAX];
    int n_listen;
    struct store *store;
    json_t *secrets;   /* what the seed made known; NULL: the data were there already */
    json_t *spec;      /* of GitLab */
    struct gitlab *gitlab;
    struct gitaly *gitaly;
    const char *secret_path, *config_path; /* borrowed from the private folder */
};

/* The first address of a transport; "" if nobody listens. Borrowed from listeners. */
const char *serve_address(const json_t *listeners, const char *transport);
char *serve_kas_config(const struct served *s); /* YAML, a new string */
void serve_tell_people(const struct served *s);
void serve_tell_json(const struct served *s);
