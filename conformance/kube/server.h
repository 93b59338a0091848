/* A real cluster's API: an etcd and a kube-apiserver of our own, on the loopback, with nothing behind them. No controller
 * runs and no node: an object stays as its clients make it.
 *
 * Starting one blocks: whoever needs it has nothing else to do before it is there (3 to 10 s).
 */
#pragma once

#include <stdint.h>

#include "lib/net/cert.h"

#define KUBE_SERVER_ADMIN_TOKEN "kube-admin-token" /* system:masters; good for this one server only */

struct kube_server;

struct kube_server_options {
    const char *apiserver, *etcd; /* paths of the programs, as kube_programs_find() finds them */
    const char *data;             /* a folder that is ours: keys, tokens, etcd's data. Removed by kube_server_free() */
    int log_fd;                   /* of both, an open file; the caller's */
    struct pki *pki;              /* its certificate is this one's */
    const char *tokens;           /* lines TOKEN,USER,UID[,"GROUP,GROUP"]; NULL: the admin's only */
    uint16_t port, etcd_port, peer_port; /* of 127.0.0.1 */
};

/* Until it says that it is ready: -errno and *reterr, which quotes the end of its log. */
int kube_server_start(const struct kube_server_options *o, struct kube_server **ret, char **reterr);
struct kube_server *kube_server_free(struct kube_server *s); /* both end; NULL is fine */

/* Where the two programs are: `said` (NULL: not said) or kube-apiserver in $FAKEKAS_PEERS (~/peers) or PATH; etcd in the
 * same places. New strings. -ENOENT and *reterr: what is missing, and the cure. */
int kube_programs_find(const char *said, char **ret_apiserver, char **ret_etcd, char **reterr);
