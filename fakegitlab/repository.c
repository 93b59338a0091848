/* Branches and commits: looked up, made, moved, loaded. */
#include "fakegitlab/repository_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakegitlab/draft.h"
#include "lib/base/buf.h"

#define HEADS "refs/heads/"

struct repository *repository_new(void)
{
    return NEW(struct repository);
}

struct repository *repository_free(struct repository *r)
{
    if (!r)
        return NULL;
    follower_free(r->follower);
    for (size_t i = 0; i < r->n_refs; i++)
        free((char *)r->refs[i].name);
    for (size_t i = 0; i < r->n_commits; i++) {
        free(r->list[i]->pub.message);
        free(r->list[i]->pub.author);
        free(r->list[i]);
    }
    lookup_done(&r->commits);
    free(r->refs);
    free(r->list);
    free(r);
    return NULL;
}

bool branch_name_is_good(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    if (n == 0 || n > 255 || *name == '-' || *name == '/' || *name == '.' || name[n - 1] == '/' || name[n - 1] == '.')
        return false;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 127 || strchr("~^:?*[\\", *p))
            return false;
    return !strstr(name, "..") && !strstr(name, "//") && !strstr(name, "/.") && !strstr(name, "@{") &&
           !(n >= 5 && strcmp(name + n - 5, ".lock") == 0);
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

static struct git_ref *ref_find(const struct repository *r, const char *name)
{
    for (size_t i = 0; i < r->n_refs; i++)
        if (strcmp(r->refs[i].name, name) == 0)
            return &r->refs[i];
    return NULL;
}

const struct git_ref *repository_refs(const struct gl_project *p, size_t *ret_n)
{
    *ret_n = p->repository->n_refs;
    return p->repository->refs;
}

bool repository_is_empty(const struct gl_project *p)
{
    return p->repository->n_refs == 0;
}

static const struct git_commit *branch_commit(const struct gl_project *p, const char *branch)
{
    _cleanup_(freep) char *name = xasprintf(HEADS "%s", branch);
    const struct git_ref *ref = ref_find(p->repository, name);
    return ref ? ref->commit : NULL;
}

const struct git_commit *repository_head(const struct gl_project *p)
{
    return branch_commit(p, p->default_branch);
}

static struct commit *commit_find(const struct repository *r, const char *id)
{
    return lookup_get_text(&r->commits, id);
}

const struct git_commit *repository_commit(const struct gl_project *p, const char *revision, size_t len)
{
    _cleanup_(freep) char *name = xstrndup(revision, len);
    if (strlen(name) != len || len == 0)
        return NULL;
    if (strcmp(name, "HEAD") == 0)
        return repository_head(p);
    const struct git_ref *ref = ref_find(p->repository, name);
    if (ref)
        return ref->commit;
    const struct git_commit *c = branch_commit(p, name);
    if (c)
        return c;
    struct commit *found = commit_find(p->repository, name);
    return found ? &found->pub : NULL;
}

const struct git_object *commit_tree(const struct git_commit *c)
{
    return ((const struct commit *)c)->tree;
}

/* ---- rows -------------------------------------------------------------------------------------------------- */

/* "7:WHAT": rows of all projects stand in one table. */
static char *row_name(const struct gl_project *p, const char *what)
{
    return xasprintf("%lld:%s", (long long)p->id, what);
}

static const struct gl_project *row_project(const struct store *s, const char *name, const char **ret_what)
{
    char *colon;
    long long id = strtoll(name, &colon, 10);
    *ret_what = *colon == ':' ? colon + 1 : "";
    return store_project(s, id);
}

static void commit_put_row(struct store *s, const struct gl_project *p, const struct commit *c)
{
    _cleanup_(freep) char *name = row_name(p, c->pub.id);
    db_put_named(s->db, DB_COMMITS, name,
                 json_pack("{sssssssssI}", "tree", c->pub.tree, "parent", c->parent_id, "message", c->pub.message, "author",
                           c->pub.author, "time", (json_int_t)c->pub.time));
}

static void ref_put_row(struct store *s, const struct gl_project *p, const char *ref, const char *commit)
{
    _cleanup_(freep) char *name = row_name(p, ref);
    if (commit)
        db_put_named(s->db, DB_REFS, name, json_string(commit));
    else
        db_delete_named(s->db, DB_REFS, name);
}

void repository_drop_rows(struct store *s, const struct gl_project *p)
{
    const struct repository *r = p->repository;
    for (size_t i = 0; i < r->n_refs; i++)
        ref_put_row(s, p, r->refs[i].name, NULL);
    for (size_t i = 0; i < r->n_commits; i++) {
        _cleanup_(freep) char *name = row_name(p, r->list[i]->pub.id);
        db_delete_named(s->db, DB_COMMITS, name);
    }
}

static void commit_keep(struct repository *r, struct commit *c)
{
    if (r->n_commits == r->cap_commits) {
        r->cap_commits = r->cap_commits ? r->cap_commits * 2 : 8;
        r->list = xrealloc(r->list, r->cap_commits * sizeof(struct commit *));
    }
    r->list[r->n_commits++] = c;
    lookup_put_text(&r->commits, c->pub.id, c);
}

int commit_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    const char *commit_id, *tree = row_text(row, "tree"), *parent = row_text(row, "parent");
    const struct gl_project *p = row_project(store, id_text, &commit_id);
    const struct git_object *object = tree ? objects_get(store, tree) : NULL;
    if (!p || !object || !parent || strlen(commit_id) != GIT_ID_LEN - 1)
        return -EIO;
    struct commit *c = NEW(struct commit);
    memcpy(c->pub.id, commit_id, GIT_ID_LEN);
    memcpy(c->pub.tree, object->oid, GIT_ID_LEN);
    snprintf(c->parent_id, sizeof(c->parent_id), "%s", parent);
    c->tree = object;
    c->pub.message = xstrdup(row_text(row, "message"));
    c->pub.author = xstrdup(row_text(row, "author"));
    c->pub.time = row_int(row, "time");
    commit_keep(p->repository, c);
    return 0;
}

int commits_link(struct store *s)
{
    for (size_t i = 0; i < s->projects.n; i++) {
        struct repository *r = ((struct gl_project *)s->projects.list[i])->repository;
        for (size_t j = 0; j < r->n_commits; j++) {
            struct commit *c = r->list[j], *parent = *c->parent_id ? commit_find(r, c->parent_id) : NULL;
            if (*c->parent_id && !parent)
                return -EIO;
            c->pub.parent = parent ? &parent->pub : NULL;
        }
    }
    return 0;
}

static void ref_set(struct repository *r, const char *name, const struct git_commit *commit)
{
    struct git_ref *ref = ref_find(r, name);
    if (ref) {
        ref->commit = commit;
        return;
    }
    r->refs = xrealloc(r->refs, (r->n_refs + 1) * sizeof(*r->refs));
    size_t at = r->n_refs++;
    for (; at > 0 && strcmp(r->refs[at - 1].name, name) > 0; at--)
        r->refs[at] = r->refs[at - 1];
    r->refs[at] = (struct git_ref){.name = xstrdup(name), .commit = commit};
}

static void ref_remove(struct repository *r, struct git_ref *ref)
{
    free((char *)ref->name);
    r->n_refs--;
    memmove(ref, ref + 1, (size_t)(r->refs + r->n_refs - ref) * sizeof(*ref));
}

int ref_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    const char *name, *commit_id = json_string_value(row);
    const struct gl_project *p = row_project(store, id_text, &name);
    const struct commit *c = p && commit_id ? commit_find(p->repository, commit_id) : NULL;
    if (!c)
        return -EIO;
    ref_set(p->repository, name, &c->pub);
    return 0;
}

/* ---- a commit ---------------------------------------------------------------------------------------------- */

static bool id_is_good(const char *id)
{
    return strlen(id) == GIT_ID_LEN - 1 && strspn(id, "0123456789abcdef") == GIT_ID_LEN - 1;
}

static int spec_check(const struct gl_project *p, const struct git_commit_spec *spec, const char *branch, json_t **reterr)
{
    if (!branch_name_is_good(branch)) {
        say(reterr, "\"%s\" is not a valid branch name", branch);
        return -EINVAL;
    }
    if (spec->id && !id_is_good(spec->id)) {
        say(reterr, "\"%s\" is not the id of a commit: expected 40 digits of 0-9a-f", spec->id);
        return -EINVAL;
    }
    if (spec->id && commit_find(p->repository, spec->id)) {
        say(reterr, "The commit %s is there already", spec->id);
        return -EINVAL;
    }
    return 0;
}

static const struct git_object *tree_with(struct store *s, const struct git_commit *parent,
                                          const struct git_commit_spec *spec, json_t **reterr)
{
    struct draft *root = draft_new(parent ? commit_tree(parent) : NULL);
    const struct git_object *tree = NULL;
    int r = 0;
    for (size_t i = 0; r == 0 && i < spec->n_changes; i++)
        r = draft_apply(s, root, &spec->changes[i], reterr);
    if (r == 0)
        tree = draft_write(s, root);
    draft_free(root);
    return tree;
}

static char *message_of(const struct git_commit_spec *spec)
{
    if (spec->message)
        return xstrdup(spec->message);
    if (spec->n_changes == 1)
        return xasprintf("%s %s", spec->changes[0].bytes ? "Change" : "Delete", spec->changes[0].path);
    return xasprintf("Change %zu files", spec->n_changes);
}

/* Git's own text of a commit, of which its id is the digest. */
static void commit_id(struct store *s, struct commit *c)
{
    struct buf b = BUF_NULL;
    long long seconds = (long long)(c->pub.time / 1000);
    buf_addf(&b, "tree %s\n", c->pub.tree);
    if (*c->parent_id)
        buf_addf(&b, "parent %s\n", c->parent_id);
    buf_addf(&b, "author %s %lld +0000\ncommitter %s %lld +0000\n\n%s\n", c->pub.author, seconds, c->pub.author, seconds,
             c->pub.message);
    git_id(s, "commit", buf_data(&b), buf_len(&b), c->pub.id);
    buf_done(&b);
}

static struct commit *commit_new(struct store *s, const struct git_commit_spec *spec, const struct git_commit *parent,
                                 const struct git_object *tree)
{
    struct commit *c = NEW(struct commit);
    c->tree = tree;
    memcpy(c->pub.tree, tree->oid, GIT_ID_LEN);
    c->pub.parent = parent;
    if (parent)
        memcpy(c->parent_id, parent->id, GIT_ID_LEN);
    c->pub.message = message_of(spec);
    c->pub.author = spec->author ? xasprintf("%s <%s@gitlab.example>", spec->author->name, spec->author->username)
                                 : xstrdup("fakegitlab <fakegitlab@gitlab.example>");
    c->pub.time = store_now();
    if (spec->id)
        memcpy(c->pub.id, spec->id, GIT_ID_LEN);
    else
        commit_id(s, c);
    return c;
}

static void commit_free(struct commit *c)
{
    free(c->pub.message);
    free(c->pub.author);
    free(c);
}

static void tell(struct store *s, const struct gl_project *p, enum store_op op, const char *branch, const char *commit)
{
    store_tell(s, (struct store_change){
                      .kind = STORE_COMMIT, .op = op, .project_id = p->id, .name = branch, .commit = commit});
}

/* Within a transaction, which it ends. NULL and *reterr with *ret_error. */
static struct commit *commit_write(struct store *s, const struct gl_project *p, const struct git_commit_spec *spec,
                                   const char *branch, int *ret_error, json_t **reterr)
{
    const struct git_commit *parent = branch_commit(p, branch);
    const struct git_object *tree = tree_with(s, parent, spec, reterr);
    struct commit *c = tree ? commit_new(s, spec, parent, tree) : NULL, *same = c ? commit_find(p->repository, c->pub.id) : NULL;
    _cleanup_(freep) char *ref = xasprintf(HEADS "%s", branch);
    if (same) { /* two branches that began with the same words in the same second */
        commit_free(c);
        c = same;
    }
    if (c) {
        commit_put_row(s, p, c);
        ref_put_row(s, p, ref, c->pub.id);
    }
    int r = db_commit(s->db);
    objects_settle(s, r == 0);
    *ret_error = !tree ? -EINVAL : r < 0 ? say_unwritten(reterr) : 0;
    if (c && r < 0 && !same)
        commit_free(c);
    if (*ret_error < 0)
        return NULL;
    if (!same)
        commit_keep(p->repository, c);
    ref_set(p->repository, ref, &c->pub);
    return c;
}

int repository_commit_create(struct store *s, const struct gl_project *p, const struct git_commit_spec *spec,
                             const struct git_commit **ret, json_t **reterr)
{
    _cleanup_(freep) char *branch = xstrdup(spec->branch ? spec->branch : p->default_branch);
    int r = spec_check(p, spec, branch, reterr);
    if (r < 0)
        return r;
    db_begin(s->db);
    struct commit *c = commit_write(s, p, spec, branch, &r, reterr);
    if (!c)
        return r;
    if (ret)
        *ret = &c->pub;
    tell(s, p, STORE_CREATED, branch, c->pub.id);
    return 0;
}

int repository_write(struct store *s, const struct gl_project *p, const char *path, const char *text,
                     const struct git_commit **ret, json_t **reterr)
{
    struct git_change change = {.path = path, .bytes = text, .len = text ? strlen(text) : 0};
    return repository_commit_create(s, p, &(struct git_commit_spec){.changes = &change, .n_changes = 1}, ret, reterr);
}

int repository_branch_set(struct store *s, const struct gl_project *p, const char *name, const struct git_commit *commit)
{
    _cleanup_(freep) char *ref = xasprintf(HEADS "%s", name), *branch = xstrdup(name);
    struct git_ref *there = ref_find(p->repository, ref);
    if (!branch_name_is_good(name))
        return -EINVAL;
    if (!commit && !there)
        return 0;
    db_begin(s->db);
    ref_put_row(s, p, ref, commit ? commit->id : NULL);
    if (db_commit(s->db) < 0)
        return -EIO;
    if (commit)
        ref_set(p->repository, ref, commit);
    else
        ref_remove(p->repository, there);
    tell(s, p, commit ? STORE_UPDATED : STORE_DELETED, branch, commit ? commit->id : NULL);
    return 0;
}
