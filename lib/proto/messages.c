#include "lib/proto/messages.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/struct.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "agent_configuration.pb-c.h"
#include "agent_registrar.pb-c.h"
#include "agent_tracker.pb-c.h"
#include "agentcfg.pb-c.h"
#include "entity.pb-c.h"
#include "flux.pb-c.h"
#include "gitaly.pb-c.h"
#include "gitlab_access.pb-c.h"
#include "gitlab_access137.pb-c.h"
#include "gitops.pb-c.h"
#include "google_rpc_status.pb-c.h"
#include "grpctool.pb-c.h"
#include "hubble.pb-c.h"
#include "kubernetes_api.pb-c.h"
#include "kubernetes_api_fork.pb-c.h"
#include "prototool.pb-c.h"
#include "reverse_tunnel.pb-c.h"
#include "lib/base/mem.h"
#include "lib/proto/pb_names.h"

/* The compiler for C makes no list of what it made. */
static const ProtobufCMessageDescriptor *const all[] = {
    &agent_configuration__configuration_request__descriptor,
    &agent_configuration__configuration_response__descriptor,
    &agent_registrar__register_request__descriptor,
    &agent_registrar__register_response__descriptor,
    &agent_tracker__get_connected_agents_request__descriptor,
    &agent_tracker__connected_agent_info__descriptor,
    &agent_tracker__get_connected_agents_response__descriptor,
    &agentcfg__agent_configuration__descriptor,
    &agentcfg__configuration_file__descriptor,
    &agentcfg__gitops_cf__descriptor,
    &agentcfg__manifest_project_cf__descriptor,
    &agentcfg__resource_filter_cf__descriptor,
    &agentcfg__path_cf__descriptor,
    &agentcfg__git_ref_cf__descriptor,
    &agentcfg__chart_cf__descriptor,
    &agentcfg__chart_source_cf__descriptor,
    &agentcfg__chart_project_source_cf__descriptor,
    &agentcfg__chart_values_cf__descriptor,
    &agentcfg__chart_values_file_cf__descriptor,
    &agentcfg__chart_values_url_cf__descriptor,
    &agentcfg__observability_cf__descriptor,
    &agentcfg__logging_cf__descriptor,
    &agentcfg__google_profiler_cf__descriptor,
    &agentcfg__cilium_cf__descriptor,
    &agentcfg__ci_access_cf__descriptor,
    &agentcfg__ci_access_project_cf__descriptor,
    &agentcfg__ci_access_group_cf__descriptor,
    &agentcfg__ci_access_as_cf__descriptor,
    &agentcfg__ci_access_as_agent_cf__descriptor,
    &agentcfg__ci_access_as_impersonate_cf__descriptor,
    &agentcfg__extra_key_val_cf__descriptor,
    &agentcfg__ci_access_as_ci_job_cf__descriptor,
    &agentcfg__container_scanning_cf__descriptor,
    &agentcfg__vulnerability_report_cf__descriptor,
    &agentcfg__container_scanning_filter_cf__descriptor,
    &agentcfg__resource_requirements_cf__descriptor,
    &agentcfg__resource_cf__descriptor,
    &agentcfg__remote_development_cf__descriptor,
    &agentcfg__gitlab_workspaces_proxy_cf__descriptor,
    &agentcfg__network_policy_cf__descriptor,
    &agentcfg__flux_cf__descriptor,
    &agentcfg__user_access_cf__descriptor,
    &agentcfg__user_access_as_cf__descriptor,
    &agentcfg__user_access_as_agent_cf__descriptor,
    &agentcfg__user_access_as_user_cf__descriptor,
    &agentcfg__user_access_project_cf__descriptor,
    &agentcfg__user_access_group_cf__descriptor,
    &entity__kubernetes_version__descriptor,
    &entity__agent_meta__descriptor,
    &flux__project__descriptor,
    &flux__reconcile_projects_request__descriptor,
    &flux__reconcile_projects_response__descriptor,
    &gitaly__repository__descriptor,
    &gitaly__info_refs_request__descriptor,
    &gitaly__info_refs_response__descriptor,
    &gitaly__tree_entry_request__descriptor,
    &gitaly__tree_entry_response__descriptor,
    &gitaly__tree_entry__descriptor,
    &gitaly__pagination_parameter__descriptor,
    &gitaly__pagination_cursor__descriptor,
    &gitaly__get_tree_entries_request__descriptor,
    &gitaly__get_tree_entries_response__descriptor,
    &gitlab_access__header_extra__descriptor,
    &gitlab_access137__request__descriptor,
    &gitlab_access137__request__headers__descriptor,
    &gitlab_access137__request__data__descriptor,
    &gitlab_access137__request__trailers__descriptor,
    &gitlab_access137__response__descriptor,
    &gitlab_access137__response__headers__descriptor,
    &gitlab_access137__response__data__descriptor,
    &gitlab_access137__response__trailers__descriptor,
    &gitops__path_cf__descriptor,
    &gitops__objects_to_synchronize_request__descriptor,
    &gitops__objects_to_synchronize_response__descriptor,
    &gitops__objects_to_synchronize_response__header__descriptor,
    &gitops__objects_to_synchronize_response__object__descriptor,
    &gitops__objects_to_synchronize_response__trailer__descriptor,
    &google__rpc__status__descriptor,
    &grpctool__http_request__descriptor,
    &grpctool__http_request__header__descriptor,
    &grpctool__http_request__data__descriptor,
    &grpctool__http_request__trailer__descriptor,
    &grpctool__http_request__upgrade_data__descriptor,
    &grpctool__http_response__descriptor,
    &grpctool__http_response__header__descriptor,
    &grpctool__http_response__data__descriptor,
    &grpctool__http_response__trailer__descriptor,
    &grpctool__http_response__upgrade_data__descriptor,
    &hubble__flow__descriptor,
    &hubble__get_flows_request__descriptor,
    &hubble__get_flows_response__descriptor,
    &kubernetes_api__extra_key_val__descriptor,
    &kubernetes_api__impersonation_config__descriptor,
    &kubernetes_api__header_extra__descriptor,
    &kubernetes_api_fork__impersonation_config__descriptor,
    &kubernetes_api_fork__header_extra__descriptor,
    &prototool__values__descriptor,
    &prototool__http_request__descriptor,
    &prototool__http_response__descriptor,
    &reverse_tunnel__method__descriptor,
    &reverse_tunnel__service__descriptor,
    &reverse_tunnel__agent_descriptor__descriptor,
    &reverse_tunnel__descriptor__descriptor,
    &reverse_tunnel__header__descriptor,
    &reverse_tunnel__message__descriptor,
    &reverse_tunnel__trailer__descriptor,
    &reverse_tunnel__error__descriptor,
    &reverse_tunnel__connect_request__descriptor,
    &reverse_tunnel__request_info__descriptor,
    &reverse_tunnel__close_send__descriptor,
    &reverse_tunnel__connect_response__descriptor,
    &google__protobuf__any__descriptor,
    &google__protobuf__duration__descriptor,
    &google__protobuf__struct__descriptor,
    &google__protobuf__value__descriptor,
    &google__protobuf__list_value__descriptor,
    &google__protobuf__timestamp__descriptor,
};

/* The peers' packages are "gitlab.agent.X" or "plural.agent.X", often with ".rpc" behind; ours are X. Writes
 * "X.Message" and answers true if the name is one of theirs. */
static bool ours(const char *theirs, char *out, size_t size)
{
    const char *p;
    bool fork = strncmp(theirs, "plural.agent.", 13) == 0;

    if (!fork && strncmp(theirs, "gitlab.agent.", 13) != 0)
        return false;
    p = theirs + 13;
    size_t n = strcspn(p, ".");
    const char *package = p;
    p += n;
    if (strncmp(p, ".rpc.", 5) == 0)
        p += 4;
    if (n == 14 && strncmp(package, "kubernetes_api", n) == 0 && fork)
        package = "kubernetes_api_fork", n = strlen(package);
    if (n == 9 && strncmp(package, "modshared", n) == 0) /* until 16.4 */
        package = "entity", n = strlen(package);
    if (n + strlen(p) >= size)
        return false;
    memcpy(out, package, n);
    strcpy(out + n, p);
    return true;
}

/* A message inside a message is "HttpRequest.Header" here: what follows the package. */
static const char *unqualified(const ProtobufCMessageDescriptor *d)
{
    size_t n = strlen(d->package_name);
    return n > 0 && d->name[n] == '.' ? d->name + n + 1 : d->name;
}

const ProtobufCMessageDescriptor *message_find(const char *name)
{
    char own[128];
    const ProtobufCMessageDescriptor *short_one = NULL;
    const char *slash = strrchr(name, '/');

    if (slash)
        name = slash + 1;
    if (ours(name, own, sizeof(own)))
        name = own;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if (strcmp(unqualified(all[i]), name) != 0)
            continue;
        if (short_one)
            return NULL;
        short_one = all[i];
    }
    return short_one;
}

const char *message_nearest(const char *name)
{
    struct pb_nearest best = pb_nearest_start(name);

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        pb_nearest_try(&best, unqualified(all[i]), all[i]->name);
        pb_nearest_try(&best, all[i]->name, all[i]->name);
    }
    return best.answer;
}

const char *message_field_alias(const ProtobufCMessageDescriptor *d, const char *name)
{
    if ((d == &agentcfg__agent_configuration__descriptor || d == &agentcfg__configuration_file__descriptor) &&
        strcmp(name, "starboard") == 0)
        return "container_scanning";
    return name;
}

const ProtobufCMessageDescriptor *message_at(size_t i)
{
    return i < ARRAY_SIZE(all) ? all[i] : NULL;
}
