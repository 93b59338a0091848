/* The calls that KAS makes, and what each of them begins with: whose repository, which commit. */
#include <string.h>

#include "gitaly.pb-c.h"

#include "fakegitlab/gitaly_private.h"
#include "fakegitlab/repository.h"
#include "lib/base/mem.h"

/* One request is what each call has: without any, grpc-go's server has nothing to read, and it says so. */
static void half_closed(struct grpc_call *call)
{
    if (!grpc_call_user(call))
        grpc_finish(call, GRPC_UNKNOWN, "EOF");
}

bool gitaly_first(struct grpc_call *call)
{
    bool first = !grpc_call_user(call);
    grpc_call_set_user(call, call);
    return first;
}

#define METHOD(path_, in_, out_, fn_)                                                                                 \
    {.path = path_, .in = &gitaly__##in_##__descriptor, .out = &gitaly__##out_##__descriptor, .server_streams = true, \
     .message = fn_, .half_closed = half_closed}

const struct grpc_method gitaly_methods[] = {
    METHOD("/gitaly.SmartHTTPService/InfoRefsUploadPack", info_refs_request, info_refs_response, gitaly_info_refs),
    METHOD("/gitaly.CommitService/TreeEntry", tree_entry_request, tree_entry_response, gitaly_tree_entry),
    METHOD("/gitaly.CommitService/GetTreeEntries", get_tree_entries_request, get_tree_entries_response,
           gitaly_get_tree_entries),
    {0}};

static bool same(const char *a, const char *b)
{
    return a && b && *b && !strcmp(a, b);
}

/* By what decides in a real Gitaly, the path on its disk; by names only where a request has none. */
static const struct gl_project *find(const struct store *s, const Gitaly__Repository *r)
{
    size_t n;
    if (*r->relative_path)
        return store_project_by_relative_path(s, r->relative_path);
    const struct gl_project *const *all = store_projects(s, &n);
    for (size_t i = 0; i < n; i++)
        if (same(all[i]->gl_repository, r->gl_repository) || same(all[i]->path, r->gl_project_path))
            return all[i];
    return NULL;
}

const struct gl_project *gitaly_project(struct grpc_call *call, const void *repository)
{
    const struct gitaly *g = grpc_call_arg(call);
    const Gitaly__Repository *r = repository;
    if (!r || (!*r->relative_path && !*r->gl_repository && !*r->gl_project_path)) {
        grpc_finish(call, GRPC_INVALID_ARGUMENT, r ? "GetPath: relative path missing" : "empty Repository");
        return NULL;
    }
    const struct gl_project *p = find(g->store, r);
    if (p && *r->storage_name && strcmp(r->storage_name, p->storage_name)) {
        _cleanup_(freep) char *text = xasprintf("GetStorageByName: no such storage: \"%s\"", r->storage_name);
        grpc_finish(call, GRPC_INVALID_ARGUMENT, text);
        return NULL;
    }
    if (!p) {
        _cleanup_(freep) char *text = xasprintf("GetRepoPath: not a git repository: \"/var/opt/gitlab/git-data/"
                                                "repositories/%s\"", *r->relative_path ? r->relative_path
                                                                     : *r->gl_repository ? r->gl_repository
                                                                                         : r->gl_project_path);
        grpc_finish(call, GRPC_NOT_FOUND, text);
    }
    return p;
}

const struct git_commit *gitaly_commit(const struct gl_project *p, const ProtobufCBinaryData *revision)
{
    return repository_commit(p, (const char *)revision->data, revision->len);
}

char *gitaly_path(const ProtobufCBinaryData *path)
{
    return xstrndup(path->data ? (const char *)path->data : "", path->len);
}

void gitaly_reply(struct grpc_call *call, const ProtobufCMessage *m)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    _cleanup_(freep) uint8_t *p = xcalloc(1, n ? n : 1);
    protobuf_c_message_pack(m, p);
    grpc_send(call, p, n);
}
