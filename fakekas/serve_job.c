#include "fakekas/serve_job.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/base/mem.h"

#define CONTEXT "group/project:my-agent"

static json_t *base64_json(const char *text)
{
    size_t n = strlen(text);
    _cleanup_(freep) char *out = xcalloc(1, 4 * ((n + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)n);
    return json_string(out);
}

/* The names are GitLab's; JSON is YAML. */
char *job_kubeconfig(const struct kas *k)
{
    json_t *listeners = kas_k8s_listeners(k), *first = json_array_get(listeners, 0);
    const char *ca = kas_k8s_ca_pem(k), *prefix = kas_k8s_prefix(k);
    long long id = kas_agent_id(k);
    _cleanup_(freep) char *user = xasprintf("agent:%lld", id);
    json_t *cluster = json_pack("{so}", "server", json_sprintf("%s://%s%.*s", json_string_value(json_object_get(first, "transport")),
                                                               json_string_value(json_object_get(first, "address")),
                                                               (int)strlen(prefix) - 1, prefix));
    if (ca)
        json_object_set_new(cluster, "certificate-authority-data", base64_json(ca));
    json_t *config = json_pack("{ss, ss, s[{ss, so}], s[{ss, s{so}}], s[{ss, s{ss, ss}}], ss}", "apiVersion", "v1", "kind", "Config",
                               "clusters", "name", "gitlab", "cluster", cluster, "users", "name", user, "user", "token",
                               json_sprintf("ci:%lld:%s", id, kas_job_token(k)), "contexts", "name", CONTEXT, "context", "cluster", "gitlab",
                               "user", user, "current-context", CONTEXT);
    char *text = json_dumps(config, JSON_INDENT(2));
    json_decref(config);
    json_decref(listeners);
    return text;
}

json_t *job_told(const struct kas *k, const char *kubeconfig_path)
{
    return json_pack("{so, ss, ss, ss}", "listeners", kas_k8s_listeners(k), "prefix", kas_k8s_prefix(k), "kubeconfig", kubeconfig_path,
                     "job_token", kas_job_token(k));
}
