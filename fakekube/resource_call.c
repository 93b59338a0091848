/* A call of a resource: what HTTP says turned into an ask, and the answer into HTTP. */
#include <errno.h>
#include <string.h>

#include "fakekube/internal.h"
#include "fakekube/protobuf.h"
#include "lib/base/mem.h"
#include "lib/script/yaml.h"

enum { MANAGER_MAX = 128 };

/* What of an ask is owned by the call. */
struct asking {
    struct ask ask;
    char *version, *token, *manager;
};

/* ---- what is asked ---- */

static bool patch_kind_said(const struct call *c, enum patch_kind *ret);

static bool verb_of(const struct call *c, const char *name, enum kube_verb *ret)
{
    const char *m = c->request->method;
    if (!strcmp(m, "GET"))
        *ret = name ? VERB_GET : kube_call_flag(c, "watch") ? VERB_WATCH : VERB_LIST;
    else if (!strcmp(m, "POST"))
        *ret = VERB_CREATE;
    else if (!strcmp(m, "PUT") && name)
        *ret = VERB_UPDATE;
    else if (!strcmp(m, "PATCH") && name)
        *ret = VERB_PATCH;
    else if (!strcmp(m, "DELETE"))
        *ret = name ? VERB_DELETE : VERB_DELETE_COLLECTION;
    else
        return false;
    return true;
}

static bool read_selectors(struct call *c, struct ask *a)
{
    _cleanup_(freep) char *labels = kube_call_param(c, "labelSelector"), *fields = kube_call_param(c, "fieldSelector"), *err = NULL;
    if (labels && selector_labels(labels, &a->labels, &err) < 0)
        kube_reply_status(c, status_bad_request("%s", err));
    else if (fields && selector_fields(fields, &a->fields, &err) < 0)
        kube_reply_status(c, status_bad_request("%s", err));
    return !c->status;
}

static bool read_limit(struct call *c, struct ask *a)
{
    _cleanup_(freep) char *limit = kube_call_param(c, "limit");
    char *end = NULL;
    a->limit = limit ? strtoll(limit, &end, 10) : 0;
    if (!limit || (*limit && !*end))
        return true;
    kube_reply_status(c, status_bad_request("strconv.ParseInt: parsing \"%s\": invalid syntax", limit));
    return false;
}

/* The client's own name is what manages its fields, where it does not say another. */
static char *manager_of(const struct call *c)
{
    char *said = kube_call_param(c, "fieldManager");
    const char *agent = http1_header(c->request, "user-agent");
    if (said && *said)
        return said;
    free(said);
    size_t n = agent ? strcspn(agent, "/") : 0;
    return n ? xstrndup(agent, n < MANAGER_MAX ? n : MANAGER_MAX) : xstrdup("unknown");
}

static bool refuse_option(struct call *c, const char *reason, const char *field, const char *text)
{
    static const struct kube_resource options = {.group = "meta.k8s.io", .kind = "PatchOptions"};
    kube_reply_status(c, status_invalid(&options, "", json_pack("[o]", status_cause(reason, field, "%s", text))));
    return false;
}

/* Who applies says who it is; only who applies may force. */
static bool patch_options_fit(struct call *c, struct ask *a)
{
    _cleanup_(freep) char *said = kube_call_param(c, "fieldManager"), *force = kube_call_param(c, "force");
    enum patch_kind kind;
    if (said && strlen(said) > MANAGER_MAX)
        return refuse_option(c, "FieldValueTooLong", "fieldManager", "Too long: must have at most 128 bytes");
    if (a->verb != VERB_PATCH || !patch_kind_said(c, &kind))
        return true;
    if (kind == PATCH_APPLY && (!said || !*said))
        return refuse_option(c, "FieldValueRequired", "fieldManager", "Required value: is required for apply patch");
    if (kind != PATCH_APPLY && force)
        return refuse_option(c, "FieldValueForbidden", "force", "Forbidden: may not be specified for non-apply patch");
    return true;
}

static bool read_options(struct call *c, struct asking *g)
{
    struct ask *a = &g->ask;
    _cleanup_(freep) char *dry = kube_call_param(c, "dryRun"), *unknown = kube_call_param(c, "fieldValidation");
    g->version = kube_call_param(c, "resourceVersion");
    g->token = kube_call_param(c, "continue");
    g->manager = manager_of(c);
    a->resource_version = g->version ? g->version : "";
    a->continue_token = g->token;
    a->manager = g->manager;
    a->force = kube_call_flag(c, "force");
    if (dry && *dry && strcmp(dry, "All")) {
        const char *kind = a->verb == VERB_CREATE ? "Create" : a->verb == VERB_PATCH ? "Patch" : a->verb == VERB_UPDATE ? "Update" : "Delete";
        _cleanup_(freep) char *options = xasprintf("%sOptions", kind);
        struct kube_resource r = {.group = "meta.k8s.io", .kind = options};
        kube_reply_status(c, status_invalid(&r, "", json_pack("[o]", status_cause("FieldValueNotSupported", "dryRun",
                                                                                 "Unsupported value: []string{\"%s\"}: supported values: "
                                                                                 "\"All\"", dry))));
        return false;
    }
    a->dry_run = dry && *dry;
    if (!patch_options_fit(c, a))
        return false;
    if (unknown && !strcmp(unknown, "Strict"))
        a->unknown = UNKNOWN_REFUSED;
    else
        a->unknown = c->k->minor >= 25 && !(unknown && !strcmp(unknown, "Ignore")) ? UNKNOWN_WARNED : UNKNOWN_IGNORED;
    return read_selectors(c, a) && read_limit(c, a);
}

/* ---- bodies ---- */

static bool patch_kind_said(const struct call *c, enum patch_kind *ret)
{
    static const struct {
        const char *type;
        enum patch_kind kind;
    } kinds[] = {{"application/json-patch+json", PATCH_JSON},
                 {"application/merge-patch+json", PATCH_MERGE},
                 {"application/strategic-merge-patch+json", PATCH_STRATEGIC},
                 {"application/apply-patch+yaml", PATCH_APPLY}};
    const char *type = http1_header(c->request, "content-type");
    size_t n = type ? strcspn(type, "; ") : 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (n == strlen(kinds[i].type) && !strncmp(type, kinds[i].type, n)) {
            *ret = kinds[i].kind;
            return true;
        }
    return false;
}

static bool patch_kind_of(struct call *c, struct ask *a)
{
    if (patch_kind_said(c, &a->patch) && (a->patch != PATCH_STRATEGIC || !a->r->custom))
        return true;
    kube_reply_status(c, status_media_type(a->r->custom ? "application/json-patch+json, application/merge-patch+json, "
                                                     "application/apply-patch+yaml"
                                                   : "application/json-patch+json, application/merge-patch+json, "
                                                     "application/strategic-merge-patch+json, application/apply-patch+yaml"));
    return false;
}

static json_t *read_yaml(const char *text, size_t n, char **reterr)
{
    struct problems *p = problems_new();
    struct yaml_doc *doc = yaml_read_text("body", text, n, p);
    json_t *v = problems_count(p) || !doc ? NULL : json_deep_copy(yaml_root(doc));
    if (!v)
        *reterr = problems_text(p);
    yaml_done(doc);
    problems_free(p);
    return v;
}

static bool is_protobuf(const struct call *c)
{
    const char *type = http1_header(c->request, "content-type");
    return type && !strncmp(type, "application/vnd.kubernetes.protobuf", 35);
}

/* A body is asked for by what changes something; a delete may have none. */
static bool read_body(struct call *c, struct ask *a)
{
    const char *type = http1_header(c->request, "content-type");
    const char *text = (const char *)c->request->body;
    size_t n = c->request->body_len;
    json_error_t e;
    _cleanup_(freep) char *why = NULL;
    if (a->verb != VERB_CREATE && a->verb != VERB_UPDATE && a->verb != VERB_PATCH && !n)
        return true;
    if (a->verb == VERB_PATCH && !patch_kind_of(c, a))
        return false;
    if (is_protobuf(c)) {
        a->body = protobuf_object(c->request->body, n, &why);
        if (!a->body)
            kube_reply_status(c, status_bad_request("%s", why));
        return a->body != NULL;
    }
    a->body = json_loadb(text, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);
    if (!a->body && type && strstr(type, "yaml"))
        a->body = read_yaml(text, n, &why);
    if (a->body)
        return true;
    if (a->verb == VERB_PATCH)
        kube_reply_status(c, status_bad_request("error decoding %s: %s", a->patch == PATCH_APPLY ? "YAML" : "patch", why ? why : e.text));
    else
        kube_reply_status(c, status_bad_request("the object provided is unrecognized (must be of type %s): couldn't get version/kind; json "
                                                "parse error: %s", a->r->kind, n ? e.text : "unexpected end of JSON input (<empty>)"));
    return false;
}

/* ---- telling ---- */

static void add_text(json_t *facts, const char *key, const char *v)
{
    json_t *text = v && *v ? json_string(v) : NULL;
    if (text)
        json_object_set_new(facts, key, text);
}

static json_t *facts_of(const struct call *c, const struct ask *a)
{
    json_t *facts = fault_facts(c, kube_verb_name(a->verb));
    add_text(facts, "version", a->r->version);
    add_text(facts, "resource", a->r->plural);
    json_object_set_new(facts, "group", json_string(a->r->group));
    add_text(facts, "namespace", a->ns);
    add_text(facts, "name", a->name ? a->name : a->verb == VERB_CREATE ? object_text(a->body, "name") : NULL);
    add_text(facts, "subresource", a->sub);
    if (a->verb & (VERB_CREATE | VERB_UPDATE | VERB_PATCH))
        add_text(facts, "manager", a->manager);
    if (a->verb == VERB_PATCH)
        json_object_set_new(facts, "patch", json_string((const char *[]){"json", "merge", "strategic", "apply"}[a->patch]));
    if (a->dry_run)
        json_object_set_new(facts, "dry_run", json_true());
    return facts;
}

static void say(struct call *c, const struct ask *a, int status)
{
    if (!events_heard(c->conn->events))
        return;
    json_t *facts = facts_of(c, a);
    json_object_set_new(facts, "status", json_integer(status));
    if (status >= 400) {
        add_text(facts, "reason", json_string_value(json_object_get(a->answer, "reason")));
        add_text(facts, "message", json_string_value(json_object_get(a->answer, "message")));
    }
    conn_event(c->conn, 0, "kube.request", facts);
}

/* ---- the answer ---- */

static json_t *warnings_header(const struct ask *a)
{
    json_t *list = json_array(), *text;
    size_t i;
    json_array_foreach (a->warnings, i, text) {
        _cleanup_(freep) char *quoted = json_dumps(text, JSON_ENCODE_ANY);
        json_array_append_new(list, json_sprintf("299 - %s", quoted));
    }
    return json_pack("{so}", "Warning", list);
}

static json_t *metadata_only(const json_t *object)
{
    return json_pack("{ss, ss, sO}", "kind", "PartialObjectMetadata", "apiVersion", "meta.k8s.io/v1", "metadata",
                     json_object_get(object, "metadata"));
}

/* Who asks for metadata gets no more. */
static json_t *partial(const json_t *answer)
{
    const json_t *items = json_object_get(answer, "items");
    json_t *list = json_array(), *one;
    size_t i;
    if (!json_is_array(items)) {
        json_decref(list);
        return metadata_only(answer);
    }
    json_array_foreach ((json_t *)items, i, one)
        json_array_append_new(list, metadata_only(one));
    return json_pack("{ss, ss, sO, so}", "kind", "PartialObjectMetadataList", "apiVersion", "meta.k8s.io/v1", "metadata",
                     json_object_get(answer, "metadata"), "items", list);
}

static void answer(struct call *c, const struct ask *a)
{
    json_t *table = a->code < 300 && kube_call_accepts(c, "as=Table") && (a->verb & (VERB_GET | VERB_LIST)) ? kube_table(a->r, a->answer)
                                                                                                     : NULL;
    if (a->code < 300 && !table && (a->verb & (VERB_GET | VERB_LIST)) && kube_call_accepts(c, "as=PartialObjectMetadata"))
        table = partial(a->answer);
    _cleanup_(freep) char *text = json_dumps(table ? table : a->answer, JSON_COMPACT);
    _cleanup_(freep) char *line = xasprintf("%s\n", text ? text : "null");
    json_t *headers = a->warnings ? warnings_header(a) : NULL;
    kube_reply_with(c, a->code, "application/json", headers, line, strlen(line));
    json_decref(headers);
    json_decref(table);
}

static bool is_log(const struct ask *a)
{
    return a->sub && !strcmp(a->sub, "log") && !strcmp(a->r->plural, "pods") && !*a->r->group && a->verb == VERB_GET;
}

static bool is_proxy(const struct ask *a)
{
    return a->name && a->ns && a->sub && !strcmp(a->sub, "proxy") && !strcmp(a->r->plural, "pods") && !*a->r->group;
}

/* What a node does in a Pod, behind an upgrade. NULL: it is none of these. */
static void (*remote_of(const struct ask *a))(struct call *c, struct ask *a)
{
    if (!a->name || !a->ns || !a->sub || strcmp(a->r->plural, "pods") || *a->r->group || !(a->verb & (VERB_GET | VERB_CREATE)))
        return NULL;
    return !strcmp(a->sub, "exec") ? exec_call : !strcmp(a->sub, "portforward") ? portforward_call : NULL;
}

/* An answer that comes bit by bit: refused, or begun. */
static void begin(struct call *c, struct ask *a, void (*fn)(struct call *c, struct ask *a))
{
    _cleanup_(freep) char *why = cluster_forbids(a);
    if (why)
        ask_refuse(a, status_forbidden(a->r, a->name, why));
    say(c, a, why ? 403 : 200);
    if (why)
        answer(c, a);
    else
        fn(c, a);
}

static bool has_sub(struct call *c, const struct ask *a)
{
    if (!a->sub || (!strcmp(a->sub, "status") && a->r->status) ||
        (!strcmp(a->sub, "scale") && a->r->scale && (a->verb & (VERB_GET | VERB_UPDATE | VERB_PATCH))))
        return true;
    if (is_log(a) || (!strcmp(a->sub, "finalize") && !strcmp(a->r->plural, "namespaces") && a->verb == VERB_UPDATE))
        return true;
    kube_reply_no_resource(c);
    return false;
}

void resource_call(struct call *c, const struct kube_resource *r, const char *ns, const char *name, const char *sub)
{
    struct asking g = {.ask = {.cluster = c->k->cluster, .r = r, .ns = ns, .name = name, .sub = sub, .user = c->user,
                              .groups = c->groups}};
    struct ask *a = &g.ask;
    bool fits = verb_of(c, name, &a->verb);
    if (is_proxy(a))
        begin(c, a, podproxy_call);
    else if (fits && remote_of(a)) {
        if (!fault_asked(c) || !fault_takes(c, facts_of(c, a)))
            begin(c, a, remote_of(a));
    } else if (!fits || (a->verb == VERB_CREATE && name))
        kube_reply_status(c, status_method(r));
    else if (r->namespaced && !ns && (name || !(a->verb & (VERB_LIST | VERB_WATCH | VERB_DELETE_COLLECTION))))
        kube_reply_status(c, status_method(r));
    else if (!has_sub(c, a) || !read_options(c, &g) || !read_body(c, a) || (fault_asked(c) && fault_takes(c, facts_of(c, a))))
        (void)0;
    else if (a->verb == VERB_WATCH)
        begin(c, a, watch_call);
    else if (is_log(a))
        begin(c, a, podlog_call);
    else {
        cluster_do(a);
        say(c, a, a->code);
        answer(c, a);
    }
    json_decref(a->answer);
    json_decref(a->warnings);
    json_decref(a->body);
    selector_free(a->labels);
    selector_free(a->fields);
    free(g.version);
    free(g.token);
    free(g.manager);
}

json_t *resource_call_facts(struct call *c, const struct kube_resource *r, const char *ns, const char *name, const char *sub,
                            bool *ret_watch, bool *ret_dry_run)
{
    _cleanup_(freep) char *manager = manager_of(c), *dry = kube_call_param(c, "dryRun");
    struct ask a = {.r = r, .ns = ns, .name = name, .sub = sub, .manager = manager, .dry_run = dry && *dry};
    if (!verb_of(c, name, &a.verb))
        return NULL;
    (void)patch_kind_said(c, &a.patch);
    *ret_watch = a.verb == VERB_WATCH;
    *ret_dry_run = a.dry_run;
    a.body = a.verb == VERB_CREATE ? json_loadb((const char *)c->request->body, c->request->body_len, 0, NULL) : NULL;
    json_t *facts = facts_of(c, &a);
    json_decref(a.body);
    return facts;
}
