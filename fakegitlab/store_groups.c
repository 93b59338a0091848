/* Groups: a path of words, each beneath the one before. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <string.h>

#include "fakegitlab/store_paths.h"

void group_free(struct gl_group *g)
{
    free(g->path);
    free(g->name);
    free(g->members.list);
    free(g);
}

static void group_put_row(struct store *s, const struct gl_group *g)
{
    db_put(s->db, DB_GROUPS, g->id,
           json_pack("{sssssIsosI}", "path", g->path, "name", g->name, "parent_id",
                     (json_int_t)(g->parent ? g->parent->id : 0), "members", members_json(&g->members), "created_at",
                     (json_int_t)g->created_at));
}

static void group_shelve(struct store *s, struct gl_group *g)
{
    shelf_put(&s->groups, g);
    lookup_put_text(&s->groups_by_path, g->path, g);
}

int group_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    struct gl_group *g = NEW(struct gl_group);
    *g = (struct gl_group){.id = id,
                           .path = xstrdup(row_text(row, "path")),
                           .name = xstrdup(row_text(row, "name")),
                           .parent = store_group(s, row_int(row, "parent_id")),
                           .created_at = row_int(row, "created_at")};
    if (!g->path || !g->name) {
        group_free(g);
        return -EIO;
    }
    members_read(s, json_object_get(row, "members"), &g->members);
    group_shelve(s, g);
    return 0;
}

static int group_make(struct store *s, const char *path, const struct gl_group *parent, const struct gl_group **ret)
{
    struct gl_group *g = NEW(struct gl_group);
    *g = (struct gl_group){.id = shelf_id(&s->groups, 0),
                           .path = xstrdup(path),
                           .name = xstrdup(path_last(path)),
                           .parent = parent,
                           .created_at = store_now()};
    db_begin(s->db);
    group_put_row(s, g);
    if (db_commit(s->db) < 0) {
        group_free(g);
        return -EIO;
    }
    group_shelve(s, g);
    *ret = g;
    store_tell(s, (struct store_change){.kind = STORE_GROUP, .op = STORE_CREATED, .id = g->id});
    return 0;
}

int store_group_create(struct store *s, const char *path, const struct gl_group **ret, json_t **reterr)
{
    if (!path_check(path, reterr))
        return -EINVAL;
    const struct gl_group *g = NULL;
    for (size_t end = 0; path[end]; end += path[end] == '/') {
        end += strcspn(path + end, "/");
        _cleanup_(freep) char *part = xstrndup(path, end);
        const struct gl_group *there = store_group_by_path(s, part);
        if (!there && store_project_by_path(s, part)) {
            say(reterr, "Path has already been taken");
            return -EINVAL;
        }
        if (!there && group_make(s, part, g, &there) < 0)
            return say_unwritten(reterr);
        g = there;
    }
    if (ret)
        *ret = g;
    return 0;
}

int store_group_member_set(struct store *s, const struct gl_group *group, const struct gl_user *user, enum gl_access level)
{
    struct gl_group *g = (struct gl_group *)group;
    enum gl_access before = members_level(&g->members, user);
    if (!members_set(&g->members, user, level))
        return 0;
    db_begin(s->db);
    group_put_row(s, g);
    if (db_commit(s->db) < 0) {
        members_set(&g->members, user, before);
        return -EIO;
    }
    store_tell(s, (struct store_change){.kind = STORE_GROUP, .op = STORE_UPDATED, .id = g->id, .name = "members"});
    return 0;
}

const struct gl_group *store_group(const struct store *s, int64_t id)
{
    return shelf_get(&s->groups, id);
}

const struct gl_group *store_group_by_path(const struct store *s, const char *path)
{
    return lookup_get_text(&s->groups_by_path, path);
}

const struct gl_group *const *store_groups(const struct store *s, size_t *ret_n)
{
    *ret_n = s->groups.n;
    return (const struct gl_group *const *)s->groups.list;
}
