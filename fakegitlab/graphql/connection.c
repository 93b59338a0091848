#include "fakegitlab/graphql/connection.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

struct page {
    const struct gql_node *nodes;
    size_t n, count; /* of the page, of all */
    bool more_before, more_after;
};

const struct gql_input_row gql_page_args[] = {GQL_PAGE_ARGS, {0}};

/* base64 of {"id":"1"}: opaque to clients, stable when others come and go. */
static struct gql_result cursor(int64_t id)
{
    char plain[64], coded[96];
    int n = snprintf(plain, sizeof plain, "{\"id\":\"%" PRId64 "\"}", id);
    n = EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain, n);
    while (n > 0 && coded[n - 1] == '=')
        n--;
    return gql_leaf(json_stringn(coded, (size_t)n));
}

static bool cursor_id(const char *text, int64_t *ret)
{
    char padded[96] = "", plain[96], end;
    size_t n = strlen(text);
    if (n == 0 || n > 80)
        return false;
    memcpy(padded, text, n);
    while (n % 4)
        padded[n++] = '=';
    int got = EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)padded, (int)n);
    if (got < 0)
        return false;
    plain[got] = '\0';
    return sscanf(plain, "{\"id\":\"%" SCNd64 "\"%c", ret, &end) == 2 && end == '}';
}

/* A cursor of one that has gone meanwhile finds its place by the id; nodes by another order begin anew then. */
static bool place_of(const struct gql_node *nodes, size_t n, const char *text, size_t *ret)
{
    int64_t id;
    if (!cursor_id(text, &id))
        return false;
    for (*ret = 0; *ret < n; ++*ret)
        if (nodes[*ret].id == id)
            return true;
    for (*ret = 0; *ret < n && nodes[*ret].id < id; ++*ret)
        ;
    return true;
}

static size_t size_of(const struct gql_call *c, const json_t *n)
{
    json_int_t size = json_is_integer(n) ? json_integer_value(n) : c->limits.page;
    return size < 0 ? 0 : size > c->limits.page ? c->limits.page : (size_t)size;
}

struct gql_result gql_connection(struct gql_call *c, const struct gql_node *nodes, size_t n, const json_t *args)
{
    const json_t *first = json_object_get(args, "first"), *last = json_object_get(args, "last");
    const char *after = json_string_value(json_object_get(args, "after"));
    const char *before = json_string_value(json_object_get(args, "before"));
    size_t from = 0, to = n, at;
    if (json_is_integer(first) && json_is_integer(last))
        return gql_fail(c, "Can only provide either `first` or `last`, not both");
    if ((after && !place_of(nodes, n, after, &at)) || (before && !place_of(nodes, n, before, &at)))
        return gql_fail(c, "Please provide a valid cursor");
    if (after) {
        int64_t id;
        place_of(nodes, n, after, &from);
        from += from < n && cursor_id(after, &id) && nodes[from].id == id;
    }
    if (before)
        place_of(nodes, n, before, &to);
    if (to < from)
        to = from;
    size_t size = size_of(c, json_is_integer(last) ? last : first);
    if (to - from > size && json_is_integer(last))
        from = to - size;
    else if (to - from > size)
        to = from + size;
    struct page *p = ARENA_NEW(c->arena, struct page);
    *p = (struct page){nodes + from, to - from, n, from > 0, to < n};
    return gql_object(p);
}

static struct gql_result list(struct gql_call *c, const struct page *p, bool edges)
{
    struct gql_result *items = arena_alloc(c->arena, p->n * sizeof *items);
    for (size_t i = 0; i < p->n; i++)
        items[i] = gql_object(edges ? (const void *)&p->nodes[i] : p->nodes[i].object);
    return (struct gql_result){.kind = GQL_RESULT_LIST, .items = items, .n = p->n};
}

struct gql_result gql_connection_nodes(struct gql_call *c, const void *o, const json_t *args)
{
    return list(c, o, false);
}

struct gql_result gql_connection_edges(struct gql_call *c, const void *o, const json_t *args)
{
    return list(c, o, true);
}

struct gql_result gql_connection_info(struct gql_call *c, const void *o, const json_t *args)
{
    return gql_object(o);
}

struct gql_result gql_connection_count(struct gql_call *c, const void *o, const json_t *args)
{
    return gql_number((json_int_t)((const struct page *)o)->count);
}

struct gql_result gql_edge_cursor(struct gql_call *c, const void *o, const json_t *args)
{
    return cursor(((const struct gql_node *)o)->id);
}

struct gql_result gql_edge_node(struct gql_call *c, const void *o, const json_t *args)
{
    return gql_object(((const struct gql_node *)o)->object);
}

static struct gql_result has_next(struct gql_call *c, const void *o, const json_t *args)
{
    return gql_bool(((const struct page *)o)->more_after);
}

static struct gql_result has_previous(struct gql_call *c, const void *o, const json_t *args)
{
    return gql_bool(((const struct page *)o)->more_before);
}

static struct gql_result start_cursor(struct gql_call *c, const void *o, const json_t *args)
{
    const struct page *p = o;
    return p->n ? cursor(p->nodes[0].id) : gql_null();
}

static struct gql_result end_cursor(struct gql_call *c, const void *o, const json_t *args)
{
    const struct page *p = o;
    return p->n ? cursor(p->nodes[p->n - 1].id) : gql_null();
}

static const struct gql_field_row page_info_fields[] = {
    {"endCursor", "String", "When paginating forwards, the cursor to continue.", end_cursor},
    {"hasNextPage", "Boolean!", "When paginating forwards, are there more items?", has_next},
    {"hasPreviousPage", "Boolean!", "When paginating backwards, are there more items?", has_previous},
    {"startCursor", "String", "When paginating backwards, the cursor to continue.", start_cursor},
    {0},
};
const struct gql_type_row gql_page_info = {GQL_OBJECT_TYPE, "PageInfo", "Information about pagination in a connection.",
                                           .fields = page_info_fields};
