/* One HTTP request that goes through a tunnel, and the response that is put together from its pieces. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/base/buf.h"

/* args: {method: GET, path: /version, query: {k: v|[v]}, headers: {…}, body: text, meta: {…}, extra: {imp_config},
 * rpc: "/service/Method", id: any, conn: N, keep_open: bool}. */
/* Who takes the answer bit by bit. Each but `ended` may come often; none comes after it. All are there. */
struct tunnel_taker {
    void (*begun)(void *arg); /* a tunnel has it, and its head has gone: the body may follow */
    void (*header)(void *arg, int status, const json_t *headers); /* {Name: text or [texts]}; borrowed */
    void (*data)(void *arg, const uint8_t *p, size_t n);
    void (*upgrade_data)(void *arg, const uint8_t *p, size_t n);
    void (*drained)(void *arg); /* what was sent has left us */
    /* The last word: code GRPC_OK and the answer was whole; else what the agent said, or < 0: the tunnel is lost. The
     * request is gone then. */
    void (*ended)(void *arg, int code, const char *message);
};

struct tunnel;
struct tunnels;
struct tunnel_request {
    json_t *args;      /* owned */
    const struct tunnel_taker *taker; /* NULL: the answer is put together here */
    void *arg;
    struct tunnels *set;
    struct tunnel *tunnel; /* whose it is; NULL: it waits */
    int64_t agent_id;  /* 0: any */
    json_int_t conn;   /* 0: any connection */
    bool keep_open;    /* no close_send */
    bool answered, trailer;
    json_t *header;    /* {status_code, status, header}; owned */
    struct buf body;
    uint64_t length;   /* of the whole body */
    json_t *error;     /* {code, name, message}; owned */
    TAILQ_ENTRY(tunnel_request) entry;
};
TAILQ_HEAD(tunnel_requests, tunnel_request);

struct tunnel_request *tunnel_request_new(const json_t *args, char **reterr);
struct tunnel_request *tunnel_request_free(struct tunnel_request *r);
/* {method_name, meta} for this agent's service. New reference. */
json_t *tunnel_request_info(const struct tunnel_request *r, const char *service);
/* Gives each serialised message to `send`. With a taker it is the header only; then come the others, in pieces of 32 KiB. */
typedef void (*tunnel_send_fn)(void *arg, const uint8_t *p, size_t n);
int tunnel_request_send(const struct tunnel_request *r, const char *service, tunnel_send_fn send, void *arg, char **reterr);
void tunnel_send_data(const void *body, size_t n, bool upgraded, tunnel_send_fn send, void *arg);
void tunnel_send_trailer(tunnel_send_fn send, void *arg);
void tunnel_request_received(struct tunnel_request *r, const uint8_t *p, size_t n);
void tunnel_request_error(struct tunnel_request *r, int code, const char *message);
/* {id, status, headers, body, length, error} as far as they came; without a body for a taker. New reference. */
json_t *tunnel_request_response(const struct tunnel_request *r);

/* {name: "v"} or {name: [v, …]} -> {name: {value: [v, …]}}, which is how the messages hold headers. */
json_t *values_from(const json_t *plain);
json_t *values_to(const json_t *values);
