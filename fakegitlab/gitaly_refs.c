/* SmartHTTPService/InfoRefsUploadPack: which commit each branch stands at. KAS polls it, and takes what it finds behind
 * HEAD or the default branch for the id of the newest commit. */
#include <string.h>

#include "gitaly.pb-c.h"

#include "fakegitlab/gitaly_pktline.h"
#include "fakegitlab/gitaly_private.h"
#include "fakegitlab/repository.h"
#include "lib/base/mem.h"

enum { CHUNK = 128 * 1024 };

/* What a scenario says instead. */
static void add_told(struct buf *out, const json_t *refs)
{
    const char *name;
    const json_t *id;
    json_object_foreach ((json_t *)refs, name, id)
        gitaly_pktline_add(out, json_string_value(id), name, NULL);
}

static void add_own(struct buf *out, const struct gl_project *p)
{
    size_t n;
    const struct git_ref *refs = repository_refs(p, &n);
    const struct git_commit *head = repository_head(p);
    _cleanup_(freep) char *branch = xasprintf("refs/heads/%s", p->default_branch);
    if (head)
        gitaly_pktline_add(out, head->id, "HEAD", branch);
    for (size_t i = 0; i < n; i++)
        gitaly_pktline_add(out, refs[i].commit->id, refs[i].name, NULL);
    if (n == 0)
        gitaly_pktline_add(out, GITALY_NO_REFS_ID, GITALY_NO_REFS_NAME, NULL);
}

static void send(struct grpc_call *call, const struct buf *b)
{
    for (size_t at = 0; at < buf_len(b); at += CHUNK) {
        Gitaly__InfoRefsResponse m = GITALY__INFO_REFS_RESPONSE__INIT;
        size_t left = buf_len(b) - at;
        m.data = (ProtobufCBinaryData){.len = left < CHUNK ? left : CHUNK, .data = (uint8_t *)buf_data(b) + at};
        gitaly_reply(call, &m.base);
    }
    grpc_finish(call, GRPC_OK, "");
}

void gitaly_info_refs(struct grpc_call *call, const uint8_t *p, size_t n)
{
    const struct gitaly *g = grpc_call_arg(call);
    if (!gitaly_first(call))
        return;
    Gitaly__InfoRefsRequest *r = gitaly__info_refs_request__unpack(NULL, n, p);
    const struct gl_project *project = r ? gitaly_project(call, r->repository) : NULL;
    if (project) {
        struct buf b = BUF_NULL;
        gitaly_pktline_begin(&b);
        if (g->refs)
            add_told(&b, g->refs);
        else
            add_own(&b, project);
        gitaly_pktline_end(&b);
        send(call, &b);
        buf_done(&b);
    }
    gitaly__info_refs_request__free_unpacked(r, NULL);
}
