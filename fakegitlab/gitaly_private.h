/* What the files of the fake Gitaly share; nobody else includes it. */
#pragma once

#include <sys/queue.h>

#include "fakegitlab/gitaly.h"
#include "lib/net/listener.h"
#include "lib/proto/grpc.h"
#include "lib/script/tls_setup.h"
#include "lib/script/verbs.h"

struct gl_project;

/* One connection of a KAS, from accept to close; the connection owns it. */
struct gitaly_link {
    struct gitaly *gitaly;
    struct conn *conn;
    struct grpc_session *session; /* NULL: not yet, or no longer */
    TAILQ_ENTRY(gitaly_link) entry;
};

struct gitaly {
    struct loop *loop;      /* borrowed, as the next three */
    struct events *events;
    struct faults *faults;
    struct store *store;
    const char *who;        /* static */
    char *token;            /* owned; NULL: nobody is asked for one */
    json_t *refs;           /* owned; NULL: each repository's own */
    int64_t clock_ms;       /* how far its clock is before ours */
    bool missing_is_error;  /* a folder that is not there */
    json_t *spec;           /* owned; the setup below borrows from it */
    struct pki *pki;        /* borrowed */
    struct tls_setup tls;   /* owned; without a context: no TLS */
    struct grpc_server *grpc;
    struct listener *listener; /* owned */
    char *address;          /* owned */
    bool stopped;
    struct verbs verbs;
    TAILQ_HEAD(, gitaly_link) links;
};

void gitaly_event(struct gitaly *g, struct conn *c, int64_t stream, const char *event, json_t *fields); /* fields is stolen */

/* gitaly_methods.c: the table, and what is the same for each call. */
extern const struct grpc_method gitaly_methods[];
/* The project that the Repository of a request means. NULL: the call has been ended. `repository` is a
 * Gitaly__Repository, or NULL if the request had none. */
const struct gl_project *gitaly_project(struct grpc_call *call, const void *repository);
struct git_commit;
/* The commit that a request's revision means; NULL: there is none such. */
const struct git_commit *gitaly_commit(const struct gl_project *p, const ProtobufCBinaryData *revision);
/* A path of a request as text; a new string. */
char *gitaly_path(const ProtobufCBinaryData *path);
/* Packs and sends. */
void gitaly_reply(struct grpc_call *call, const ProtobufCMessage *m);

/* Is it the call's first message? Of a second nobody knows. */
bool gitaly_first(struct grpc_call *call);

/* gitaly_refs.c, gitaly_blob.c, gitaly_tree.c: one file for each method. */
void gitaly_info_refs(struct grpc_call *call, const uint8_t *p, size_t n);
void gitaly_tree_entry(struct grpc_call *call, const uint8_t *p, size_t n);
void gitaly_get_tree_entries(struct grpc_call *call, const uint8_t *p, size_t n);

struct tls_source gitaly_tls_source(const struct gitaly *g);

/* gitaly_verbs.c */
extern const struct verbs_owner gitaly_verbs_owner;
/* gitaly_spec.c: what a person wrote. 0, or -EINVAL and *reterr. */
int gitaly_spec_read(struct gitaly *g, const json_t *spec, char **reterr);
