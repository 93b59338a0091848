/* Every call that there is. `versions` are GitLab's; facts stand in the documentation of each release. */
#include "fakegitlab/page/page.h"

#define INTERNAL "/api/v4/internal/kubernetes"
#define STARBOARD INTERNAL "/modules/starboard_vulnerability"
#define AGENTS "/api/v4/projects/:id/cluster_agents"
#define TOKENS AGENTS "/:agent_id/tokens"

const struct route gitlab_routes[] = {
    {"GET", INTERNAL "/agent_info", ASKS_AGENT, internal_agent_info, ">= 13.6"},
    {"GET", INTERNAL "/project_info", ASKS_AGENT, internal_project_info, ">= 13.6"},
    {"POST", INTERNAL "/usage_metrics", ASKS_KAS, internal_usage_metrics, ">= 13.6"},
    {"POST", INTERNAL "/agent_configuration", ASKS_KAS, internal_agent_configuration, ">= 14.2"},
    {"POST", INTERNAL "/authorize_proxy_user", ASKS_KAS, internal_authorize_proxy_user, ">= 16.0"},
    {"GET", INTERNAL "/verify_project_access", ASKS_AGENT, internal_verify_project_access, ">= 16.0"},
    {"POST", INTERNAL "/modules/cilium_alert", ASKS_AGENT, module_cilium_alert, ">= 13.12, < 15"},
    {"PUT", STARBOARD, ASKS_AGENT, module_vulnerability, ">= 14.6"},
    {"POST", STARBOARD "/scan_result", ASKS_AGENT, module_scan_result, ">= 14.6"},
    {"GET", STARBOARD "/policies_configuration", ASKS_AGENT, module_policies_configuration, ">= 14.8"},
    {"GET", STARBOARD "/scan_execution_policies", ASKS_AGENT, module_scan_execution_policies, ">= 14.8"},
    {"POST", INTERNAL "/modules/remote_development/reconcile", ASKS_AGENT, module_reconcile, ">= 16.0"},
    {"GET", "/api/v4/job/allowed_agents", ASKS_JOB, job_allowed_agents, ">= 13.12"},

    {"GET", AGENTS, ASKS_USER, rest_agents_list, ">= 14.10"},
    {"POST", AGENTS, ASKS_USER, rest_agents_create, ">= 14.10"},
    {"GET", AGENTS "/:agent_id", ASKS_USER, rest_agents_show, ">= 14.10"},
    {"DELETE", AGENTS "/:agent_id", ASKS_USER, rest_agents_delete, ">= 14.10"},
    {"GET", TOKENS, ASKS_USER, rest_tokens_list, ">= 15.0"},
    {"POST", TOKENS, ASKS_USER, rest_tokens_create, ">= 15.0"},
    {"GET", TOKENS "/:token_id", ASKS_USER, rest_tokens_show, ">= 15.0"},
    {"DELETE", TOKENS "/:token_id", ASKS_USER, rest_tokens_delete, ">= 15.0"},
    {"GET", "/api/v4/version", ASKS_USER, rest_version},

    {"POST", "/api/graphql", ASKS_GRAPHQL, graphql_answer},
    {"GET", "/api/graphql", ASKS_GRAPHQL, graphql_answer},

    {"GET", "/", ASKS_BROWSER, page_clusters},
    {"GET", "/-/graphql-explorer", ASKS_BROWSER, page_explorer},
    {"POST", "/-/agents/:id/delete", ASKS_BROWSER, page_agent_delete, ">= 14.7"},
    {"GET", "/assets/:name", ASKS_ANYBODY, page_asset},

    {"GET", "/-/health", ASKS_ANYBODY, health_plain},
    {"GET", "/-/liveness", ASKS_ANYBODY, health_liveness},
    {"GET", "/-/readiness", ASKS_ANYBODY, health_readiness},
};
const size_t gitlab_n_routes = ARRAY_SIZE(gitlab_routes);
