/* The HTTP side of a fake: its listeners for http and https, its certificate, that it goes away and comes back, and what any
 * server does on a step's word (verbs.h). Who owns it pushes the layers above TLS and answers.
 */
#pragma once

#include "lib/net/listener.h"
#include "lib/script/faults.h"
#include "lib/script/tls_setup.h"
#include "lib/script/verbs.h"

struct http_side;

struct http_side_listener {
    const char *transport; /* "http" or "https" */
    const char *host;      /* numeric; NULL: 127.0.0.1 */
    uint16_t port;         /* 0: any */
};

struct http_side_options {
    struct loop *loop;          /* borrowed, as all of these */
    struct events *events;
    struct faults *faults;      /* NULL: none */
    struct pki *pki;            /* needed for https */
    uint64_t *next_conn_id;
    const char *who;            /* in the log, and before its events: "kube" has kube.stopped */
    const char *what;           /* for messages: "the fake Kubernetes API" */
    const json_t *spec;         /* has `certificate` and `tls_options`; must live as long */
    const char *const *hosts;   /* what its certificate is good for; NULL ends */
    const char *const *alpn;    /* NULL ends */
    const struct http_side_listener *listeners; /* transport NULL ends */
    unsigned max_conns;         /* 0: 20000 */
    void (*build)(void *arg, struct conn *c); /* above TLS */
    /* The gRPC of a connection, for verbs on its calls; NULL: it speaks none. */
    struct grpc_session *(*session)(struct conn *c);
    void *arg;
};

/* 0, or -errno and *reterr. */
int http_side_open(const struct http_side_options *o, struct http_side **ret, char **reterr);
/* Ends its connections; frees itself when they have gone, and calls `gone` then. */
void http_side_close(struct http_side *s, void (*gone)(void *arg), void *arg);
json_t *http_side_listeners(const struct http_side *s); /* [{"transport", "address"}] */
const char *http_side_ca_pem(const struct http_side *s); /* NULL: no TLS. Borrowed */
bool http_side_stopped(const struct http_side *s);
/* -ENOSYS: another verb. */
int http_side_perform(struct http_side *s, const char *verb, const json_t *args, char **reterr);
