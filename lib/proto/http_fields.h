/* The header fields of an answer that http-parser reads, as its callbacks tell them piece by piece (RFC 9110, 5.1 to 5.3). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

struct http_fields {
    json_t *all;            /* lower-case name -> text, or a list of texts of a name that came again; owned */
    struct buf name, value; /* of the field that is being read */
    const char *unreadable; /* stands for a value that is no UTF-8; static */
    bool in_value;
};

void http_fields_init(struct http_fields *f, const char *unreadable);
void http_fields_done(struct http_fields *f); /* what was initialised, or is all zero; it may be initialised again */

/* http-parser's on_header_field and on_header_value: `n` bytes more. Who calls keeps to its own limits. */
void http_fields_name(struct http_fields *f, const char *at, size_t n);
void http_fields_value(struct http_fields *f, const char *at, size_t n);
/* on_headers_complete, and behind a trailer: the last field is one. */
void http_fields_end(struct http_fields *f);
