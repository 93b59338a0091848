/* Who belongs to a group or a project, and what follows for the projects beneath. */
#include "fakegitlab/store_impl.h"

#include <string.h>

static const struct {
    const char *name;
    enum gl_access level;
} levels[] = {{"guest", GL_GUEST},           {"reporter", GL_REPORTER}, {"developer", GL_DEVELOPER},
              {"maintainer", GL_MAINTAINER}, {"owner", GL_OWNER}};

const char *gl_access_to_string(enum gl_access a)
{
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (levels[i].level == a)
            return levels[i].name;
    return "none";
}

enum gl_access gl_access_from_string(const char *s)
{
    for (size_t i = 0; s && i < ARRAY_SIZE(levels); i++)
        if (strcmp(levels[i].name, s) == 0)
            return levels[i].level;
    return GL_NO_ACCESS;
}

json_t *members_json(const struct gl_members *m)
{
    json_t *j = json_object();
    for (size_t i = 0; i < m->n; i++)
        json_object_set_new(j, m->list[i].user->username, json_integer(m->list[i].level));
    return j;
}

void members_read(const struct store *s, const json_t *j, struct gl_members *ret)
{
    const char *name;
    json_t *level;
    json_object_foreach((json_t *)j, name, level) {
        const struct gl_user *user = store_user_by_name(s, name);
        if (user)
            members_set(ret, user, (enum gl_access)json_integer_value(level));
    }
}

static struct gl_member *find(const struct gl_members *m, const struct gl_user *user)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].user == user)
            return &m->list[i];
    return NULL;
}

enum gl_access members_level(const struct gl_members *m, const struct gl_user *user)
{
    const struct gl_member *one = find(m, user);
    return one ? one->level : GL_NO_ACCESS;
}

bool members_set(struct gl_members *m, const struct gl_user *user, enum gl_access level)
{
    struct gl_member *one = find(m, user);
    if ((one ? one->level : GL_NO_ACCESS) == level)
        return false;
    if (one && level == GL_NO_ACCESS) {
        *one = m->list[--m->n];
    } else if (one) {
        one->level = level;
    } else {
        m->list = xrealloc(m->list, (m->n + 1) * sizeof(*m->list));
        m->list[m->n++] = (struct gl_member){.user = user, .level = level};
    }
    return true;
}

enum gl_access store_group_access(const struct gl_group *g, const struct gl_user *user)
{
    enum gl_access best = GL_NO_ACCESS;
    if (!user)
        return best;
    if (user->admin)
        return GL_OWNER;
    for (; g; g = g->parent) {
        enum gl_access here = members_level(&g->members, user);
        best = here > best ? here : best;
    }
    return best;
}

enum gl_access store_access(const struct gl_project *p, const struct gl_user *user)
{
    if (!user)
        return GL_NO_ACCESS;
    enum gl_access own = members_level(&p->members, user), group = store_group_access(p->group, user);
    if (user->admin)
        return GL_OWNER;
    return own > group ? own : group;
}

bool store_can_see(const struct gl_project *p, const struct gl_user *user)
{
    return p->visibility == GL_PUBLIC || store_access(p, user) != GL_NO_ACCESS;
}
