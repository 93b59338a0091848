/* Bodies as application/vnd.kubernetes.protobuf, of the kinds that agents send so: newer clients of
 * Kubernetes write their own Lease and Events that way. They become the JSON that they would be; answers are
 * JSON, which these clients take too. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "fakekube/protobuf.h"
#include "kubernetes.pb-c.h"
#include "lib/base/mem.h"
#include "lib/proto/pb.h"

static const struct {
    const char *version, *kind; /* version NULL: any */
    const ProtobufCMessageDescriptor *d;
} kinds[] = {
    {"coordination.k8s.io/v1", "Lease", &kubernetes__lease__descriptor},
    {"v1", "Event", &kubernetes__event__descriptor},
    {"v1", "ConfigMap", &kubernetes__config_map__descriptor},
    {"v1", "Secret", &kubernetes__secret__descriptor},
    {"v1", "Namespace", &kubernetes__namespace__descriptor},
    {"v1", "ServiceAccount", &kubernetes__service_account__descriptor},
    {"rbac.authorization.k8s.io/v1", "Role", &kubernetes__role__descriptor},
    {"rbac.authorization.k8s.io/v1", "ClusterRole", &kubernetes__role__descriptor},
    {"rbac.authorization.k8s.io/v1", "RoleBinding", &kubernetes__role_binding__descriptor},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", &kubernetes__role_binding__descriptor},
    {"authorization.k8s.io/v1", "SelfSubjectAccessReview", &kubernetes__self_subject_access_review__descriptor},
    {NULL, "DeleteOptions", &kubernetes__delete_options__descriptor},
};

static json_t *time_text(const json_t *t, bool micro)
{
    char text[64], out[80];
    time_t seconds = (time_t)json_integer_value(json_object_get(t, "seconds"));
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
        return json_null();
    if (micro)
        snprintf(out, sizeof(out), "%s.%06dZ", text,
                 (int)(json_integer_value(json_object_get(t, "nanos")) / 1000 % 1000000));
    else
        snprintf(out, sizeof(out), "%sZ", text);
    return json_string(out);
}

/* Go's writer of protobuf sends a field that its writer of JSON leaves out as empty: "", 0, false, of those that are
 * always there. In a oneof they mean something. */
static bool says_nothing(const ProtobufCFieldDescriptor *f, const json_t *v)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED || (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return false;
    return json_is_false(v) || (json_is_string(v) && !json_string_length(v)) ||
           (json_is_integer(v) && !json_integer_value(v));
}

/* Times as JSON has them; what no field of ours is goes. In place. */
static void as_kubernetes_does(const ProtobufCMessageDescriptor *d, json_t *object)
{
    json_object_del(object, "@unknown");
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const ProtobufCMessageDescriptor *of = f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
        json_t *v = json_object_get(object, f->name), *item;
        size_t n;
        if (v && says_nothing(f, v))
            json_object_del(object, f->name);
        if (!of || !v)
            continue;
        if (of == &kubernetes__time__descriptor || of == &kubernetes__micro_time__descriptor)
            json_object_set_new(object, f->name, time_text(v, of == &kubernetes__micro_time__descriptor));
        else if (json_is_array(v))
            json_array_foreach(v, n, item) as_kubernetes_does(of, item);
        else if (json_is_object(v))
            as_kubernetes_does(of, v);
    }
}

static json_t *refuse(char **reterr, char *text)
{
    *reterr = text;
    return NULL;
}

static json_t *decode(const Kubernetes__Unknown *u, char **reterr)
{
    const char *version = u->typemeta ? u->typemeta->apiversion : "",
               *kind = u->typemeta ? u->typemeta->kind : "";
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) || (kinds[i].version && strcmp(kinds[i].version, version)))
            continue;
        json_t *object = pb_to_json(kinds[i].d, u->raw.data, u->raw.len);
        if (!object)
            return refuse(reterr, xstrdup("proto: cannot parse invalid wire-format data"));
        as_kubernetes_does(kinds[i].d, object);
        json_object_set_new(object, "apiVersion", json_string(version));
        json_object_set_new(object, "kind", json_string(kind));
        return object;
    }
    return refuse(reterr, xasprintf("fakekube: no protobuf of \"%s\", Kind=%s is known here; send JSON",
                                    version, kind));
}

json_t *protobuf_object(const uint8_t *p, size_t n, char **reterr)
{
    static const char prefix[4] = {'k', '8', 's', 0};
    const char *why = NULL;
    if (n < sizeof(prefix) || memcmp(p, prefix, sizeof(prefix)))
        return refuse(
            reterr,
            xstrdup(
                "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"));
    p += sizeof(prefix);
    n -= sizeof(prefix);
    Kubernetes__Unknown *u = pb_valid(&kubernetes__unknown__descriptor, p, n, &why)
                                 ? kubernetes__unknown__unpack(NULL, n, p)
                                 : NULL;
    if (!u)
        return refuse(reterr, xasprintf("proto: %s", why ? why : "cannot parse invalid wire-format data"));
    json_t *object = decode(u, reterr);
    kubernetes__unknown__free_unpacked(u, NULL);
    return object;
}
