/* CommitService/TreeEntry: one file, in pieces. */
#include <inttypes.h>

#include "gitaly.pb-c.h"

#include "fakegitlab/gitaly_private.h"
#include "fakegitlab/repository.h"
#include "lib/base/mem.h"

enum { CHUNK = 128 * 1024 };

static void finish(struct grpc_call *call, int code, char *text)
{
    grpc_finish(call, code, text);
    free(text);
}

/* Type, id, size and mode stand in the first message only. */
static void send(struct grpc_call *call, const struct git_entry *e, size_t n)
{
    size_t at = 0;
    do {
        Gitaly__TreeEntryResponse m = GITALY__TREE_ENTRY_RESPONSE__INIT;
        if (at == 0) {
            m.type = e->type == GIT_BLOB ? GITALY__TREE_ENTRY_RESPONSE__OBJECT_TYPE__BLOB
                                         : GITALY__TREE_ENTRY_RESPONSE__OBJECT_TYPE__TREE;
            m.oid = (char *)e->oid;
            m.size = (int64_t)e->size;
            m.mode = (int32_t)e->mode;
        }
        m.data = (ProtobufCBinaryData){.len = n - at < CHUNK ? n - at : CHUNK, .data = (uint8_t *)e->bytes + at};
        if (m.data.len == 0)
            m.data.data = NULL;
        gitaly_reply(call, &m.base);
        at += CHUNK;
    } while (at < n);
    grpc_finish(call, GRPC_OK, "");
}

static const char *invalid(const Gitaly__TreeEntryRequest *r)
{
    return r->revision.len == 0       ? "TreeEntry: empty revision"
           : r->revision.data[0] == '-' ? "TreeEntry: revision can't start with '-'"
           : r->path.len == 0         ? "TreeEntry: empty Path"
           : r->limit < 0             ? "TreeEntry: negative Limit"
           : r->max_size < 0          ? "TreeEntry: negative MaxSize"
                                      : NULL;
}

static void answer(struct grpc_call *call, const struct gl_project *project, const Gitaly__TreeEntryRequest *r)
{
    struct git_entry e = {0};
    const struct git_commit *commit = gitaly_commit(project, &r->revision);
    _cleanup_(freep) char *path = gitaly_path(&r->path);
    if (!commit || repository_entry(project, commit, path, &e) < 0) {
        finish(call, GRPC_NOT_FOUND, xasprintf("not found: %s", path));
        return;
    }
    if (e.type == GIT_BLOB && r->max_size > 0 && e.size > (uint64_t)r->max_size) {
        finish(call, GRPC_FAILED_PRECONDITION,
               xasprintf("TreeEntry: object size (%zu) is bigger than the maximum allowed size (%" PRId64 ")", e.size,
                         r->max_size));
        return;
    }
    size_t n = e.type == GIT_BLOB ? e.size : 0;
    if (r->limit > 0 && n > (uint64_t)r->limit)
        n = (size_t)r->limit;
    send(call, &e, n);
}

void gitaly_tree_entry(struct grpc_call *call, const uint8_t *p, size_t n)
{
    if (!gitaly_first(call))
        return;
    Gitaly__TreeEntryRequest *r = gitaly__tree_entry_request__unpack(NULL, n, p);
    const struct gl_project *project = r ? gitaly_project(call, r->repository) : NULL;
    const char *why = project ? invalid(r) : NULL;
    if (why)
        grpc_finish(call, GRPC_INVALID_ARGUMENT, why);
    else if (project)
        answer(call, project, r);
    gitaly__tree_entry_request__free_unpacked(r, NULL);
}
