/* Who asks, by token, and for whom, by the headers of impersonation (which are recorded; believed, or with RBAC asked for the right to). */
#include <string.h>
#include <strings.h>

#include "fakekube/internal.h"
#include "fakekube/rbac.h"
#include "lib/base/mem.h"

/* NULL: no token. "Bearer" as any case. */
static const char *token_of(const struct call *c)
{
    const char *v = http1_header(c->request, "authorization");
    if (!v || strncasecmp(v, "Bearer ", 7))
        return NULL;
    return v + 7 + strspn(v + 7, " ");
}

static json_t *as_list(const json_t *v)
{
    return json_is_array(v) ? json_incref((json_t *)v) : json_pack("[O]", v);
}

/* impersonate-extra-agent.gitlab.com%2fid: the key may be escaped. */
static void add_extra(json_t *extra, const char *name, const json_t *values)
{
    _cleanup_(freep) char *key = uri_decode(name, strlen(name), false);
    json_object_set_new(extra, key ? key : name, as_list(values));
}

static json_t *impersonation_of(const struct call *c)
{
    static const char extra_prefix[] = "impersonate-extra-";
    json_t *out = json_object(), *extra = json_object(), *v;
    const char *name;
    json_object_foreach (c->request->headers, name, v) {
        if (!strcmp(name, "impersonate-user"))
            json_object_set(out, "user", json_is_array(v) ? json_array_get(v, 0) : v);
        else if (!strcmp(name, "impersonate-uid"))
            json_object_set(out, "uid", json_is_array(v) ? json_array_get(v, 0) : v);
        else if (!strcmp(name, "impersonate-group"))
            json_object_set_new(out, "groups", as_list(v));
        else if (!strncmp(name, extra_prefix, sizeof(extra_prefix) - 1))
            add_extra(extra, name + sizeof(extra_prefix) - 1, v);
    }
    if (json_object_size(extra))
        json_object_set(out, "extra", extra);
    json_decref(extra);
    if (json_object_size(out))
        return out;
    json_decref(out);
    return NULL;
}

/* Who speaks for another must be allowed to. A service account is one of its namespace. */
static bool may_impersonate(struct call *c, const char *whom)
{
    static const char account[] = "system:serviceaccount:";
    bool is_account = !strncmp(whom, account, sizeof(account) - 1);
    const char *ns = is_account ? whom + sizeof(account) - 1 : NULL, *colon = ns ? strchr(ns, ':') : NULL;
    _cleanup_(freep) char *space = colon ? xstrndup(ns, (size_t)(colon - ns)) : NULL;
    struct rbac_ask a = {.user = c->user, .verb = "impersonate", .group = "", .resource = colon ? "serviceaccounts" : "users",
                         .ns = space, .name = colon ? colon + 1 : whom};
    if (!c->k->cluster->rbac || rbac_allows(c->k->cluster, &a))
        return true;
    _cleanup_(freep) char *where = space ? xasprintf("in the namespace \"%s\"", space) : xstrdup("at the cluster scope");
    _cleanup_(freep) char *why = xasprintf("%s \"%s\" is forbidden: User \"%s\" cannot impersonate resource \"%s\" in API group \"\" %s",
                                           a.resource, a.name, c->user, a.resource, where);
    kube_reply_status(c, status_make(403, "Forbidden", why, NULL));
    return false;
}

/* Whose token it is; NULL: nobody's. */
static const char *user_of(struct call *c, const char *token)
{
    const char *user = token ? json_string_value(json_object_get(c->k->tokens, token)) : NULL;
    c->user = !c->k->tokens ? "system:admin" : user ? user : "system:anonymous";
    return user;
}

void kube_call_guess(struct call *c)
{
    (void)user_of(c, token_of(c));
    c->impersonated = impersonation_of(c);
    const char *whom = json_string_value(json_object_get(c->impersonated, "user"));
    if (whom)
        c->user = whom;
}

bool kube_call_admit(struct call *c)
{
    const char *token = token_of(c), *user = user_of(c, token);
    if (c->k->tokens && !user && (token || !c->k->anonymous)) {
        kube_reply_status(c, status_unauthorized());
        return false;
    }
    c->impersonated = impersonation_of(c);
    if (c->impersonated && !json_object_get(c->impersonated, "user")) {
        _cleanup_(freep) char *text = xasprintf("requested %s without impersonating a user", "[groups, uid or extra]");
        kube_reply_status(c, status_internal("%s", text));
        return false;
    }
    if (c->impersonated) {
        const char *whom = json_string_value(json_object_get(c->impersonated, "user"));
        if (!may_impersonate(c, whom))
            return false;
        c->user = whom;
        c->groups = json_object_get(c->impersonated, "groups");
    }
    return true;
}
