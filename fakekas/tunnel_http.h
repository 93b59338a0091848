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
struct tunnel_request {
    json_t *args;      /* owned */
    json_int_t conn;   /* 0: any connection */
    bool keep_open;    /* no close_send */
    bool answered, trailer;
    json_t *header;    /* {status_code, status, header}; owned */
    struct buf body;
    json_t *error;     /* {code, name, message}; owned */
    TAILQ_ENTRY(tunnel_request) entry;
};
TAILQ_HEAD(tunnel_requests, tunnel_request);

struct tunnel_request *tunnel_request_new(const json_t *args, char **reterr);
struct tunnel_request *tunnel_request_free(struct tunnel_request *r);
/* {method_name, meta} for this agent's service. New reference. */
json_t *tunnel_request_info(const struct tunnel_request *r, const char *service);
/* Gives each serialised message to `send`. */
int tunnel_request_send(const struct tunnel_request *r, const char *service,
                        void (*send)(void *arg, const uint8_t *p, size_t n), void *arg, char **reterr);
void tunnel_request_received(struct tunnel_request *r, const uint8_t *p, size_t n);
void tunnel_request_error(struct tunnel_request *r, int code, const char *message);
/* {id, status, headers, body, error} as far as they came. New reference. */
json_t *tunnel_request_response(const struct tunnel_request *r);

/* {name: "v"} or {name: [v, …]} -> {name: {value: [v, …]}}, which is how the messages hold headers. */
json_t *values_from(const json_t *plain);
json_t *values_to(const json_t *values);
