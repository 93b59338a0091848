/* GraphQL as GitLab offers it at /api/graphql: bytes and JSON in, JSON out. No sockets here.
 *
 * Language: GraphQL October 2021, executable documents. Syntax errors are worded as graphql-js words them, everything
 * after that as GitLab does (which uses graphql-ruby). The answer is what section 7.1 of the specification says:
 * {"data": …, "errors": [{"message", "locations": [{"line", "column"}], "path", "extensions"}]}; "data" is left out when
 * nothing was executed. Lines and columns begin at 1 and count characters, not bytes.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* 0 in any of them: the default. None can be switched off. */
struct graphql_limits {
    size_t document;     /* bytes; 262144 */
    size_t tokens;       /* without the end; 15000 */
    unsigned nesting;    /* of braces, lists and objects in the text; 200 */
    unsigned depth;      /* of fields, fragments expanded; 20, GitLab's for who has signed in */
    unsigned complexity; /* fields, fragments expanded; 250, as depth. Introspection is not. */
    unsigned errors;     /* of validation: no more are reported; 100 */
    size_t work;         /* comparisons of validation; 1000000 */
    size_t results;      /* fields of one answer; 100000 */
    unsigned page;       /* nodes of a page of a connection; 100 */
};

struct graphql_options {
    struct store *store;
    int64_t user;                /* who asks, an id of the store; 0: nobody has signed in */
    const char *version;         /* which fields there are, and metadata { version }; NULL: all, "14.7.0" */
    const char *revision;        /* metadata { revision }; NULL: "0000000" */
    const char *web_url;         /* what webUrl begins with; NULL: "http://gitlab.example.com" */
    struct graphql_limits limits;
    /* Who is connected as this agent now, as KAS would tell GitLab: a new array of
     * {connectionId, connectedAt (seconds), commit, version, podNamespace, podName}, or NULL for KAS cannot be reached.
     * The function may be NULL: nobody is. */
    json_t *(*connections)(void *arg, int64_t agent);
    void *connections_arg;
};

/* One request: `body` is {"query", "variables", "operationName"}, or an array of these (then so is the answer).
 * variables may be an object, null, or JSON in a string. Never NULL; the caller's. */
json_t *graphql_execute(const struct graphql_options *o, const json_t *body);

/* The same with the HTTP status: 200 also for errors of GraphQL; 422 where GitLab refuses before executing (variables that
 * are no JSON; `get` and the document has a mutation). For GET make `body` of the parameters of the URL. */
json_t *graphql_request(const struct graphql_options *o, const json_t *body, bool get, int *ret_status);

/* Syntax only. NULL if it is right, else a new {"message", "locations"}. limits may be NULL. */
json_t *graphql_check(const char *document, size_t n, const struct graphql_limits *limits);
