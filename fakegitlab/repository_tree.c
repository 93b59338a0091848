/* Files and folders of a commit. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/repository_impl.h"
#include "lib/base/buf.h"

static const char *skip_root(const char *path)
{
    while (path[0] == '.' && (path[1] == '/' || path[1] == 0))
        path += path[1] ? 2 : 1;
    return path;
}

const struct git_object *tree_walk(const struct git_object *tree, const char *path, uint32_t *ret_mode)
{
    const struct git_object *o = tree;
    *ret_mode = 040000;
    for (path = skip_root(path); o && *path;) {
        size_t n = strcspn(path, "/");
        const struct git_item *item = n && o->type == GIT_TREE ? tree_item(o, path, n) : NULL;
        o = item ? item->object : NULL;
        *ret_mode = item ? item->mode : 0;
        path += n + (path[n] == '/');
        if (path[-1] == '/' && !*path && o && o->type != GIT_TREE)
            return NULL; /* "file/" is none */
    }
    return o;
}

static struct git_entry entry_of(const struct git_object *o, uint32_t mode, const char *path)
{
    struct git_entry e = {.path = path, .type = o->type, .mode = mode};
    memcpy(e.oid, o->oid, GIT_ID_LEN);
    if (o->type == GIT_BLOB) {
        e.size = o->len;
        e.bytes = o->bytes;
    }
    return e;
}

int repository_entry(const struct gl_project *p, const struct git_commit *c, const char *path, struct git_entry *ret)
{
    uint32_t mode;
    const struct git_object *o = tree_walk(commit_tree(c), path, &mode);
    if (!o)
        return -ENOENT;
    *ret = entry_of(o, mode, path);
    return 0;
}

/* ---- a list ------------------------------------------------------------------------------------------------ */

struct list {
    struct git_entry *entries; /* whose paths are offsets in `text` until the end */
    size_t n, cap;
    struct buf text;
    bool recursive;
};

static void add(struct list *l, const struct git_item *item, const char *prefix, size_t prefix_len)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->entries = xrealloc(l->entries, l->cap * sizeof(*l->entries));
    }
    size_t at = buf_len(&l->text);
    buf_add(&l->text, prefix, prefix_len);
    buf_addf(&l->text, "%s%s", prefix_len ? "/" : "", item->name);
    buf_add(&l->text, "", 1);
    l->entries[l->n++] = entry_of(item->object, item->mode, (const char *)at);
}

static void add_tree(struct list *l, const struct git_object *tree, const char *prefix, size_t prefix_len)
{
    for (size_t i = 0; i < tree->n_items; i++) {
        const struct git_item *item = &tree->items[i];
        add(l, item, prefix, prefix_len);
        if (!l->recursive || item->object->type != GIT_TREE)
            continue;
        _cleanup_(freep) char *deeper = xasprintf("%.*s%s%s", (int)prefix_len, prefix, prefix_len ? "/" : "", item->name);
        add_tree(l, item->object, deeper, strlen(deeper));
    }
}

int repository_list(const struct gl_project *p, const struct git_commit *c, const char *path, bool recursive,
                    struct git_entry **ret, size_t *ret_n)
{
    uint32_t mode;
    const char *prefix = skip_root(path);
    const struct git_object *tree = tree_walk(commit_tree(c), path, &mode);
    if (!tree || tree->type != GIT_TREE)
        return tree ? -ENOTDIR : -ENOENT;
    size_t len = strlen(prefix), text_len;
    while (len && prefix[len - 1] == '/')
        len--;
    struct list l = {.recursive = recursive};
    add_tree(&l, tree, prefix, len);
    text_len = buf_len(&l.text);
    l.entries = xrealloc(l.entries, l.n * sizeof(*l.entries) + text_len);
    char *text = (char *)(l.entries + l.n);
    memcpy(text, buf_data(&l.text), text_len);
    for (size_t i = 0; i < l.n; i++)
        l.entries[i].path = text + (size_t)l.entries[i].path;
    buf_done(&l.text);
    *ret = l.entries;
    *ret_n = l.n;
    return 0;
}
