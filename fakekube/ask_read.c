/* Reading: one, and pages of many. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

enum { TOKEN_MAX = 4096 };

void ask_get(struct ask *a)
{
    const json_t *object = kube_shelf_get(a->r->shelf, a->ns, a->name);
    if (object)
        ask_answer(a, 200, object_seen(a->r, object));
    else
        ask_refuse(a, status_not_found(a->r, a->name));
}

/* ---- tokens of pages: {"v":"meta.k8s.io/v1","rv":12,"start":"ns/name"} in base64, as Kubernetes makes them ---- */

static char *token_make(uint64_t version, const char *start)
{
    json_t *t = json_pack("{ss, sI, ss}", "v", "meta.k8s.io/v1", "rv", (json_int_t)version, "start", start);
    _cleanup_(freep) char *text = json_dumps(t, JSON_COMPACT);
    size_t n = strlen(text);
    char *out = xcalloc(1, (n + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)n);
    json_decref(t);
    return out;
}

/* The key to go on behind, a new string; NULL: it is none. */
static char *token_read(const char *token, uint64_t *ret_version)
{
    unsigned char bytes[TOKEN_MAX + 4];
    size_t n = strlen(token);
    int got = n && n <= TOKEN_MAX && n % 4 == 0 ? EVP_DecodeBlock(bytes, (const unsigned char *)token, (int)n) : -1;
    for (size_t i = n; got > 0 && i > n - 2 && token[i - 1] == '='; i--)
        got--;
    json_t *t = got > 0 ? json_loadb((const char *)bytes, (size_t)got, 0, NULL) : NULL;
    const char *start = json_string_value(json_object_get(t, "start"));
    char *key = start ? xstrdup(start) : NULL;
    *ret_version = (uint64_t)json_integer_value(json_object_get(t, "rv"));
    json_decref(t);
    return key;
}

/* ---- lists ---- */

struct listing {
    const struct ask *a;
    json_t *items;
    char *last;      /* owned: key of the last of this page */
    int64_t beyond;  /* that did not fit into it */
};

static bool list_one(void *arg, const char *key, const json_t *object)
{
    struct listing *l = arg;
    const struct ask *a = l->a;
    if (!selector_fits_labels(a->labels, json_object_get(json_object_get(object, "metadata"), "labels")) ||
        !selector_fits_fields(a->fields, object))
        return true;
    if (a->limit > 0 && (int64_t)json_array_size(l->items) >= a->limit) {
        l->beyond++;
        return selector_empty(a->labels) && selector_empty(a->fields); /* only then is it told how many there are */
    }
    json_t *seen = object_seen(a->r, object);
    if (!a->r->custom) { /* the list says what its items are */
        json_t *bare = json_copy(seen);
        json_object_del(bare, "kind");
        json_object_del(bare, "apiVersion");
        json_decref(seen);
        seen = bare;
    }
    json_array_append_new(l->items, seen);
    free(l->last);
    l->last = xstrdup(key);
    return true;
}

static void answer_list(struct ask *a, struct listing *l, uint64_t version)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, version);
    json_t *metadata = json_pack("{ss}", "resourceVersion", text);
    if (l->beyond) {
        _cleanup_(freep) char *token = token_make(version, l->last);
        json_object_set_new(metadata, "continue", json_string(token));
        if (selector_empty(a->labels) && selector_empty(a->fields))
            json_object_set_new(metadata, "remainingItemCount", json_integer(l->beyond));
    }
    _cleanup_(freep) char *api = *a->r->group ? xasprintf("%s/%s", a->r->group, a->r->version) : xstrdup(a->r->version);
    ask_answer(a, 200, json_pack("{ss, ss, so, sO}", "kind", a->r->list_kind, "apiVersion", api, "metadata", metadata, "items",
                                 l->items));
}

void ask_list(struct ask *a)
{
    uint64_t version = kube_store_version(a->cluster->store);
    struct listing l = {.a = a};
    _cleanup_(freep) char *after = NULL;
    if (a->continue_token && *a->continue_token) {
        after = token_read(a->continue_token, &version);
        if (!after) {
            ask_refuse(a, status_bad_request("invalid continue token: continue key is not valid: illegal base64 data at input byte 0"));
            return;
        }
        if (version < kube_store_oldest(a->cluster->store)) {
            ask_refuse(a, status_expired("The provided continue parameter is too old to display a consistent list result. You can "
                                         "start a new list without the continue parameter."));
            return;
        }
    }
    l.items = json_array();
    kube_shelf_each(a->r->shelf, a->ns, after, list_one, &l);
    answer_list(a, &l, version);
    json_decref(l.items);
    free(l.last);
}
