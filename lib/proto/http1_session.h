/* What http1.c (reads, asks) and http1_answer.c (writes) share; nobody else includes it. */
#pragma once

#include <http_parser.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"
#include "lib/proto/http1.h"

enum { HTTP1_HEAD_MAX = 64 * 1024, HTTP1_BODY_KEPT = 1024 * 1024, HTTP1_PENDING_MAX = 1024 * 1024 };

struct http1 {
    struct layer l;
    struct http1_owner owner;
    http_parser parser;
    struct http1_request req;
    struct buf in;            /* read, not yet parsed: behind a request that waits for its answer, or for LAYER_OPEN */
    struct buf url, name, value, body;
    size_t head_len;
    json_t *upgrade_headers;  /* of the 101; owned */
    bool head_done : 1;
    bool too_large : 1;
    bool bad_value : 1;       /* a control character in a header: http-parser lets it pass, Go does not */
    bool in_value : 1;
    bool complete : 1;        /* the parser has stopped behind a request */
    bool body_cut : 1;        /* … or within it, because its body is too long */
    bool busy : 1;            /* a request waits for its answer */
    bool feeds : 1;           /* … of which the body comes bit by bit, and is not over */
    bool given : 1;           /* … and which its owner has */
    bool streaming : 1;       /* … of which the head is out */
    bool chunked : 1;         /* … and whose body has no length */
    bool bare : 1;            /* … and which has no body, whatever is written */
    bool keep_alive : 1;
    bool wants_upgrade : 1;
    bool upgraded : 1;
    bool upgrade_pass : 1;    /* the 101 goes out, whatever else a scenario did */
    bool opened : 1;          /* the layer above has been told; we are transparent */
    bool closing : 1;
    bool eof : 1;             /* the peer has ended, and still gets its answer */
    bool deaf : 1;            /* a scenario's bytes took the place of an upgrade: nothing more is HTTP */
    bool running : 1;
    bool scheduled : 1;
    bool freed : 1;
};

void http1_run(struct http1 *h);           /* goes on reading, if nothing waits for an answer */
void http1_close(struct http1 *h);
void http1_run_later(struct http1 *h);
/* 400 or 431, as Go says it. */
void http1_refuse(struct http1 *h, const char *status, const char *detail, const char *reason);
void http1_respond_verb(struct http1 *h, const struct action *a);
