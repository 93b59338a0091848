/* Projects of the seed, and what is in them. */
#include "fakegitlab/seed_impl.h"

#include <errno.h>
#include <string.h>

#define README "# %s\n"
#define CONFIG "# The configuration of the agent %s: nothing yet.\n"
#define SIZE_MAX_SEED (64 << 20)

struct files {
    struct git_change *list; /* paths and bytes are owned */
    size_t n;
};

/* text NULL: deleted. Both are taken. */
static void add(struct files *f, char *path, char *text, size_t len)
{
    f->list = xrealloc(f->list, (f->n + 1) * sizeof(*f->list));
    f->list[f->n++] = (struct git_change){.path = path, .bytes = text, .len = len};
}

static void files_done(struct files *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free((char *)f->list[i].path);
        free((void *)f->list[i].bytes);
    }
    free(f->list);
    *f = (struct files){0};
}

/* A text as it stands; a mapping or list as JSON, which is YAML. */
static void add_files(struct seed *s, struct spot at, struct files *f)
{
    const char *path;
    json_t *v;
    json_object_foreach((json_t *)seed_object(s, at, "files"), path, v) {
        if (json_is_null(v))
            add(f, xstrdup(path), NULL, 0);
        else if (json_is_string(v))
            add(f, xstrdup(path), xmemdup(json_string_value(v), json_string_length(v)), json_string_length(v));
        else if (json_is_object(v) || json_is_array(v)) {
            char *text = json_dumps(v, JSON_INDENT(2));
            add(f, xstrdup(path), text, strlen(text));
        } else
            seed_bad(s, at, "files", "%s: expected a text, or a mapping that is written as YAML", path);
    }
}

/* Files of which only the size matters: comments, for YAML. */
static void add_sizes(struct seed *s, struct spot at, struct files *f)
{
    const char *path;
    json_t *v;
    json_object_foreach((json_t *)seed_object(s, at, "sizes"), path, v) {
        json_int_t size = json_integer_value(v);
        if (!json_is_integer(v) || size < 0 || size > SIZE_MAX_SEED) {
            seed_bad(s, at, "sizes", "%s: expected a number of bytes from 0 to 64 MiB", path);
            continue;
        }
        char *text = xcalloc(1, (size_t)size + 1);
        for (json_int_t i = 0; i < size; i++)
            text[i] = (i + 1) % 80 ? '#' : '\n';
        add(f, xstrdup(path), text, (size_t)size);
    }
}

static void commit(struct seed *s, struct spot at, const struct gl_project *p, const struct files *f,
                   const struct git_commit_spec *base)
{
    struct git_commit_spec spec = *base;
    json_t *errors = NULL;
    spec.changes = f->list;
    spec.n_changes = f->n;
    int r = repository_commit_create(s->store, p, &spec, NULL, &errors);
    if (r < 0)
        seed_refused(s, at, json_object_get(at.item, "files") ? "files" : NULL, r, errors);
}

/* As GitLab makes a project "with a README"; and each agent that will be in it has its file. */
static void commit_defaults(struct seed *s, struct spot at, const struct gl_project *p)
{
    struct files f = {0};
    const json_t *agent;
    size_t i;
    char *readme = xasprintf(README, p->name);
    add(&f, xstrdup("README.md"), readme, strlen(readme));
    json_array_foreach(json_object_get(s->root, "agents"), i, agent) {
        const char *name = row_text(agent, "name"), *path = row_text(agent, "project");
        bool here = path ? strcmp(path, p->path) == 0 : s->store->projects.list[0] == (void *)p;
        if (!name || strchr(name, '/') || !here)
            continue;
        char *config = xasprintf(CONFIG, name);
        add(&f, xasprintf(".gitlab/agents/%s/config.yaml", name), config, strlen(config));
    }
    commit(s, at, p, &f, &(struct git_commit_spec){.message = "Initial commit"});
    files_done(&f);
}

static void commit_files(struct seed *s, struct spot at, const struct gl_project *p)
{
    struct files f = {0};
    add_files(s, at, &f);
    add_sizes(s, at, &f);
    if (f.n)
        commit(s, at, p, &f, &(struct git_commit_spec){.message = "Initial commit"});
    files_done(&f);
}

static void commits(struct seed *s, struct spot at, const struct gl_project *p)
{
    const json_t *list = json_object_get(at.item, "commits"), *one;
    size_t i;
    if (list && !json_is_array(list) && !json_is_null(list))
        seed_bad(s, at, "commits", "expected a list of {message, branch, files, id}");
    json_array_foreach((json_t *)list, i, one) {
        _cleanup_(freep) char *path = xasprintf("%s.commits[%zu]", at.path, i);
        struct spot here = {.item = one, .path = path};
        struct files f = {0};
        if (!seed_keys(s, here, "message branch files sizes id"))
            continue;
        struct git_commit_spec spec = {.message = seed_text(s, here, "message"),
                                       .branch = seed_text(s, here, "branch"),
                                       .id = seed_text(s, here, "id")};
        add_files(s, here, &f);
        add_sizes(s, here, &f);
        commit(s, here, p, &f, &spec);
        files_done(&f);
    }
}

static void follow(struct seed *s, struct spot at, const struct gl_project *p, const char *folder)
{
    _cleanup_(freep) char *err = NULL;
    _cleanup_(freep) char *path = *folder == '/' || !s->folder ? xstrdup(folder) : xasprintf("%s/%s", s->folder, folder);
    if (repository_follow(s->store, p, path, &err) < 0)
        seed_bad(s, at, "folder", "%s", err);
}

static void content(struct seed *s, struct spot at, const struct gl_project *p)
{
    const char *folder = seed_text(s, at, "folder");
    bool files = json_object_size(json_object_get(at.item, "files")) || json_object_size(json_object_get(at.item, "sizes"));
    bool later = json_array_size(json_object_get(at.item, "commits")) > 0;
    if (seed_bool(s, at, "empty", false)) {
        if (folder || files || later)
            seed_bad(s, at, "empty", "a project that is empty has neither files, sizes, commits nor folder; leave one out");
        return;
    }
    if (folder && (files || later)) {
        seed_bad(s, at, "folder", "its content is that of the folder; put files and commits there");
        return;
    }
    if (folder)
        follow(s, at, p, folder);
    else if (files || later)
        commit_files(s, at, p);
    else
        commit_defaults(s, at, p);
    commits(s, at, p);
}

static int project_member(struct store *s, const void *of, const struct gl_user *user, enum gl_access level)
{
    return store_project_member_set(s, of, user, level);
}

static enum gl_visibility visibility(struct seed *s, struct spot at)
{
    const char *v = seed_text(s, at, "visibility");
    if (v && strcmp(v, "public") != 0 && strcmp(v, "private") != 0)
        seed_bad(s, at, "visibility", "\"%s\" is none; expected public or private", v);
    return v && strcmp(v, "public") == 0 ? GL_PUBLIC : GL_PRIVATE;
}

static void flags(struct seed *s, struct spot at, const struct gl_project *p)
{
    const char *flag;
    json_t *on;
    json_object_foreach((json_t *)seed_object(s, at, "flags"), flag, on) {
        if (json_is_boolean(on))
            (void)store_set_flag(s->store, flag, p, json_is_true(on));
        else
            seed_bad(s, at, "flags", "%s: expected true or false", flag);
    }
}

void seed_one_project(struct seed *s, struct spot at)
{
    const struct gl_project *p = NULL;
    json_t *errors = NULL;
    if (!seed_keys(s, at, "path id name description visibility default_branch files sizes commits folder empty members flags"))
        return;
    struct gl_project_spec spec = {.id = seed_number(s, at, "id"),
                                   .path = seed_text(s, at, "path"),
                                   .name = seed_text(s, at, "name"),
                                   .description = seed_text(s, at, "description"),
                                   .visibility = visibility(s, at),
                                   .default_branch = seed_text(s, at, "default_branch")};
    int r = store_project_create(s->store, &spec, &p, &errors);
    if (r < 0) {
        seed_refused(s, at, "path", r, errors);
        return;
    }
    seed_members(s, at, p, project_member);
    flags(s, at, p);
    content(s, at, p);
}
