/* One HTTP/1 request over a connection of its own: the harness as somebody's client (a probe of readiness, the user of
 * the CI/CD tunnel). No event is written and no name looked up here. */
#pragma once

#include <jansson.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop/loop.h"

struct http_ask;

struct http_answer {
    const char *failed;    /* why there is no answer, or NULL */
    int status;
    const json_t *headers; /* lower-case name -> text, or list of texts */
    const char *body;      /* the first 256 KiB; after a 101 what came until the end of the connection */
    size_t n;
    uint64_t length;       /* of all of it */
    const char *sha256;    /* of all of it, in hex */
    bool stopped;          /* it was not whole: enough() had enough */
};

struct http_ask_options {
    struct loop *loop;
    const char *host; /* numeric */
    uint16_t port;
    const void *request; /* its bytes, as they go out; copied */
    size_t n;
    bool head;           /* it is a HEAD: the answer has no body */
    uint64_t upload;     /* so many bytes follow, "0123456789abcdef" again and again */
    const char *say;     /* sent when a 101 has come; borrowed. NULL: nothing */
    size_t slow_bytes;   /* > 0: no more than that is read at once, … */
    uint64_t slow_ms;    /* … and so long not at all after it; without TLS only */
    void (*begun)(void *arg, const struct http_answer *a); /* the head is there; may be NULL */
    bool (*enough)(void *arg, const struct http_answer *a); /* as far as the answer has come: true ends it. May be NULL */
    SSL_CTX *tls;        /* it speaks TLS so, and host must be in the certificate; borrowed for the call. NULL: plain */
    uint64_t timeout_ms;
    void (*done)(void *arg, const struct http_answer *a); /* once, never from within http_ask_new() */
    void *arg;
};

/* Lives until http_ask_free(), which done() may call. */
struct http_ask *http_ask_new(const struct http_ask_options *o);
struct http_ask *http_ask_free(struct http_ask *a); /* done() will not be called; NULL is fine */
