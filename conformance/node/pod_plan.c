/* From a Pod's spec to what its node does. */
#include "conformance/node/pod_plan.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define ACCOUNT_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

const json_t *pod_at(const json_t *object, const char *path)
{
    while (object && *path) {
        size_t n = strcspn(path, ".");
        object = json_object_getn(object, path, n);
        path += n + (path[n] == '.');
    }
    return object;
}

const char *pod_text(const json_t *object, const char *path)
{
    return json_string_value(pod_at(object, path));
}

const json_t *pod_container(const json_t *object)
{
    const json_t *template = pod_at(object, "spec.template.spec"), *spec = json_object_get(object, "spec");

    return json_array_get(json_object_get(template ? template : spec, "containers"), 0);
}

const json_t *pod_object(const struct cluster *c, const char *plural, const char *ns, const char *name)
{
    const char *group = strcmp(plural, "deployments") == 0 ? "apps" : "";
    const struct kube_resource *r = resources_find(c->resources, group, "v1", plural);

    return r ? kube_shelf_get(r->shelf, ns, name) : NULL;
}

struct planner {
    const struct cluster *c;
    const json_t *pod, *container;
    const char *ns, *token, *ca_pem;
    struct pod_plan *p;
};

/* ---- environment ------------------------------------------------------------------------------------------- */

/* $(NAME) of what is set already; $$ is a dollar, and a name that nobody knows stays as it is. */
static json_t *expanded(const char *text, const json_t *env)
{
    struct buf b = BUF_NULL;
    json_t *out;

    while (*text) {
        size_t n = text[0] == '$' && text[1] == '(' ? strcspn(text + 2, ")") : 0;
        const json_t *value = n && text[2 + n] ? json_object_getn(env, text + 2, n) : NULL;
        if (value) {
            buf_add(&b, json_string_value(value), json_string_length(value));
            text += n + 3;
        } else {
            text += text[0] == '$' && text[1] == '$';
            buf_add(&b, text++, 1);
        }
    }
    out = json_stringn_nocheck((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out;
}

/* metadata.labels['app'] too. */
static json_t *of_field(const struct planner *pl, const char *path)
{
    static const struct {
        const char *path, *value;
    } given[] = {{"status.podIP", "127.0.0.1"}, {"status.hostIP", "10.96.0.20"}, {"spec.nodeName", "node-1"}};
    const char *bracket = path ? strstr(path, "['") : NULL;

    if (!path)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        if (strcmp(path, given[i].path) == 0)
            return json_string(given[i].value);
    if (bracket) {
        _cleanup_(freep) char *map = xstrndup(path, (size_t)(bracket - path));
        const json_t *v = json_object_getn(pod_at(pl->pod, map), bracket + 2, strcspn(bracket + 2, "'"));
        return v ? json_incref((json_t *)v) : json_string("");
    }
    const json_t *v = pod_at(pl->pod, path);
    return json_is_string(v) ? json_incref((json_t *)v) : json_string("");
}

static bool wait_for(struct planner *pl, const char *reason, const char *event, char *message)
{
    pl->p->reason = xstrdup(reason);
    pl->p->event = event;
    free(pl->p->message);
    pl->p->message = message;
    return false;
}

/* One key of a Secret or ConfigMap. false: it is not there. */
static bool from_key(struct planner *pl, const json_t *ref, const char *plural, json_t **ret)
{
    const char *name = pod_text(ref, "name"), *key = pod_text(ref, "key");
    const json_t *object = name ? pod_object(pl->c, plural, pl->ns, name) : NULL;
    int n = (int)strlen(plural) - 1;

    *ret = object && key ? pod_key(object, key) : NULL;
    if (*ret || json_is_true(json_object_get(ref, "optional")))
        return true;
    if (!object)
        return wait_for(pl, "CreateContainerConfigError", "Failed", xasprintf("%.*s \"%s\" not found", n, plural, name ? name : ""));
    return wait_for(pl, "CreateContainerConfigError", "Failed",
                    xasprintf("couldn't find key %s in %s %s/%s", key ? key : "", strcmp(plural, "secrets") == 0 ? "Secret" : "ConfigMap",
                              pl->ns, name));
}

static bool env_one(struct planner *pl, const json_t *one)
{
    const json_t *from = json_object_get(one, "valueFrom"), *field = json_object_get(from, "fieldRef");
    const json_t *secret = json_object_get(from, "secretKeyRef"), *map = json_object_get(from, "configMapKeyRef");
    const char *name = pod_text(one, "name"), *plain = pod_text(one, "value");
    json_t *value = NULL;

    if (!name)
        return true;
    if (field)
        value = of_field(pl, pod_text(field, "fieldPath"));
    else if (secret || map) {
        if (!from_key(pl, secret ? secret : map, secret ? "secrets" : "configmaps", &value))
            return false;
    } else if (!from)
        value = expanded(plain ? plain : "", pl->p->env);
    if (value)
        json_object_set_new(pl->p->env, name, value);
    return true;
}

static bool env_all_of(struct planner *pl, const json_t *one)
{
    const json_t *secret = json_object_get(one, "secretRef"), *map = json_object_get(one, "configMapRef"), *ref = secret ? secret : map;
    const char *plural = secret ? "secrets" : "configmaps", *prefix = pod_text(one, "prefix"), *name = pod_text(ref, "name"), *key;
    const json_t *object = name ? pod_object(pl->c, plural, pl->ns, name) : NULL;
    json_t *value;

    if (!object && !json_is_true(json_object_get(ref, "optional")))
        return wait_for(pl, "CreateContainerConfigError", "Failed",
                        xasprintf("%.*s \"%s\" not found", (int)strlen(plural) - 1, plural, name ? name : ""));
    json_object_foreach(json_object_get(object, "data"), key, value)
    {
        _cleanup_(freep) char *whole = xasprintf("%s%s", prefix ? prefix : "", key);
        json_object_set_new(pl->p->env, whole, pod_key(object, key));
    }
    return true;
}

static bool env_make(struct planner *pl)
{
    json_t *env = pl->p->env, *one;
    size_t i;

    json_object_set_new(env, "PATH", json_string("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    json_object_set_new(env, "HOSTNAME", json_string(pod_text(pl->pod, "metadata.name")));
    json_object_set_new(env, "HOME", json_string("/tmp/home"));
    json_object_set_new(env, "KUBERNETES_SERVICE_HOST", json_string("10.96.0.1"));
    json_object_set_new(env, "KUBERNETES_SERVICE_PORT", json_string("443"));
    json_array_foreach(json_object_get(pl->container, "envFrom"), i, one) if (!env_all_of(pl, one)) return false;
    json_array_foreach(json_object_get(pl->container, "env"), i, one) if (!env_one(pl, one)) return false;
    return true;
}

static json_t *words(const json_t *list, const json_t *env)
{
    json_t *out = json_array(), *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) if (json_is_string(one))
        json_array_append_new(out, expanded(json_string_value(one), env));
    return out;
}

/* ---- mounts ------------------------------------------------------------------------------------------------ */

static const json_t *named(const json_t *list, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) if (name && pod_text(one, "name") && strcmp(pod_text(one, "name"), name) == 0)
        return one;
    return NULL;
}

/* A subPath that the volume has not becomes an empty folder. */
static void mount_add(struct planner *pl, const json_t *mount, json_t *files)
{
    const char *path = pod_text(mount, "mountPath"), *sub = pod_text(mount, "subPath");
    const json_t *file = sub ? json_object_get(files, sub) : NULL;

    if (file)
        json_array_append_new(pl->p->mounts, json_pack("{ss, sO}", "path", path, "file", file));
    else if (sub)
        json_array_append_new(pl->p->mounts, json_pack("{ss, s{}}", "path", path, "folder"));
    else
        json_array_append_new(pl->p->mounts, json_pack("{ss, sO}", "path", path, "folder", files));
}

static bool mount_one(struct planner *pl, const json_t *mount)
{
    const char *name = pod_text(mount, "name");
    const json_t *volume = named(pod_at(pl->pod, "spec.volumes"), name);
    json_t *files = volume && pod_text(mount, "mountPath") ? pod_volume(pl->c, pl->pod, volume, pl->token, pl->p) : NULL;
    char *why;

    if (files) {
        mount_add(pl, mount, files);
        json_decref(files);
        return true;
    }
    why = pl->p->message ? xasprintf("MountVolume.SetUp failed for volume \"%s\" : %s", name, pl->p->message)
                         : xasprintf("volume \"%s\" of the container is none of the Pod's", name ? name : "");
    return wait_for(pl, "ContainerCreating", "FailedMount", why);
}

static bool account_mounted(const struct planner *pl)
{
    const char *name = pod_text(pl->pod, "spec.serviceAccountName");
    const json_t *said = pod_at(pl->pod, "spec.automountServiceAccountToken");
    const json_t *account = pod_object(pl->c, "serviceaccounts", pl->ns, name ? name : "default");

    if (said)
        return json_is_true(said);
    return !json_is_false(json_object_get(account, "automountServiceAccountToken"));
}

static bool mounts_make(struct planner *pl)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(pl->container, "volumeMounts"), i, one) if (!mount_one(pl, one)) return false;
    if (account_mounted(pl))
        json_array_append_new(pl->p->mounts, json_pack("{ss, so}", "path", ACCOUNT_FOLDER, "folder",
                                                       pod_account_files(pl->pod, pl->token, pl->ca_pem)));
    return true;
}

void pod_plan_make(const struct cluster *c, const json_t *pod, const char *token, const char *ca_pem, struct pod_plan *ret)
{
    struct planner pl = {c, pod, pod_container(pod), pod_text(pod, "metadata.namespace"), token, ca_pem, ret};
    const json_t *command = json_object_get(pl.container, "command");

    *ret = (struct pod_plan){.env = json_object(), .mounts = json_array()};
    if (!mounts_make(&pl) || !env_make(&pl))
        return;
    ret->command = json_array_size(command) ? words(command, ret->env) : NULL;
    ret->args = words(json_object_get(pl.container, "args"), ret->env);
}

void pod_plan_done(struct pod_plan *p)
{
    json_decref(p->command);
    json_decref(p->args);
    json_decref(p->env);
    json_decref(p->mounts);
    free(p->reason);
    free(p->message);
    *p = (struct pod_plan){0};
}
