#include "fakegitlab/draft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakegitlab/store_impl.h"
#include "lib/base/buf.h"

#define DEPTH_MAX 100
#define PATH_LEN_MAX 4096
#define MODE_TREE 040000u

struct draft {
    char *name;
    uint32_t mode;
    const struct git_object *object; /* what it is, or was before it was unfolded; NULL: a new folder */
    bool unfolded;
    struct draft **kids; /* by name */
    size_t n, cap;
};

static struct draft *one_new(const char *name, size_t len, uint32_t mode, const struct git_object *object)
{
    struct draft *d = NEW(struct draft);
    d->name = xstrndup(name, len);
    d->mode = mode;
    d->object = object;
    return d;
}

struct draft *draft_new(const struct git_object *tree)
{
    return one_new("", 0, MODE_TREE, tree);
}

struct draft *draft_free(struct draft *d)
{
    if (!d)
        return NULL;
    for (size_t i = 0; i < d->n; i++)
        draft_free(d->kids[i]);
    free(d->kids);
    free(d->name);
    free(d);
    return NULL;
}

static int compare(const char *name, size_t len, const struct draft *d)
{
    int r = strncmp(name, d->name, len);
    return r ? r : d->name[len] ? -1 : 0;
}

/* Where `name` stands, or would. */
static size_t place_of(const struct draft *d, const char *name, size_t len, bool *ret_found)
{
    size_t low = 0, high = d->n;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int r = compare(name, len, d->kids[middle]);
        *ret_found |= r == 0;
        if (r > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void kid_insert(struct draft *d, size_t at, struct draft *kid)
{
    if (d->n == d->cap) {
        d->cap = d->cap ? d->cap * 2 : 8;
        d->kids = xrealloc(d->kids, d->cap * sizeof(struct draft *));
    }
    memmove(d->kids + at + 1, d->kids + at, (d->n - at) * sizeof(struct draft *));
    d->kids[at] = kid;
    d->n++;
}

static void unfold(struct draft *d)
{
    if (d->unfolded)
        return;
    d->unfolded = true;
    for (size_t i = 0; d->object && i < d->object->n_items; i++) {
        const struct git_item *item = &d->object->items[i];
        size_t len = strlen(item->name);
        bool found;
        kid_insert(d, place_of(d, item->name, len, &found), one_new(item->name, len, item->mode, item->object));
    }
}

/* ---- one change -------------------------------------------------------------------------------------------- */

static bool word_is_good(const char *word, size_t n)
{
    return n > 0 && n < 256 && !(n == 1 && *word == '.') && !(n == 2 && memcmp(word, "..", 2) == 0) &&
           !(n == 4 && strncasecmp(word, ".git", 4) == 0);
}

static int path_is_good(const char *path, json_t **reterr)
{
    int depth = 0;
    size_t len = path ? strlen(path) : 0;
    bool good = len > 0 && len < PATH_LEN_MAX;
    for (size_t at = 0; good && at <= len; depth++) {
        size_t n = strcspn(path + at, "/");
        good = word_is_good(path + at, n) && depth < DEPTH_MAX;
        at += n + 1;
    }
    if (good)
        return 0;
    say(reterr, "The path \"%.200s\" is not one of a file: expected words with / between, none of them empty, \".\", \"..\" "
                "or \".git\"", path ? path : "");
    return -EINVAL;
}

static int delete_last(struct draft *d, const char *path, size_t at, bool found, json_t **reterr)
{
    if (!found) {
        say(reterr, "A file with the name \"%s\" doesn't exist", path);
        return -EINVAL;
    }
    draft_free(d->kids[at]);
    d->n--;
    memmove(d->kids + at, d->kids + at + 1, (d->n - at) * sizeof(struct draft *));
    return 0;
}

/* Git knows no empty folders: one whose last file was deleted before stands in nobody's way. */
static bool is_hollow(struct draft *d)
{
    unfold(d);
    for (size_t i = 0; i < d->n; i++)
        if (d->kids[i]->mode != MODE_TREE || !is_hollow(d->kids[i]))
            return false;
    return true;
}

static int set_last(struct store *s, struct draft *d, const struct git_change *c, const char *name, size_t at, bool found,
                    json_t **reterr)
{
    if (found && d->kids[at]->mode == MODE_TREE && !is_hollow(d->kids[at])) {
        say(reterr, "A folder with the name \"%s\" already exists", c->path);
        return -EINVAL;
    }
    const struct git_object *blob = objects_put(s, GIT_BLOB, c->bytes, c->len);
    if (!found)
        kid_insert(d, at, one_new(name, strlen(name), 0, NULL));
    d->kids[at]->mode = c->mode ? c->mode : 0100644;
    d->kids[at]->object = blob;
    return 0;
}

int draft_apply(struct store *s, struct draft *root, const struct git_change *c, json_t **reterr)
{
    if (path_is_good(c->path, reterr) < 0)
        return -EINVAL;
    struct draft *d = root;
    for (const char *word = c->path;;) {
        size_t n = strcspn(word, "/");
        bool found;
        unfold(d);
        size_t at = place_of(d, word, n, &found);
        if (word[n] == 0)
            return c->bytes ? set_last(s, d, c, word, at, found, reterr) : delete_last(d, c->path, at, found, reterr);
        if (found && d->kids[at]->mode != MODE_TREE) {
            say(reterr, "A file stands where \"%s\" wants a folder", c->path);
            return -EINVAL;
        }
        if (!found && !c->bytes)
            return delete_last(d, c->path, at, false, reterr);
        if (!found)
            kid_insert(d, at, one_new(word, n, MODE_TREE, NULL));
        d = d->kids[at];
        word += n + 1;
    }
}

/* ---- written ----------------------------------------------------------------------------------------------- */

/* Git sorts a folder as if its name ended with a slash. */
static int git_order(const void *a, const void *b)
{
    const struct draft *x = *(struct draft *const *)a, *y = *(struct draft *const *)b;
    size_t nx = strlen(x->name), ny = strlen(y->name), n = nx < ny ? nx : ny;
    int r = memcmp(x->name, y->name, n);
    if (r)
        return r;
    unsigned char cx = (unsigned char)(nx > n ? x->name[n] : x->mode == MODE_TREE ? '/' : 0);
    unsigned char cy = (unsigned char)(ny > n ? y->name[n] : y->mode == MODE_TREE ? '/' : 0);
    return (int)cx - (int)cy;
}

static void write_item(struct buf *b, const struct draft *kid, const struct git_object *object)
{
    uint8_t raw[20];
    buf_addf(b, "%o %s", kid->mode, kid->name);
    buf_add(b, "", 1);
    hex_read(object->oid, raw, sizeof(raw));
    buf_add(b, raw, sizeof(raw));
}

/* A folder in which nothing is left is none. */
const struct git_object *draft_write(struct store *s, struct draft *d)
{
    if (d->mode != MODE_TREE || (!d->unfolded && d->object))
        return d->object;
    struct buf b = BUF_NULL;
    if (d->n)
        qsort(d->kids, d->n, sizeof(struct draft *), git_order);
    for (size_t i = 0; i < d->n; i++) {
        const struct git_object *object = draft_write(s, d->kids[i]);
        if (d->kids[i]->mode != MODE_TREE || object->n_items)
            write_item(&b, d->kids[i], object);
    }
    const struct git_object *tree = objects_put(s, GIT_TREE, buf_data(&b), buf_len(&b));
    buf_done(&b);
    return tree;
}
