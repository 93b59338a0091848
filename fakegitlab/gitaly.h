/* A fake Gitaly: the three calls that KAS makes to one, answered from the store, over HTTP/2 without TLS (or with).
 *
 *   /gitaly.SmartHTTPService/InfoRefsUploadPack   which commit each branch stands at
 *   /gitaly.CommitService/TreeEntry               a file
 *   /gitaly.CommitService/GetTreeEntries          what is in a folder
 * Everything else is Unimplemented, in grpc-go's words. A repository is found by gl_project_path, gl_repository
 * ("project-7") or relative_path, as GitLab told KAS; one that the store does not have is NotFound.
 *
 * The keys of `gitaly:` that it reads (all have defaults):
 *   token: text       HMAC tokens of version 2 are checked against it; without it nobody is asked
 *   version: "14.7"   from 16.0 a folder that is not there is NotFound; before, and without it, it is empty
 *   refs: {NAME: ID}  instead of each repository's own: {} is an empty one; {"capabilities^{}": "000…"} is how Git says it;
 *                     {refs/heads/other: "…"} has no default branch
 *   clock: "+40s"     how far its clock is before ours ("-40s": behind): a token more than 30 s away is refused
 *   tls: bool         the address is tls://; certificate, tls_options: as everywhere (lib/script/tls_setup.h)
 * What else may be wrong are faults of the layers, e.g. at grpc.request `status`, at grpc.message `bytes`.
 *
 * Events, `who` "gitaly": gitaly.denied {why} beside grpc.status; gitaly.verb, gitaly.stopped, gitaly.started,
 * gitaly.failed {why}; and those of the layers.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct events;
struct faults;
struct gitaly;
struct loop;
struct pki;
struct store;

/* All borrowed, and in use until the loop is freed, but for spec, host and who, which are needed for the call only
 * (who: static). */
struct gitaly_options {
    struct loop *loop;
    struct events *events;
    struct faults *faults; /* NULL: none */
    struct pki *pki;       /* NULL: no TLS */
    uint64_t *next_conn_id;
    struct store *store;
    const char *who;       /* in the log; NULL: "gitaly" */
    const json_t *spec;    /* the `gitaly:` object; NULL: all defaults */
    const char *host;      /* numeric; NULL: 127.0.0.1 */
    uint16_t port;         /* 0: any */
};

/* 0, or -errno and *reterr, a new string, says what and how to cure it. */
int gitaly_start(const struct gitaly_options *o, struct gitaly **ret, char **reterr);
/* Ends its connections. They and it are freed at the end of the loop's turn, at the latest by loop_free(): free the
 * loop before events, faults, pki and store. NULL is fine; always NULL back. */
struct gitaly *gitaly_free(struct gitaly *g);
/* "tcp://127.0.0.1:9092": what GitLab tells KAS as gitaly_info.address. Borrowed. */
const char *gitaly_address(const struct gitaly *g);
uint16_t gitaly_port(const struct gitaly *g);
/* What GitLab tells KAS as gitaly_info.token; NULL: none. Borrowed. */
const char *gitaly_token(const struct gitaly *g);
/* A verb of steps, as any fake knows it (lib/script/verbs.h): stop, start, restart {down: 2s}, goaway, close_streams, reset,
 * act, fault_on … on the `struct gitaly`. 0, or -EINVAL and *reterr (NULL is fine), a new string. */
int gitaly_perform(void *gitaly, const char *verb, const json_t *args, char **reterr);
