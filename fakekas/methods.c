/* The services of KAS, one row for each method: its path, its messages, who serves it, and which versions of KAS have
 * it (from … before). When no version was asked for, all of them are there, so that any agent connects. */
#include <string.h>

#include "agent_configuration.pb-c.h"
#include "agent_registrar.pb-c.h"
#include "flux.pb-c.h"
#include "gitlab_access137.pb-c.h"
#include "gitops.pb-c.h"
#include "grpctool.pb-c.h"
#include "reflection.pb-c.h"
#include "reverse_tunnel.pb-c.h"

#include "fakekas/internal.h"
#include "lib/script/version.h"

#define CONFIGURATION                                                                                                 \
    .in = &agent_configuration__configuration_request__descriptor,                                                   \
    .out = &agent_configuration__configuration_response__descriptor, .server_streams = true,                         \
    .open = configuration_open, .message = configuration_message, .half_closed = watcher_half_closed,                 \
    .closed = configuration_closed
#define OBJECTS                                                                                                       \
    .in = &gitops__objects_to_synchronize_request__descriptor,                                                       \
    .out = &gitops__objects_to_synchronize_response__descriptor, .server_streams = true, .open = gitops_open,        \
    .message = gitops_message, .half_closed = watcher_half_closed, .closed = gitops_closed
#define OBJECTS136                                                                                                    \
    .in = &gitops__objects_to_synchronize_request__descriptor,                                                       \
    .out = &gitops__objects_to_synchronize_response__descriptor, .server_streams = true, .open = gitops_open,        \
    .message = gitops136_message, .half_closed = watcher_half_closed, .closed = gitops_closed
#define ACCESS                                                                                                        \
    .in = &grpctool__http_request__descriptor, .out = &grpctool__http_response__descriptor,                          \
    .client_streams = true, .server_streams = true, .open = gitlab_access_open, .message = gitlab_access_message,    \
    .half_closed = gitlab_access_half_closed, .closed = gitlab_access_closed
#define ACCESS137                                                                                                     \
    .in = &gitlab_access137__request__descriptor, .out = &gitlab_access137__response__descriptor,                    \
    .client_streams = true, .server_streams = true, .open = gitlab_access_open, .message = gitlab_access137_message, \
    .half_closed = gitlab_access_half_closed, .closed = gitlab_access_closed
#define TUNNEL                                                                                                        \
    .in = &reverse_tunnel__connect_request__descriptor, .out = &reverse_tunnel__connect_response__descriptor,        \
    .client_streams = true, .server_streams = true, .open = tunnel_open, .message = tunnel_message,                  \
    .half_closed = tunnel_half_closed, .closed = tunnel_closed
#define REGISTER                                                                                                      \
    .in = &agent_registrar__register_request__descriptor, .out = &agent_registrar__register_response__descriptor,    \
    .message = registrar_message
#define FLUX                                                                                                          \
    .in = &flux__reconcile_projects_request__descriptor, .out = &flux__reconcile_projects_response__descriptor,      \
    .server_streams = true, .open = flux_open, .message = flux_message, .half_closed = watcher_half_closed,          \
    .closed = flux_closed

#define REFLECTION                                                                                                    \
    .in = &reflection__request__descriptor, .out = &reflection__response__descriptor, .client_streams = true,        \
    .server_streams = true, .message = reflection_message, .half_closed = reflection_half_closed

/* Path, messages and handlers, from, before. "head" is the fork, which has other names. */
#define NEVER "head" /* from and before are one: no KAS has it for its agents */
#define METHODS(ROW)                                                                                                  \
    ROW("/agentrpc.Kas/GetConfiguration", CONFIGURATION, "0", "13.7")                                                 \
    ROW("/agentrpc.Kas/GetObjectsToSynchronize", OBJECTS136, "0", "13.7")                                             \
    ROW("/rpc.AgentConfiguration/GetConfiguration", CONFIGURATION, "13.7", "13.8")                                    \
    ROW("/rpc.Gitops/GetObjectsToSynchronize", OBJECTS, "13.7", "13.8")                                               \
    ROW("/rpc.GitlabAccess/MakeRequest", ACCESS137, "13.7", "13.8")                                                   \
    ROW("/gitlab.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration", CONFIGURATION, "13.8", "head")   \
    ROW("/gitlab.agent.gitops.rpc.Gitops/GetObjectsToSynchronize", OBJECTS, "13.8", "head")                           \
    ROW("/gitlab.agent.gitlab_access.rpc.GitlabAccess/MakeRequest", ACCESS, "13.8", "head")                           \
    ROW("/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect", TUNNEL, "13.8", "head")                             \
    ROW("/gitlab.agent.flux.rpc.GitLabFlux/ReconcileProjects", FLUX, "16.0", "head")                                  \
    ROW("/gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register", REGISTER, "16.5", "head")                        \
    ROW("/plural.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration", CONFIGURATION, "head", "")       \
    ROW("/plural.agent.reverse_tunnel.rpc.ReverseTunnel/Connect", TUNNEL, "head", "")                                 \
    ROW("/plural.agent.agent_registrar.rpc.AgentRegistrar/Register", REGISTER, "head", "")                            \
    ROW("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", REFLECTION, NEVER, NEVER)                        \
    ROW("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", REFLECTION, NEVER, NEVER)

/* A row's handlers stand in braces of their own macro's making, hence this detour. */
#define EXPAND(...) __VA_ARGS__
#define AS_METHOD(path_, what, from_, before_) {.path = path_, EXPAND(what)},
#define AS_RANGE(path_, what, from_, before_) {from_, before_},

const struct grpc_method kas_methods[] = {METHODS(AS_METHOD){0}};

static const struct {
    const char *from, *before; /* before "": for ever */
} ranges[] = {METHODS(AS_RANGE)};

const char *method_short(const struct grpc_method *m)
{
    const char *slash = strrchr(m->path, '/');
    return slash ? slash + 1 : m->path;
}

/* "AgentRegistrar", or with its package: what stands before the method's name. */
static bool service_is(const struct grpc_method *m, const char *name)
{
    size_t end = (size_t)(strrchr(m->path, '/') - m->path), n = strlen(name);
    if (n >= end || strncmp(m->path + end - n, name, n))
        return false;
    char before = m->path[end - n - 1];
    return before == '.' || before == '/';
}

bool method_served(void *kas, const struct grpc_method *m)
{
    const struct kas *k = kas;
    size_t i, row = (size_t)(m - kas_methods);
    const json_t *name;
    json_array_foreach (json_object_get(k->spec, "lacks"), i, name)
        if (json_is_string(name) && service_is(m, json_string_value(name)))
            return false;
    if (k->permissive || row >= ARRAY_SIZE(ranges))
        return true;
    const char *v = k->traits.version;
    return version_compare(v, ranges[row].from) >= 0 &&
           (!*ranges[row].before || version_compare(v, ranges[row].before) < 0);
}
