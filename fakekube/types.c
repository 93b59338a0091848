/* Reads the tables of types: each is needed by somebody soon after the start, and all are a matter of half a millisecond. */
#include "fakekube/types.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "fakekube/types_impl.h"
#include "lib/base/mem.h"

struct named {
    struct kube_type type;
    char *memory; /* of type and format; owned */
    UT_hash_handle hh;
};

struct types {
    struct named *all;    /* owned; in the order of the tables */
    struct named *by_name;
    size_t n;
};

static const struct type_row *const tables[] = {types_core, types_work, types_rest};

/* ---- forms ---- */

static const struct {
    char letter;
    enum form form;
} letters[] = {{'s', FORM_STRING}, {'i', FORM_INT32}, {'I', FORM_INT64}, {'b', FORM_BOOL},
               {'n', FORM_NUMBER}, {'y', FORM_BYTES}, {'o', FORM_ANY}};

static void read_keys(const char *p, const char *end, struct schema *ret)
{
    ret->merge = *p != '~';
    ret->apply = *p != '@';
    p += *p == '~' || *p == '@';
    if (end > p && end[-1] == '%') {
        ret->retain_keys = true;
        end--;
    }
    while (p < end && ret->n_keys < LIST_KEYS_MAX) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        ret->keys[ret->n_keys++] = xstrndup(p, (size_t)(stop - p));
        p = comma ? comma + 1 : end;
    }
}

static void read_form(const struct types *t, const struct kube_type *of, const char *p, size_t n, struct schema *ret);

static void read_list(const struct types *t, const struct kube_type *of, const char *p, size_t n, struct schema *ret)
{
    const char *end = memchr(p, ']', n);
    struct schema *item = NEW(struct schema);
    ret->form = FORM_LIST;
    ret->item = item;
    if (p[1] == '=') {
        ret->set = ret->apply = true;
        ret->merge = p[2] != '~';
    } else if (end > p + 1) {
        read_keys(p + 1, end, ret);
    }
    read_form(t, of, end + 1, n - (size_t)(end + 1 - p), item);
}

static void read_form(const struct types *t, const struct kube_type *of, const char *p, size_t n, struct schema *ret)
{
    if (*p == '[') {
        read_list(t, of, p, n, ret);
        return;
    }
    if (*p == '%') {
        ret->retain_keys = true;
        p++, n--;
    }
    if (*p == '{') {
        struct schema *item = NEW(struct schema);
        ret->form = FORM_MAP;
        ret->item = item;
        read_form(t, of, p + 2, n - 2, item);
        return;
    }
    for (size_t i = 0; n == 1 && i < ARRAY_SIZE(letters); i++)
        if (*p == letters[i].letter) {
            ret->form = letters[i].form;
            return;
        }
    size_t package = (size_t)(of->kind - of->name);
    _cleanup_(freep) char *name = memchr(p, '.', n) ? xstrndup(p, n) : xasprintf("%.*s%.*s", (int)package, of->name, (int)n, p);
    ret->type = types_find(t, name);
    ret->form = ret->type ? FORM_TYPE : FORM_ANY;
}

/* ---- rows ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->name, ((const struct field *)b)->name);
}

static void read_fields(const struct types *t, struct kube_type *type)
{
    size_t n = 0;
    for (const char *p = type->text; *p; p++)
        n += *p == ':';
    type->fields = xcalloc(n ? n : 1, sizeof(*type->fields));
    for (const char *p = type->text; *p;) {
        size_t len = strcspn(p, " "), name = strcspn(p, "!:");
        struct field *f = &type->fields[type->n_fields++];
        const char *form = memchr(p, ':', len);
        f->name = xstrndup(p, name);
        f->required = p[name] == '!';
        read_form(t, type, form + 1, len - (size_t)(form + 1 - p), &f->schema);
        p += len + strspn(p + len, " ");
    }
    qsort(type->fields, type->n_fields, sizeof(*type->fields), by_name);
}

static void read_plain(struct named *one)
{
    one->memory = xstrdup(one->type.text + 1);
    char *comma = strchr(one->memory, ',');
    if (comma) {
        *comma = '\0';
        one->type.format = comma + 1;
    }
    one->type.type = strcmp(one->memory, "o") ? one->memory : NULL;
}

/* x-kubernetes-map-type: atomic. "type" or "type field". */
static void mark_atomics(struct types *t)
{
    static const char *const names[] = {
        "meta.v1.LabelSelector",           "core.v1.ObjectReference",       "core.v1.LocalObjectReference",
        "core.v1.TypedLocalObjectReference", "core.v1.SecretReference",     "core.v1.ObjectFieldSelector",
        "core.v1.ResourceFieldSelector",   "core.v1.SecretKeySelector",     "core.v1.ConfigMapKeySelector",
        "core.v1.NodeSelector",            "core.v1.NodeSelectorTerm",      "core.v1.EndpointAddress",
        "core.v1.EndpointPort",            "rbac.v1.RoleRef",               "autoscaling.v1.CrossVersionObjectReference"};
    static const char *const fields[][2] = {{"core.v1.ServiceSpec", "selector"},
                                            {"core.v1.PodSpec", "nodeSelector"},
                                            {"core.v1.ReplicationControllerSpec", "selector"}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct kube_type *type = types_find(t, names[i]);
        if (type)
            type->atomic = true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct kube_type *type = types_find(t, fields[i][0]);
        struct schema *s = type ? (struct schema *)type_field(type, fields[i][1]) : NULL;
        if (s)
            s->atomic = true;
    }
}

struct types *types_new(void)
{
    struct types *t = NEW(struct types);
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct type_row *r = tables[i]; r->name; r++)
            n++;
    t->all = xcalloc(n, sizeof(*t->all));
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct type_row *r = tables[i]; r->name; r++) {
            struct named *one = &t->all[t->n++];
            one->type = (struct kube_type){.name = r->name, .kind = strrchr(r->name, '.') + 1, .text = r->fields};
            HASH_ADD_KEYPTR(hh, t->by_name, r->name, strlen(r->name), one);
        }
    for (size_t i = 0; i < t->n; i++)
        if (*t->all[i].type.text == '=')
            read_plain(&t->all[i]);
        else
            read_fields(t, &t->all[i].type);
    mark_atomics(t);
    return t;
}

static void schema_done(struct schema *s)
{
    for (int i = 0; i < s->n_keys; i++)
        free(s->keys[i]);
    if (s->item) {
        schema_done((struct schema *)s->item);
        free((struct schema *)s->item);
    }
}

struct types *types_free(struct types *t)
{
    if (!t)
        return NULL;
    HASH_CLEAR(hh, t->by_name);
    for (size_t i = 0; i < t->n; i++) {
        struct kube_type *type = &t->all[i].type;
        for (size_t f = 0; f < type->n_fields; f++) {
            free(type->fields[f].name);
            schema_done(&type->fields[f].schema);
        }
        free(type->fields);
        free(t->all[i].memory);
    }
    free(t->all);
    free(t);
    return NULL;
}

/* ---- looking ---- */

struct kube_type *types_find(const struct types *t, const char *name)
{
    struct named *one = NULL;
    if (name)
        HASH_FIND(hh, t->by_name, name, strlen(name), one);
    return one ? &one->type : NULL;
}

struct kube_type *types_at(const struct types *t, size_t i)
{
    return i < t->n ? &t->all[i].type : NULL;
}

const struct schema *type_field(const struct kube_type *t, const char *name)
{
    struct field key = {.name = (char *)name};
    const struct field *f = t && t->n_fields ? bsearch(&key, t->fields, t->n_fields, sizeof(key), by_name) : NULL;
    return f ? &f->schema : NULL;
}

char *type_full_name(const struct kube_type *t)
{
    if (!strncmp(t->name, "meta.", 5))
        return xasprintf("io.k8s.apimachinery.pkg.apis.%s", t->name);
    if (!strncmp(t->name, "apiextensions.", 14))
        return xasprintf("io.k8s.apiextensions-apiserver.pkg.apis.%s", t->name);
    if (!strncmp(t->name, "util.", 5))
        return xasprintf("io.k8s.apimachinery.pkg.%s.%s", !strcmp(t->kind, "Quantity")      ? "api.resource"
                                                           : !strcmp(t->kind, "IntOrString") ? "util.intstr"
                                                                                              : "runtime", t->kind);
    return xasprintf("io.k8s.api.%s", t->name);
}
