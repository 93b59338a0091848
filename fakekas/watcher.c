/* Streams that stay open until there is something to say. */
#include "fakekas/internal.h"

#include "fakekas/auth.h"

struct watcher *watcher_new(struct watchers *list, struct kas *k, struct grpc_call *call)
{
    struct watcher *w = NEW(struct watcher);
    w->call = call;
    w->kas = k;
    TAILQ_INSERT_TAIL(list, w, entry);
    grpc_call_set_user(call, w);
    return w;
}

void watcher_closed(struct watchers *list, struct grpc_call *call)
{
    struct watcher *w = grpc_call_user(call);
    if (!w)
        return;
    grpc_call_set_user(call, NULL);
    TAILQ_REMOVE(list, w, entry);
    free(w->project);
    json_decref(w->paths);
    free(w->commit);
    free(w);
}

void watcher_half_closed(struct grpc_call *call)
{
    const struct watcher *w = grpc_call_user(call);
    if (w && !w->answered && !w->silent)
        grpc_finish(call, GRPC_UNKNOWN, "EOF");
}

void watchers_recheck(struct watchers *list, const struct agent *a)
{
    struct watcher *w, *next;
    for (w = TAILQ_FIRST(list); w; w = next) {
        next = TAILQ_NEXT(w, entry);
        const char *message;
        struct agent *of = agents_by_header(w->kas->agents, grpc_call_header(w->call, "authorization"));
        if ((!w->answered && !w->silent) || (a && of != a))
            continue;
        int code = auth_status_code(agent_status_now(of), &w->kas->traits, &message);
        if (code > 0)
            grpc_finish(w->call, code, message);
    }
}
