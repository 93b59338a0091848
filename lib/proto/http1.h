/* HTTP/1.1 as far as a WebSocket upgrade, and the answers that stand in its way, as a layer (http-parser reads).
 *
 * The server layer reads one request head, makes it the moment http.request, and lets its owner answer: with an
 * upgrade (bytes then flow through it untouched) or with a response. Requests on one connection come one after the
 * other (keep-alive). Limits: head 64 KiB or the owner's (431 beyond), body 1 MiB kept, or none read beyond the owner's.
 * `Expect: 100-continue` gets its 100.
 *
 * Moment http.request {method, target, path, query, version, host, headers: {lower-case: value or [values]}}, and
 * events http.response {status, path} and http.malformed {reason} (400 or 431 in the words of Go's net/http, then
 * close). `authorization` stands in the log as "Bearer <token>", the owner's secret headers as "<token>". Verbs at http.request:
 *   respond: {status, reason, headers: {…}, body, close: bool}   (Date, Content-Length and Content-Type are added
 *                                                              unless given; a header given as null is left out;
 *                                                              a list is a header that comes several times; body is
 *                                                              text, {text}, {hex} or {base64})
 *   withhold                                                   never answered
 * Moment ws.handshake {headers} before a 101 goes out. Verbs: headers: {name: value} (over ours, null leaves one out;
 * the 101 needs `pass` behind it), pass, respond (in place of the 101), withhold.
 * After `send` in place of an answer the next request is read, but behind an upgrade request nothing is.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "lib/net/conn.h"

struct http1;

/* Valid until it is answered, and in request() until that returns. */
struct http1_request {
    const char *method, *target, *path; /* path: target without query */
    int major, minor;
    json_t *headers;   /* lower-case name -> value, or array of values where it came more than once */
    const uint8_t *body;
    size_t body_len;
    bool too_large;    /* its body is beyond max_body and was not read: whatever the answer, the connection then ends */
};

struct http1_owner {
    /* No action of a scenario took the request: answer with http1_respond() or http1_upgrade(). */
    void (*request)(void *arg, struct http1 *h, const struct http1_request *r);
    void *arg;
    const char *moment; /* NULL: http.request */
    size_t max_head;    /* 431 beyond; 0, and at most: 64 KiB */
    const char *const *secret_headers; /* lower-case names beside authorization that the log must not show; NULL ends */
    size_t max_body;    /* beyond: `too_large`, and 413 is the owner's to say. 0: 1 MiB is kept and the rest is lost */
    /* Asked of a request with a body when its head is there: true, and request() comes now, the body bit by bit after it
     * (behind the moment), n 0 at its end. Who answers before that end ends the connection. conn_hold() makes the client
     * wait. NULL: whole requests only. */
    bool (*streams)(void *arg, const struct http1_request *r);
    void (*body)(void *arg, struct http1 *h, const uint8_t *p, size_t n);
    void (*drained)(void *arg, struct http1 *h); /* what was written has left us; may be NULL */
    bool eof_ends;      /* a client that ends has hung up, as Go has it: it does not wait for its answer */
};

struct http1 *http1_server_push(struct conn *c, const struct http1_owner *owner);
struct layer *http1_layer(struct http1 *h);
/* First header of that name (any case), or NULL. */
const char *http1_header(const struct http1_request *r, const char *name);
bool http1_header_has(const struct http1_request *r, const char *name, const char *token); /* comma lists */
/* headers: object, value null leaves a default out. body may be NULL. close: connection ends after it. */
void http1_respond(struct http1 *h, int status, const char *reason, const json_t *headers, const void *body,
                   size_t body_len, bool close);
/* An answer whose body comes bit by bit: of the Content-Length that is given, else chunked, or to an HTTP/1.0 client until the
 * connection ends. Nothing else is answered on the connection until http1_end(). The peer's end ends it too: whoever writes learns of that from conn->dead and on_free. */
void http1_begin(struct http1 *h, int status, const json_t *headers);
void http1_write(struct http1 *h, const void *p, size_t n);
void http1_end(struct http1 *h);
/* Does what a scenario wants at a later moment of the request that is being answered, one that its owner has asked for: the verbs of
 * http.request, and those of `own` (NULL: none). `done` as of conn_act_all(): with carry_on the owner answers now. */
void http1_act(struct http1 *h, const struct action *list, own_action_fn own, acted_fn done, void *arg);
/* Writes the 101 and becomes transparent: what follows goes up to the layer pushed next, which is told LAYER_OPEN when
 * request() returns, or when the turn ends if the answer comes later. */
void http1_upgrade(struct http1 *h, const json_t *headers);
void http1_become(struct http1 *h, int status, const char *reason, const json_t *headers); /* the same, to CONNECT */
enum { HTTP1_DATE = 40 };
const char *http1_date(char out[HTTP1_DATE]); /* now, as a Date header has it */
const char *http1_reason(int status); /* as Go's net/http names it; "" if unknown */
