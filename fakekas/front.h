/* What stands before KAS. Omnibus puts NGINX there: some paths reach KAS, NGINX or Rails answers the others. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct front {
    bool omnibus;
    bool redirect_https; /* nginx['redirect_http_to_https']: what comes without TLS is sent to https */
    bool exact;          /* 14.5 and later: /-/kubernetes-agent/ and nothing below it */
};

struct front_request {
    const char *path, *target;
    const char *host;    /* the Host header; NULL: none */
    bool tls;
    bool kas_down;       /* nobody answers behind NGINX */
};

struct front_answer {
    int status;          /* 0: the request reaches KAS */
    json_t *headers;     /* owned */
    char *body;          /* owned */
};

/* spec: "none", "omnibus", {omnibus: {redirect_http_to_https: bool}}, or NULL. -EINVAL: something else. */
int front_read(const json_t *spec, bool exact, struct front *ret);
void front_route(const struct front *f, const struct front_request *r, struct front_answer *ret);
void front_answer_done(struct front_answer *a);
