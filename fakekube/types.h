/* Which fields Kubernetes' kinds have: one table for all that needs to know it (OpenAPI in three forms, strategic merge,
 * server-side apply, what an API server says of unknown fields).
 *
 * A row is NAME and its fields, "name[!]:form" with a blank between, ! for required:
 *   s string  i int32  I int64  b boolean  n number  y bytes  o anything      Other  core.v1.Other  a type, of this package or that
 *   []form          a list that is replaced as a whole
 *   [key,key]form   a list of objects that are told apart by these keys; strategic merge goes by the first
 *   [~key]form      the same, but replaced by strategic merge       [@key]form  merged by key there, replaced by apply
 *   [=]form         a set: values that are there once
 *   {}form          a map with any keys
 * % before a form, or behind a key, is the strategy retainKeys.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum form { FORM_ANY, FORM_STRING, FORM_INT32, FORM_INT64, FORM_BOOL, FORM_NUMBER, FORM_BYTES, FORM_TYPE, FORM_LIST, FORM_MAP };
enum { LIST_KEYS_MAX = 3 };

struct schema {
    enum form form;
    struct kube_type *type;    /* FORM_TYPE; borrowed */
    const struct schema *item; /* FORM_LIST and FORM_MAP; owned */
    char *keys[LIST_KEYS_MAX]; /* of a list of objects that are told apart; owned */
    int n_keys;
    bool set;           /* a list that is a set */
    bool merge, apply;  /* does strategic merge, does server-side apply look into this list? */
    bool retain_keys;
    bool atomic;        /* a map that apply takes as a whole */
};

struct field {
    char *name; /* owned */
    bool required;
    struct schema schema;
};

struct kube_type {
    const char *name;       /* "apps.v1.Deployment"; static */
    const char *kind;       /* "Deployment"; within name */
    const char *text;       /* the row; static */
    const char *type, *format; /* without fields: "string", "date-time"; NULL: none. Borrowed from the types */
    struct field *fields;   /* owned; sorted by name */
    size_t n_fields;
    bool atomic;            /* apply takes it as a whole */
};

struct types;
struct types *types_new(void);
struct types *types_free(struct types *t);
struct kube_type *types_find(const struct types *t, const char *name); /* NULL: none */
/* Each, in the order of the tables. */
struct kube_type *types_at(const struct types *t, size_t i); /* NULL: no more */
const struct schema *type_field(const struct kube_type *t, const char *name); /* NULL: it has none of that name */
/* "io.k8s.api.apps.v1.Deployment", as OpenAPI has it; a new string. */
char *type_full_name(const struct kube_type *t);
