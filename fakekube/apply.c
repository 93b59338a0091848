/* Who manages which fields: metadata.managedFields, kept as server-side apply needs it. An entry stands for a manager and an
 * operation; those who apply and those who update are different managers, whatever they are called. */
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/fields.h"
#include "fakekube/typed.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* ---- entries ---- */

static const char *text_of(const json_t *entry, const char *key)
{
    const char *v = json_string_value(json_object_get(entry, key));
    return v ? v : "";
}

/* By which subresource fields are managed; "": by none. */
static const char *sub_of(const struct ask *a)
{
    return a->through ? a->through : a->sub ? a->sub : "";
}

static bool is_of(const json_t *entry, const struct ask *a, const char *operation)
{
    return !strcmp(text_of(entry, "manager"), a->manager) && !strcmp(text_of(entry, "operation"), operation) &&
           !strcmp(text_of(entry, "subresource"), sub_of(a));
}

static json_t *entry_make(const struct ask *a, const char *operation, json_t *fields)
{
    char now[32];
    object_now(now);
    _cleanup_(freep) char *version = *a->r->group ? xasprintf("%s/%s", a->r->group, a->r->version) : xstrdup(a->r->version);
    json_t *e = json_pack("{ss, ss, ss, ss, ss, so}", "manager", a->manager, "operation", operation, "apiVersion", version, "time",
                          now, "fieldsType", "FieldsV1", "fieldsV1", fields);
    if (a->through)
        json_object_del(e, "time");
    if (*sub_of(a))
        json_object_set_new(e, "subresource", json_string(sub_of(a)));
    return e;
}

static json_t *entries_of(const json_t *object)
{
    json_t *list = object ? json_object_get(json_object_get(object, "metadata"), "managedFields") : NULL;
    return json_is_array(list) ? json_deep_copy(list) : json_array();
}

/* Nobody manages what the server itself sets, nor what names the object. */
static json_t *managed_part(json_t *set)
{
    static const char *const server[] = {"f:name", "f:namespace", "f:creationTimestamp", "f:deletionTimestamp", "f:uid", "f:selfLink",
                                         "f:generation", "f:managedFields", "f:resourceVersion", "f:clusterName",
                                         "f:deletionGracePeriodSeconds"};
    json_t *m = json_object_get(set, "f:metadata");
    json_object_del(set, "f:apiVersion");
    json_object_del(set, "f:kind");
    for (size_t i = 0; i < ARRAY_SIZE(server); i++)
        json_object_del(m, server[i]);
    if (m && !json_object_size(m))
        json_object_del(set, "f:metadata");
    return set;
}

static struct schema schema_of(const struct ask *a)
{
    return (struct schema){.form = a->r->type ? FORM_TYPE : FORM_ANY, .type = (struct kube_type *)a->r->type};
}

/* From the others' entries; those who are left without any field go. */
static void take_from_others(json_t *entries, const struct ask *a, const char *operation, const json_t *set)
{
    for (size_t i = json_array_size(entries); i-- > 0;) {
        json_t *e = json_array_get(entries, i);
        if (is_of(e, a, operation))
            continue;
        json_t *left = fields_minus(json_object_get(e, "fieldsV1"), set);
        if (fields_empty(left))
            json_array_remove(entries, i);
        else
            json_object_set(e, "fieldsV1", left);
        json_decref(left);
    }
}

static json_t *own_entry(json_t *entries, const struct ask *a, const char *operation)
{
    size_t i;
    json_t *e;
    json_array_foreach (entries, i, e)
        if (is_of(e, a, operation))
            return e;
    return NULL;
}

/* Takes fields. */
static void set_own(json_t *entries, const struct ask *a, const char *operation, json_t *fields)
{
    for (size_t i = json_array_size(entries); i-- > 0;)
        if (is_of(json_array_get(entries, i), a, operation))
            json_array_remove(entries, i);
    if (fields_empty(fields))
        json_decref(fields);
    else
        json_array_append_new(entries, entry_make(a, operation, fields));
}

/* ---- update ---- */

/* What an object has before anything is in it: those parts are nobody's. */
static json_t *emptiness(const struct ask *a)
{
    static const struct {
        const char *plural, *text;
    } shapes[] = {
        {"deployments", "{'strategy':{},'template':{'metadata':{'creationTimestamp':null},'spec':{'containers':[]}}}"},
        {"statefulsets", "{'updateStrategy':{},'template':{'metadata':{'creationTimestamp':null},'spec':{'containers':[]}}}"},
        {"daemonsets", "{'updateStrategy':{},'template':{'metadata':{'creationTimestamp':null},'spec':{'containers':[]}}}"},
        {"replicasets", "{'template':{'metadata':{'creationTimestamp':null},'spec':{'containers':[]}}}"},
        {"jobs", "{'template':{'metadata':{'creationTimestamp':null},'spec':{'containers':[]}}}"},
        {"cronjobs", "{'jobTemplate':{'metadata':{'creationTimestamp':null},'spec':{'template':{'metadata':{'creationTimestamp':null},"
                     "'spec':{'containers':[]}}}}}"},
        {"pods", "{'containers':[]}"},
        {"persistentvolumeclaims", "{'resources':{}}"},
        {"networkpolicies", "{'podSelector':{}}"},
        {"customresourcedefinitions", "{'names':{}}"},
    };
    json_t *out = json_pack("{s{}}", "metadata");
    if (!a->r->type)
        return out;
    json_object_set_new(out, "status", json_object());
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
        if (!strcmp(shapes[i].plural, a->r->plural)) {
            _cleanup_(freep) char *text = xstrdup(shapes[i].text);
            for (char *p = text; *p; p++)
                *p = *p == '\'' ? '"' : *p;
            json_object_set_new(out, "spec", json_loads(text, 0, NULL));
        }
    if (!strcmp(a->r->kind, "Event"))
        json_object_update_new(out, json_pack("{s{}, s{}, sn, ss, ss}", "involvedObject", "source", "eventTime", "reportingComponent", "",
                                              "reportingInstance", ""));
    if (!json_object_get(out, "spec"))
        json_object_set_new(out, "spec", json_object());
    return out;
}

void managers_update(struct ask *a, const json_t *before, json_t *object)
{
    struct schema s = schema_of(a);
    /* A client that sends the entries back means them. */
    bool sent = json_array_size(json_object_get(json_object_get(object, "metadata"), "managedFields"));
    json_t *entries = entries_of(sent ? object : before), *own = own_entry(entries, a, "Update");
    json_t *had = before ? managed_part(fields_with_containers(&s, before)) : json_object();
    json_t *has = managed_part(fields_with_containers(&s, object)), *gone = fields_minus(had, has);
    json_t *empty = before ? NULL : emptiness(a), *changed = fields_changed(&s, before ? before : empty, object);
    changed = managed_part(changed ? changed : json_object());
    json_t *touched = fields_union(changed, gone);
    if (!fields_empty(touched)) {
        json_t *kept = own ? fields_minus(json_object_get(own, "fieldsV1"), gone) : json_object();
        take_from_others(entries, a, "Update", touched);
        set_own(entries, a, "Update", fields_union(kept, changed));
        json_decref(kept);
    }
    if (json_array_size(entries))
        json_object_set(object_metadata(object), "managedFields", entries);
    json_decref(empty);
    json_decref(touched);
    json_decref(changed);
    json_decref(gone);
    json_decref(has);
    json_decref(had);
    json_decref(entries);
}

/* ---- apply ---- */

struct conflicts {
    json_t *causes;
    struct buf text; /* for one manager */
    const char *manager;
};

/* "kubectl" using apps/v1; a new string */
static char *named(const json_t *entry)
{
    _cleanup_(freep) char *sub = *text_of(entry, "subresource") ? xasprintf(" with subresource \"%s\"", text_of(entry, "subresource"))
                                                                : xstrdup("");
    if (strcmp(text_of(entry, "operation"), "Update"))
        return xasprintf("\"%s\"%s", text_of(entry, "manager"), sub);
    return xasprintf("\"%s\"%s using %s", text_of(entry, "manager"), sub, text_of(entry, "apiVersion"));
}

static void note_conflict(void *arg, const char *path)
{
    struct conflicts *c = arg;
    _cleanup_(freep) char *message = xasprintf("conflict with %s", c->manager);
    json_array_append_new(c->causes, status_cause("FieldManagerConflict", path, "%s", message));
    buf_addf(&c->text, "%s- %s", buf_len(&c->text) ? "\n" : "", path);
}

static void refuse_conflicts(struct ask *a, json_t *entries, const json_t *changed)
{
    struct conflicts c = {.causes = json_array()};
    struct buf all = BUF_NULL;
    size_t i;
    json_t *e;
    json_array_foreach (entries, i, e) {
        json_t *theirs = is_of(e, a, "Apply") ? NULL : fields_and(json_object_get(e, "fieldsV1"), changed);
        if (theirs && !fields_empty(theirs)) {
            _cleanup_(freep) char *manager = named(e);
            c.manager = manager;
            fields_each(theirs, note_conflict, &c);
            buf_addf(&all, "%sconflicts with %s:\n%.*s", buf_len(&all) ? "\n" : "", manager, (int)buf_len(&c.text),
                     (const char *)buf_data(&c.text));
            buf_consume(&c.text, buf_len(&c.text));
        }
        json_decref(theirs);
    }
    const json_t *first = json_array_get(c.causes, 0);
    size_t n = json_array_size(c.causes);
    _cleanup_(freep) char *message =
        n == 1 ? xasprintf("Apply failed with 1 conflict: %s: %s", text_of(first, "message"), text_of(first, "field"))
               : xasprintf("Apply failed with %zu conflicts: %.*s", n, (int)buf_len(&all), (const char *)buf_data(&all));
    if (n)
        ask_refuse(a, status_apply_conflict(message, c.causes));
    else
        json_decref(c.causes);
    buf_done(&c.text);
    buf_done(&all);
}

bool managers_body_fits(struct ask *a)
{
    _cleanup_(freep) char *version = *a->r->group ? xasprintf("%s/%s", a->r->group, a->r->version) : xstrdup(a->r->version);
    const char *said = text_of(a->body, "apiVersion"), *kind = text_of(a->body, "kind");
    _cleanup_(freep) char *why = typed_check(a->r->type, a->body);
    if (!strcmp(said, version) && !*kind)
        ask_refuse(a, status_bad_request("Object 'Kind' is missing in the patch"));
    else if (strcmp(said, version))
        ask_refuse(a, status_bad_request("Incorrect version specified in apply patch. Specified patch version: %s, expected: %s",
                                         said, version));
    else if (json_object_get(json_object_get(a->body, "metadata"), "managedFields"))
        ask_refuse(a, status_bad_request("metadata.managedFields must be nil"));
    else if (why) {
        const char *ns = object_text(a->body, "namespace");
        _cleanup_(freep) char *text = xasprintf("failed to create typed patch object (%s/%s; %s%s, Kind=%s): %s", ns ? ns : "",
                                                a->name, *a->r->group ? "" : "/", version, kind, why);
        ask_refuse(a, status_make(500, "", text, NULL));
    } else
        return true;
    return false;
}

/* What we applied before and do not any more goes, unless somebody else has it too. In place. */
static void drop_abandoned(const struct schema *s, const json_t *entries, const struct ask *a, const json_t *before,
                           const json_t *now, json_t *object)
{
    json_t *abandoned = fields_minus(before, now);
    size_t i;
    json_t *e;
    json_array_foreach ((json_t *)entries, i, e)
        if (!is_of(e, a, "Apply")) {
            json_t *left = fields_minus(abandoned, json_object_get(e, "fieldsV1"));
            json_decref(abandoned);
            abandoned = left;
        }
    fields_remove(s, object, abandoned);
    json_decref(abandoned);
}

json_t *managers_apply(struct ask *a, const json_t *live)
{
    struct schema s = schema_of(a);
    json_t *entries = entries_of(live), *own = own_entry(entries, a, "Apply");
    json_t *now = managed_part(fields_of(&s, a->body)), *merged = live ? schema_merge(&s, live, a->body) : json_copy(a->body);
    json_t *object = json_deep_copy(merged), *changed = live ? fields_changed(&s, live, merged) : NULL;
    changed = managed_part(changed ? changed : json_object());
    if (live && !a->force)
        refuse_conflicts(a, entries, changed);
    if (!a->answer) {
        json_t *had = own ? json_deep_copy(json_object_get(own, "fieldsV1")) : json_object();
        drop_abandoned(&s, entries, a, had, now, object);
        take_from_others(entries, a, "Apply", changed);
        set_own(entries, a, "Apply", json_incref(now));
        if (json_array_size(entries))
            json_object_set(object_metadata(object), "managedFields", entries);
        json_decref(had);
    } else {
        json_decref(object);
        object = NULL;
    }
    json_decref(changed);
    json_decref(merged);
    json_decref(now);
    json_decref(entries);
    return object;
}
