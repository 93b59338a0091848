/* A fake Hubble relay: observer.Observer/GetFlows over HTTP/2 without TLS (or with), as an agent's cilium_alert module asks it.
 *
 * What happens on the network is told by the scenario, as flows (fixtures/proto/hubble.proto, by the names there). A flow is sent
 * to who follows and asked for such, and kept (the last 4096) for who asks later with an earlier `since`. Filters are by verdict
 * and event_type; one that asks by more is InvalidArgument, since it would be sent too much.
 *
 * The keys of `hubble:` that it reads (all have defaults):
 *   flows: […]        what happens as soon as somebody asks for the first time
 *   tls: bool         it speaks TLS; certificate, tls_options: as everywhere (lib/script/tls_setup.h)
 * A flow without `time` happens now; without `event_type` it is the log of a proxy if it has `l7` (129), else a policy's verdict (5).
 *
 * Events, `who` "hubble": hubble.flow {flow, sent: to how many}; hubble.verb, hubble.stopped, hubble.started, hubble.failed {why};
 * and those of the layers.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct events;
struct faults;
struct hubble;
struct loop;
struct pki;

/* All borrowed, and in use until the loop is freed, but for spec and host, which are needed for the call only. */
struct hubble_options {
    struct loop *loop;
    struct events *events;
    struct faults *faults; /* NULL: none */
    struct pki *pki;       /* NULL: no TLS */
    uint64_t *next_conn_id;
    const json_t *spec;    /* the `hubble:` object; NULL: all defaults */
    const char *host;      /* numeric; NULL: 127.0.0.1 */
    uint16_t port;         /* 0: any */
};

/* 0, or -errno and *reterr, a new string, says what and how to cure it. */
int hubble_start(const struct hubble_options *o, struct hubble **ret, char **reterr);
/* Ends its connections. They and it are freed at the end of the loop's turn, at the latest by loop_free(): free the loop before
 * events, faults and pki. NULL is fine; always NULL back. */
struct hubble *hubble_free(struct hubble *h);
json_t *hubble_listeners(const struct hubble *h); /* [{"transport", "address"}] */
/* A verb of steps: `flow` {…}, something that happens now; and what any fake knows (lib/script/verbs.h): stop, start, restart
 * {down: 2s}, goaway, close_streams, reset, act, fault_on … on the `struct hubble`. 0, or -EINVAL and *reterr (NULL is fine), a new
 * string. */
int hubble_perform(void *hubble, const char *verb, const json_t *args, char **reterr);
