/* Inside lib/net: a DNS question read, and its answer written. Bytes only; ldns knows the format. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_question {
    char *name;          /* lower case, no dot at the end */
    char *type;          /* "A", "AAAA", … */
    void *packet;        /* ldns_pkt */
};

/* What is answered instead of what the table of names says. */
struct dns_say {
    const json_t *answer; /* {a: […], aaaa: […], ttl}; NULL: the table */
    int rcode;            /* -1: as it comes */
    bool truncate;        /* TC, and nothing else: ask again over TCP */
};

/* 0; -EINVAL: no DNS; -EBADMSG: DNS, but no single question (see dns_refuse()). */
int dns_question_read(const uint8_t *p, size_t n, struct dns_question *ret);
void dns_question_done(struct dns_question *q);
/* The answer's bytes, the caller's. limit: of the transport; more is truncated. *ret_facts, if not NULL: {rcode,
 * answers: […]}, the caller's. */
int dns_answer_write(const struct dns_question *q, const json_t *names, const struct dns_say *say, bool udp,
                     uint8_t **ret, size_t *ret_len, json_t **ret_facts);
/* FORMERR to something that begins like a query: 12 bytes. */
void dns_refuse(const uint8_t *query, uint8_t out[12]);
int dns_rcode(const json_t *v); /* "NXDOMAIN", 3; -EINVAL */
/* The addresses that the table has for a name: an array or a string, borrowed; NULL: no such name. */
const json_t *dns_lookup(const json_t *names, const char *name);
