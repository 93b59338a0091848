/* Projects: where they are, who may see them, where Gitaly keeps them. */
#include "fakegitlab/store_impl.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fakegitlab/repository_impl.h"
#include "fakegitlab/store_paths.h"

/* ---- paths ------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *word, size_t n, const char *end)
{
    size_t len = strlen(end);
    return n >= len && memcmp(word + n - len, end, len) == 0;
}

static bool word_is_good(const char *word, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    return n > 0 && n <= 255 && *word != '-' && *word != '.' && strspn(word, letters) >= n && !ends_with(word, n, ".") &&
           !ends_with(word, n, ".git") && !ends_with(word, n, ".atom");
}

bool path_check(const char *path, json_t **reterr)
{
    if (!path || !*path) {
        say(reterr, "Path can't be blank");
        return false;
    }
    for (const char *word = path;; word++) {
        size_t n = strcspn(word, "/");
        if (!word_is_good(word, n)) {
            say(reterr, "Path can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or "
                        "end in '.atom'");
            return false;
        }
        word += n;
        if (!*word)
            return true;
    }
}

const char *path_last(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- one project ------------------------------------------------------------------------------------------- */

void project_free(struct store *s, struct gl_project *p)
{
    repository_free(p->repository);
    free(p->path);
    free(p->name);
    free(p->description);
    free(p->default_branch);
    free(p->members.list);
    free(p->storage_name);
    free(p->relative_path);
    free(p->gl_repository);
    free(p->folder);
    free((void *)p->agents);
    lookup_done(&((struct project *)p)->agents_by_name);
    free(p);
}

void project_put_row(struct store *s, const struct gl_project *p)
{
    db_put(s->db, DB_PROJECTS, p->id,
           json_pack("{sssssssIsissss?sosI}", "path", p->path, "name", p->name, "description", p->description, "group_id",
                     (json_int_t)(p->group ? p->group->id : 0), "visibility", (int)p->visibility, "default_branch",
                     p->default_branch, "folder", p->folder, "members", members_json(&p->members), "created_at",
                     (json_int_t)p->created_at));
}

/* GitLab's hashed storage: nothing of the path is in it, so that a project may be renamed. */
static void project_place(struct store *s, struct gl_project *p)
{
    char id[24], hex[2 * SHA256_LEN + 1];
    uint8_t sum[SHA256_LEN];
    int n = snprintf(id, sizeof(id), "%lld", (long long)p->id);
    hash_sha256(s->hasher, id, (size_t)n, sum);
    hex_write(sum, SHA256_LEN, hex);
    p->storage_name = xstrdup("default");
    p->relative_path = xasprintf("@hashed/%.2s/%.2s/%s.git", hex, hex + 2, hex);
    p->gl_repository = xasprintf("project-%s", id);
    p->repository = repository_new();
}

static void project_shelve(struct store *s, struct gl_project *p)
{
    shelf_put(&s->projects, p);
    lookup_put_text(&s->projects_by_path, p->path, p);
    lookup_put_text(&s->projects_by_relative_path, p->relative_path, p);
}

int project_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    struct gl_project *p = &NEW(struct project)->pub;
    *p = (struct gl_project){.id = id,
                             .path = xstrdup(row_text(row, "path")),
                             .name = xstrdup(row_text(row, "name")),
                             .description = xstrdup(row_text(row, "description")),
                             .group = store_group(s, row_int(row, "group_id")),
                             .visibility = (enum gl_visibility)row_int(row, "visibility"),
                             .default_branch = xstrdup(row_text(row, "default_branch")),
                             .folder = xstrdup(row_text(row, "folder")),
                             .created_at = row_int(row, "created_at")};
    if (!p->path || !p->name || !p->description || !p->default_branch) {
        project_free(s, p);
        return -EIO;
    }
    members_read(s, json_object_get(row, "members"), &p->members);
    project_place(s, p);
    project_shelve(s, p);
    return 0;
}

static int project_check(const struct store *s, const struct gl_project_spec *spec, json_t **reterr)
{
    if (!path_check(spec->path, reterr))
        return -EINVAL;
    if (store_project_by_path(s, spec->path) || store_group_by_path(s, spec->path)) {
        say(reterr, "Path has already been taken");
        return -EINVAL;
    }
    if (shelf_id(&s->projects, spec->id) == 0) {
        say(reterr, "ID has already been taken");
        return -EINVAL;
    }
    if (spec->default_branch && !branch_name_is_good(spec->default_branch)) {
        say(reterr, "Default branch is not a valid branch name");
        return -EINVAL;
    }
    return 0;
}

static int group_of(struct store *s, const char *path, const struct gl_group **ret, json_t **reterr)
{
    const char *slash = strrchr(path, '/');
    *ret = NULL;
    if (!slash)
        return 0;
    _cleanup_(freep) char *group = xstrndup(path, (size_t)(slash - path));
    return store_group_create(s, group, ret, reterr);
}

int store_project_create(struct store *s, const struct gl_project_spec *spec, const struct gl_project **ret, json_t **reterr)
{
    const struct gl_group *group;
    int r = project_check(s, spec, reterr);
    if (r == 0)
        r = group_of(s, spec->path, &group, reterr);
    if (r < 0)
        return r;
    struct gl_project *p = &NEW(struct project)->pub;
    *p = (struct gl_project){.id = shelf_id(&s->projects, spec->id),
                             .path = xstrdup(spec->path),
                             .name = xstrdup(spec->name ? spec->name : path_last(spec->path)),
                             .description = xstrdup(spec->description ? spec->description : ""),
                             .group = group,
                             .visibility = spec->visibility,
                             .default_branch = xstrdup(spec->default_branch ? spec->default_branch : "main"),
                             .created_at = store_now()};
    project_place(s, p);
    db_begin(s->db);
    project_put_row(s, p);
    store_save_last(s, "projects", &s->projects, p->id);
    if (db_commit(s->db) < 0) {
        project_free(s, p);
        return say_unwritten(reterr);
    }
    project_shelve(s, p);
    if (ret)
        *ret = p;
    store_tell(s, (struct store_change){.kind = STORE_PROJECT, .op = STORE_CREATED, .id = p->id, .project_id = p->id});
    return 0;
}

/* ---- changes ----------------------------------------------------------------------------------------------- */

/* Written, or -EIO; whoever changed the memory takes it back then. */
int project_save(struct store *s, const struct gl_project *p)
{
    db_begin(s->db);
    project_put_row(s, p);
    return db_commit(s->db);
}

static void tell_update(struct store *s, const struct gl_project *p, const char *what)
{
    store_tell(s, (struct store_change){
                      .kind = STORE_PROJECT, .op = STORE_UPDATED, .id = p->id, .project_id = p->id, .name = what});
}

int store_project_set_visibility(struct store *s, const struct gl_project *project, enum gl_visibility v)
{
    struct gl_project *p = project_mut(project);
    enum gl_visibility before = p->visibility;
    p->visibility = v;
    if (project_save(s, p) < 0) {
        p->visibility = before;
        return -EIO;
    }
    tell_update(s, p, "visibility");
    return 0;
}

int store_project_set_default_branch(struct store *s, const struct gl_project *project, const char *branch)
{
    struct gl_project *p = project_mut(project);
    if (!branch_name_is_good(branch))
        return -EINVAL;
    char *before = p->default_branch;
    p->default_branch = xstrdup(branch);
    if (project_save(s, p) < 0) {
        free(p->default_branch);
        p->default_branch = before;
        return -EIO;
    }
    free(before);
    tell_update(s, p, "default_branch");
    return 0;
}

int store_project_member_set(struct store *s, const struct gl_project *project, const struct gl_user *user,
                             enum gl_access level)
{
    struct gl_project *p = project_mut(project);
    enum gl_access before = members_level(&p->members, user);
    if (!members_set(&p->members, user, level))
        return 0;
    if (project_save(s, p) < 0) {
        members_set(&p->members, user, before);
        return -EIO;
    }
    tell_update(s, p, "members");
    return 0;
}

static bool runs_in(const struct job *j, const struct gl_project *p)
{
    return j->pub.project == p;
}

static int project_drop_rows(struct store *s, const struct gl_project *p)
{
    db_begin(s->db);
    for (size_t i = 0; i < s->jobs.n; i++)
        if (runs_in(s->jobs.list[i], p))
            db_delete(s->db, DB_JOBS, ((struct job *)s->jobs.list[i])->pub.id);
    for (size_t i = 0; i < p->n_agents; i++)
        agent_drop_rows(s, p->agents[i]);
    repository_drop_rows(s, p);
    db_delete(s->db, DB_PROJECTS, p->id);
    return db_commit(s->db);
}

int store_project_delete(struct store *s, const struct gl_project *project)
{
    struct gl_project *p = project_mut(project);
    int64_t id = p->id;
    if (project_drop_rows(s, p) < 0)
        return -EIO;
    for (size_t i = s->jobs.n; i-- > 0;)
        if (runs_in(s->jobs.list[i], p))
            job_drop(s, s->jobs.list[i]);
    while (p->n_agents)
        agent_drop(s, agent_mut(p->agents[p->n_agents - 1]));
    lookup_remove_text(&s->projects_by_path, p->path);
    lookup_remove_text(&s->projects_by_relative_path, p->relative_path);
    shelf_remove(&s->projects, p->id);
    project_free(s, p);
    store_tell(s, (struct store_change){.kind = STORE_PROJECT, .op = STORE_DELETED, .id = id, .project_id = id});
    return 0;
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

const struct gl_project *store_project(const struct store *s, int64_t id)
{
    return shelf_get(&s->projects, id);
}

const struct gl_project *store_project_by_path(const struct store *s, const char *path)
{
    return lookup_get_text(&s->projects_by_path, path);
}

const struct gl_project *store_project_by_ref(const struct store *s, const char *ref)
{
    const struct gl_project *p = store_project_by_path(s, ref);
    if (p || !ref || !isdigit((unsigned char)*ref))
        return p;
    char *end;
    errno = 0;
    long long id = strtoll(ref, &end, 10);
    return *end == 0 && errno == 0 ? store_project(s, id) : NULL;
}

const struct gl_project *store_project_by_relative_path(const struct store *s, const char *relative_path)
{
    return lookup_get_text(&s->projects_by_relative_path, relative_path);
}

const struct gl_project *const *store_projects(const struct store *s, size_t *ret_n)
{
    *ret_n = s->projects.n;
    return (const struct gl_project *const *)s->projects.list;
}
