/* CommitService/GetTreeEntries: what is in a folder, or everything beneath it.
 *
 * KAS asks for a file with the entry's commit_oid as revision, so that one is never left out. Sorting and pages, which
 * KAS does not ask for, are not there: the order is Git's, and all comes. */
#include <string.h>

#include "gitaly.pb-c.h"

#include "fakegitlab/gitaly_private.h"
#include "fakegitlab/repository.h"
#include "lib/base/mem.h"

enum { PER_MESSAGE = 1000 };

struct listing {
    const struct gl_project *project;
    const struct git_commit *commit;
    const struct git_entry *entries;
    size_t n;
    bool flat; /* flat_path is wanted: of a folder's listing only */
};

/* Where one arrives from a folder as long as there is nothing in it but one folder more: what GitLab's page shows in one
 * line. A new string. */
static char *flat_path(const struct listing *l, const struct git_entry *e)
{
    char *at = xstrdup(e->path);
    for (bool deeper = e->type == GIT_TREE; deeper;) {
        struct git_entry *in = NULL;
        size_t n = 0;
        deeper = repository_list(l->project, l->commit, at, false, &in, &n) == 0 && n == 1 && in[0].type == GIT_TREE;
        if (deeper) {
            free(at);
            at = xstrdup(in[0].path);
        }
        free(in);
    }
    return at;
}

static void fill(const struct listing *l, const struct git_entry *e, Gitaly__TreeEntry *m)
{
    gitaly__tree_entry__init(m);
    m->oid = (char *)e->oid;
    m->root_oid = (char *)l->commit->tree;
    m->path = (ProtobufCBinaryData){.len = strlen(e->path), .data = (uint8_t *)e->path};
    m->type = e->type == GIT_BLOB ? GITALY__TREE_ENTRY__ENTRY_TYPE__BLOB : GITALY__TREE_ENTRY__ENTRY_TYPE__TREE;
    m->mode = (int32_t)e->mode;
    m->commit_oid = (char *)l->commit->id;
    if (l->flat) {
        char *flat = flat_path(l, e);
        m->flat_path = (ProtobufCBinaryData){.len = strlen(flat), .data = (uint8_t *)flat};
    }
}

static void send(struct grpc_call *call, const struct listing *l)
{
    _cleanup_(freep) Gitaly__TreeEntry *entries = xcalloc(PER_MESSAGE, sizeof *entries);
    _cleanup_(freep) Gitaly__TreeEntry **list = xcalloc(PER_MESSAGE, sizeof *list);
    for (size_t at = 0; at < l->n;) {
        Gitaly__GetTreeEntriesResponse m = GITALY__GET_TREE_ENTRIES_RESPONSE__INIT;
        for (; m.n_entries < PER_MESSAGE && at < l->n; at++) {
            fill(l, &l->entries[at], &entries[m.n_entries]);
            list[m.n_entries] = &entries[m.n_entries];
            m.n_entries++;
        }
        m.entries = list;
        gitaly_reply(call, &m.base);
        for (size_t i = 0; i < m.n_entries; i++)
            free(entries[i].flat_path.data);
    }
    grpc_finish(call, GRPC_OK, "");
}

static void answer(struct grpc_call *call, const struct gl_project *project, const Gitaly__GetTreeEntriesRequest *r)
{
    const struct gitaly *g = grpc_call_arg(call);
    struct git_entry *entries = NULL;
    struct listing l = {.project = project,
                        .commit = gitaly_commit(project, &r->revision),
                        .flat = !r->recursive && !r->skip_flat_paths};
    _cleanup_(freep) char *path = gitaly_path(&r->path);
    int found = l.commit ? repository_list(project, l.commit, path, r->recursive, &entries, &l.n) : -1;
    l.entries = entries;
    if (found == 0 || !g->missing_is_error)
        send(call, &l);
    else
        grpc_finish(call, GRPC_NOT_FOUND, "invalid revision or path");
    free(entries);
}

void gitaly_get_tree_entries(struct grpc_call *call, const uint8_t *p, size_t n)
{
    if (!gitaly_first(call))
        return;
    Gitaly__GetTreeEntriesRequest *r = gitaly__get_tree_entries_request__unpack(NULL, n, p);
    const struct gl_project *project = r ? gitaly_project(call, r->repository) : NULL;
    if (project && (r->revision.len == 0 || r->path.len == 0))
        grpc_finish(call, GRPC_INVALID_ARGUMENT, r->path.len ? "empty revision" : "empty Path");
    else if (project)
        answer(call, project, r);
    gitaly__get_tree_entries_request__free_unpacked(r, NULL);
}
