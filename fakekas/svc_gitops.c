/* Gitops/GetObjectsToSynchronize: the manifests of a project, from the scenario's
 * `objects: {PROJECT: {commit, project_id, files: {PATH: TEXT}}}`. One snapshot a stream. Agents of
 * 13.6 ask without paths, and get all. Without `objects` the stream is held: nothing has changed. */
#include <string.h>

#include "gitops.pb-c.h"

#include "fakekas/glob.h"
#include "fakekas/internal.h"
#include "lib/proto/pb.h"

enum { CHUNK = 128 * 1024, MAX_PATHS = 100 };

void gitops_open(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    watcher_new(&k->objects_streams, k, call);
}

void gitops_closed(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    watcher_closed(&k->objects_streams, call);
}

static bool fits(const json_t *path, const char *file)
{
    const char *glob = json_string_value(json_object_get(path, "glob"));
    const char *exact = json_string_value(json_object_get(path, "file"));
    return (glob && glob_fits(glob, file)) || (exact && !strcmp(exact, file));
}

static void send_json(struct grpc_call *call, json_t *m)
{
    _cleanup_(freep) char *err = NULL;
    if (grpc_send_json(call, m, &err) < 0)
        grpc_finish(call, GRPC_INTERNAL, err ? err : "fakekas: objects");
    json_decref(m);
}

/* A large file travels in pieces of the same name. */
static void send_file(struct grpc_call *call, const char *name, const char *text, size_t n)
{
    for (size_t at = 0; at < n || at == 0; at += CHUNK) {
        Gitops__ObjectsToSynchronizeResponse__Object o = GITOPS__OBJECTS_TO_SYNCHRONIZE_RESPONSE__OBJECT__INIT;
        Gitops__ObjectsToSynchronizeResponse m = GITOPS__OBJECTS_TO_SYNCHRONIZE_RESPONSE__INIT;
        o.source = (char *)name;
        o.data = (ProtobufCBinaryData){.len = n - at < CHUNK ? n - at : CHUNK, .data = (uint8_t *)text + at};
        m.message_case = GITOPS__OBJECTS_TO_SYNCHRONIZE_RESPONSE__MESSAGE_OBJECT;
        m.object = &o;
        size_t len = gitops__objects_to_synchronize_response__get_packed_size(&m);
        _cleanup_(freep) uint8_t *p = xcalloc(1, len);
        gitops__objects_to_synchronize_response__pack(&m, p);
        grpc_send(call, p, len);
    }
}

/* Path by path, as they were asked for; no file twice. All, if no path was. The number of files, -1: the call has been ended. */
static int send_files(struct watcher *w, const json_t *files)
{
    json_t *seen = json_object(), *text;
    size_t n = json_array_size(w->paths);
    const char *name;
    int sent = 0;
    for (size_t i = 0; i < (n ? n : 1); i++)
        json_object_foreach ((json_t *)files, name, text) {
            if (sent < 0 || !json_is_string(text) || (n && !fits(json_array_get(w->paths, i), name)))
                continue;
            if (json_object_get(seen, name)) {
                _cleanup_(freep) char *why = xasprintf("GitOps: failed to get objects to synchronize: manifest file: path "
                                                       "visited more than once: %s", name);
                grpc_finish(w->call, GRPC_FAILED_PRECONDITION, why);
                sent = -1;
                continue;
            }
            json_object_set_new(seen, name, json_true());
            send_file(w->call, name, json_string_value(text), json_string_length(text));
            sent++;
        }
    json_decref(seen);
    return sent;
}

static void send_snapshot(struct watcher *w, const json_t *project, const char *commit)
{
    struct kas *k = w->kas;
    json_t *header = json_pack("{ss}", "commit_id", commit);
    if (k->traits.object_project_id || k->permissive) {
        json_t *id = json_object_get(project, "project_id");
        json_object_set_new(header, "project_id", json_integer(id ? json_integer_value(id) : 555));
    }
    send_json(w->call, json_pack("{so}", "header", header));
    int sent = send_files(w, json_object_get(project, "files"));
    if (sent < 0)
        return;
    send_json(w->call, json_pack("{s{}}", "trailer"));
    kas_event(k, grpc_call_conn(w->call), grpc_call_stream(w->call), "kas.objects_sent",
              json_pack("{sssssi}", "project", w->project, "commit", commit, "files", sent));
    grpc_finish(w->call, GRPC_OK, "");
}

/* What the stream is to be told now; mostly nothing. */
static void consider(struct watcher *w)
{
    struct kas *k = w->kas;
    if (!k->objects)
        return;
    const json_t *project = json_object_get(k->objects, w->project);
    if (!project) {
        if (k->traits.not_found_rule)
            grpc_finish(w->call, GRPC_NOT_FOUND, "project not found");
        return;
    }
    const char *error = json_string_value(json_object_get(project, "error"));
    if (error) {
        grpc_finish(w->call, GRPC_FAILED_PRECONDITION, error);
        return;
    }
    const char *commit = json_string_value(json_object_get(project, "commit"));
    commit = commit ? commit : k->commit;
    if (w->commit && !strcmp(w->commit, commit))
        return;
    send_snapshot(w, project, commit);
}

/* KAS's checks of the message, before it asks who it is. */
static bool valid(struct grpc_call *call, const struct kas *k, const json_t *request)
{
    const char *project = json_string_value(json_object_get(request, "project_id"));
    size_t paths = json_array_size(json_object_get(request, "paths"));
    _cleanup_(freep) char *text = NULL;
    if (!project || !*project)
        text = xasprintf("invalid ObjectsToSynchronizeRequest.ProjectId: value length must be at least 1 %s",
                         k->traits.unit);
    else if (paths == 0)
        text = xstrdup("invalid ObjectsToSynchronizeRequest.Paths: value must contain at least 1 item(s)");
    else if (paths > MAX_PATHS)
        text = xasprintf("maximum number of GitOps paths per manifest project is %d, but %zu was requested",
                         MAX_PATHS, paths);
    if (text)
        grpc_finish(call, GRPC_INVALID_ARGUMENT, text);
    return !text;
}

static void take(struct grpc_call *call, const uint8_t *p, size_t n, bool old)
{
    struct kas *k = grpc_call_arg(call);
    struct watcher *w = grpc_call_user(call);
    const struct link *l = link_of(grpc_call_conn(call));
    if (!w || w->answered)
        return;
    json_t *request = pb_to_json(grpc_call_method(call)->in, p, n);
    if (!request) {
        grpc_finish(call, GRPC_INTERNAL, "grpc: failed to unmarshal the received message: proto: cannot parse "
                                         "invalid wire-format data");
        return;
    }
    w->silent = true; /* its request has come, whatever becomes of it */
    if ((old || valid(call, k, request)) && auth_admit(k, call)) {
        w->answered = true;
        w->project = xstrdup(json_string_value(json_object_get(request, "project_id")));
        w->commit = xstrdup(json_string_value(json_object_get(request, "commit_id")));
        w->paths = json_incref(json_object_get(request, "paths"));
        if (!w->project)
            w->project = xstrdup("");
        if (l && l->polls_over)
            grpc_finish(call, GRPC_OK, "");
        else
            consider(w);
    }
    json_decref(request);
}

void gitops_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    take(call, p, n, false);
}

void gitops136_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    take(call, p, n, true);
}

void gitops_push(struct kas *k, const char *project)
{
    struct watcher *w, *next;
    for (w = TAILQ_FIRST(&k->objects_streams); w; w = next) {
        next = TAILQ_NEXT(w, entry);
        if (w->answered && !strcmp(w->project, project))
            consider(w);
    }
}
