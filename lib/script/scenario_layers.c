/* Where a scenario does harm, told from its keys: moments of its faults first, then what is set up wrongly. */
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/scenario_impl.h"

static const char *const order[] = {"tcp", "tls", "http", "websocket", "http2", "grpc", "dns", "service", "agent"};

/* Which layer a moment of that prefix, or a key of that part of the scenario, stands for. */
static const struct hint {
    const char *name, *layer;
} prefixes[] = {
    {"tcp.", "tcp"}, {"conn.", "tcp"}, {"tls.", "tls"},   {"http.", "http"},
    {"ws.", "websocket"}, {"h2.", "http2"}, {"grpc.", "grpc"}, {"dns.", "dns"}, {"proxy.", "http"}, {"kube.", "service"},
}, kas_keys[] = {
    {"absent", "tcp"},         {"listen", "tcp"},      {"certificate", "tls"}, {"tls", "tls"}, {"tls_options", "tls"}, {"backlog", "tcp"},
    {"front", "http"},         {"speaks", "http"},     {"gzip", "grpc"},       {"lacks", "grpc"},
    {"agents", "service"},     {"config", "service"},  {"config_error", "service"},
    {"objects", "service"},    {"gitlab", "service"},  {"max_connection_age", "http2"},
    {"kubernetes_api", "service"},
}, agent_keys[] = {
    {"address", "agent"}, {"token", "agent"},   {"token_file", "agent"}, {"trust", "tls"},
    {"args", "agent"},    {"without", "agent"}, {"env", "agent"},        {"kube", "agent"},
    {"absent", "agent"},
}, under_test_keys[] = {
    {"configuration", "service"}, {"secrets", "service"}, {"trust", "tls"}, {"env", "service"}, {"args", "service"},
}, gitlab_keys[] = {
    {"absent", "tcp"}, {"https", "tls"}, {"certificate", "tls"}, {"seed", "service"},
}, gitaly_keys[] = {
    {"absent", "tcp"}, {"address", "service"}, {"token", "service"}, {"told_token", "service"}, {"refs", "service"},
    {"tls", "tls"},
}, kube_keys[] = {
    {"absent", "tcp"}, {"certificate", "tls"}, {"forbid", "service"}, {"objects", "service"}, {"tokens", "service"},
    {"rbac", "service"}, {"kubelet", "agent"},
}, hubble_keys[] = {
    {"absent", "tcp"}, {"certificate", "tls"}, {"tls", "tls"}, {"flows", "service"},
}, redis_keys[] = {
    {"absent", "tcp"}, {"present", "service"},
}, step_verbs[] = {
    {"gitlab", "service"}, {"gitaly", "service"}, {"redis", "service"}, {"kas2", "service"}, {"user", "http"},
    {"agent", "agent"}, {"kas", "service"}, {"kube", "service"}, {"hubble", "service"}, {"rails", "service"}, {"person", "agent"},
    {"push_config", "service"},   {"push_objects", "service"}, {"revoke_token", "service"},
    {"restore_token", "service"}, {"set_status", "service"}, {"set_job", "service"},   {"tunnel_request", "service"},
    {"goaway", "http2"},          {"rst_streams", "http2"}, {"ping", "http2"},    {"close", "tcp"},
    {"frame", "http2"},           {"settings", "http2"},       {"ws_frame", "websocket"}, {"fragment", "websocket"},
    {"reset", "tcp"},             {"restart", "tcp"},          {"stop", "tcp"},
    {"start", "tcp"}, {"shape", "tcp"}, {"stall", "tcp"}, {"half_close", "tcp"}, {"fill_backlog", "tcp"},
    {"set_certificate", "tls"},             {"close_streams", "grpc"},   {"end_stream", "grpc"},
    {"end_streams", "grpc"},      {"ws_close", "websocket"},   {"sut_signal", "agent"},
    {"write_file", "agent"},      {"remove_file", "agent"},
};

struct found {
    bool layer[ARRAY_SIZE(order)];
};

static void find(struct found *f, const char *layer)
{
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        f->layer[i] |= strcmp(order[i], layer) == 0;
}

static void by_keys(struct found *f, const json_t *object, const struct hint *hints, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (json_object_get(object, hints[i].name))
            find(f, hints[i].layer);
}

static void by_faults(struct found *f, const json_t *faults)
{
    size_t i;
    json_t *fault;
    json_array_foreach(faults, i, fault) {
        const char *at = json_string_value(json_object_get(fault, "at"));
        for (size_t k = 0; at && k < ARRAY_SIZE(prefixes); k++)
            if (strncmp(at, prefixes[k].name, strlen(prefixes[k].name)) == 0)
                find(f, prefixes[k].layer);
    }
}

static void by_word(struct found *f, const json_t *verb)
{
    for (size_t i = 0; json_is_string(verb) && i < ARRAY_SIZE(step_verbs); i++)
        if (strcmp(step_verbs[i].name, json_string_value(verb)) == 0)
            find(f, step_verbs[i].layer);
}

static void by_steps(struct found *f, const json_t *steps)
{
    size_t i, k;
    json_t *step, *one;
    json_array_foreach(steps, i, step) {
        const json_t *what = json_object_get(step, "do");
        by_word(f, what);
        by_keys(f, what, step_verbs, ARRAY_SIZE(step_verbs));
        json_array_foreach(what, k, one) {
            by_word(f, one);
            by_keys(f, one, step_verbs, ARRAY_SIZE(step_verbs));
        }
    }
}

static void by_part(struct found *f, const json_t *part)
{
    const json_t *kas = json_object_get(part, "kas"), *dns = json_object_get(part, "dns");
    for (const char *const *where = scenario_faulty; *where; where++)
        by_faults(f, json_object_get(json_object_get(part, *where), "faults"));
    if (json_object_get(part, "proxy"))
        find(f, "http");
    by_keys(f, kas, kas_keys, ARRAY_SIZE(kas_keys));
    by_keys(f, kas, under_test_keys, ARRAY_SIZE(under_test_keys));
    by_keys(f, json_object_get(part, "gitlab"), gitlab_keys, ARRAY_SIZE(gitlab_keys));
    by_keys(f, json_object_get(part, "gitaly"), gitaly_keys, ARRAY_SIZE(gitaly_keys));
    by_keys(f, json_object_get(part, "kube"), kube_keys, ARRAY_SIZE(kube_keys));
    by_keys(f, json_object_get(part, "hubble"), hubble_keys, ARRAY_SIZE(hubble_keys));
    by_keys(f, json_object_get(part, "redis"), redis_keys, ARRAY_SIZE(redis_keys));
    if (json_object_get(part, "kas2"))
        find(f, "service");
    if (json_object_get(part, "user"))
        find(f, "http");
    by_keys(f, json_object_get(part, "agent"), agent_keys, ARRAY_SIZE(agent_keys));
    by_steps(f, json_object_get(part, "then"));
    if (dns)
        find(f, "dns");
    if (json_object_get(json_object_get(part, "network"), "unreachable"))
        find(f, "tcp");
}

json_t *scenario_layers(const json_t *tree)
{
    struct found f = {0};
    size_t i;
    json_t *variant;
    by_part(&f, tree);
    json_array_foreach(json_object_get(tree, "variants"), i, variant)
        by_part(&f, variant);
    json_t *layers = json_array();
    for (i = 0; i < ARRAY_SIZE(order); i++)
        if (f.layer[i])
            json_array_append_new(layers, json_string(order[i]));
    return layers;
}
