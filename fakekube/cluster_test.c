/* A cluster that is asked without a wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/cluster.h"
#include "lib/base/mem.h"

static json_t *json(const char *text)
{
    json_error_t e;
    json_t *v = json_loads(text, JSON_DECODE_ANY, &e);
    if (!v)
        fail_msg("%s: %s", text, e.text);
    return v;
}

static const json_t *at(const json_t *object, const char *path)
{
    while (object && *path) {
        size_t len = strcspn(path, "/");
        object = json_is_array(object) ? json_array_get(object, (size_t)atoi(path)) : json_object_getn(object, path, len);
        path += len + (path[len] == '/');
    }
    return object;
}

static const char *text_at(const json_t *object, const char *path)
{
    const char *v = json_string_value(at(object, path));
    return v ? v : "";
}

static const struct kube_resource *resource(struct cluster *c, const char *plural)
{
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(c->resources, i)); i++)
        if (!strcmp(r->plural, plural))
            return r;
    fail_msg("no %s", plural);
    return NULL;
}

/* Asks, and gives the answer with its code. */
static json_t *ask(struct ask *a, const char *body, int code)
{
    a->body = body ? json(body) : NULL;
    a->manager = a->manager ? a->manager : "test";
    if (!a->ns && a->r->namespaced)
        a->ns = "default";
    cluster_do(a);
    json_decref(a->body);
    a->body = NULL;
    if (a->code != code) {
        _cleanup_(freep) char *text = json_dumps(a->answer, JSON_COMPACT);
        fail_msg("%d: %s", a->code, text);
    }
    json_decref(a->warnings);
    return a->answer;
}

static void done(json_t *answer)
{
    json_decref(answer);
}

#define ASK(state, plural, v, ...) (&(struct ask){.cluster = *(state), .r = resource(*(state), plural), .verb = v, ##__VA_ARGS__})
#define CM(name, data) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name "\"},\"data\":" data "}"
#define DEPLOYMENT                                                                                                     \
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{"  \
    "\"app\":\"x\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"x\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}"

static void test_create_and_get(void **state)
{
    json_t *made = ask(ASK(state, "configmaps", VERB_CREATE), CM("a", "{\"k\":\"v\"}"), 201);
    assert_string_equal(text_at(made, "metadata/namespace"), "default");
    assert_int_equal(strlen(text_at(made, "metadata/uid")), 36);
    assert_string_equal(text_at(made, "metadata/managedFields/0/operation"), "Update");
    json_t *got = ask(ASK(state, "configmaps", VERB_GET, .name = "a"), NULL, 200);
    assert_true(json_equal(made, got));
    done(got);
    done(made);
    made = ask(ASK(state, "configmaps", VERB_CREATE), CM("a", "{}"), 409);
    assert_string_equal(text_at(made, "message"), "configmaps \"a\" already exists");
    done(made);
    made = ask(ASK(state, "deployments", VERB_GET, .name = "none"), NULL, 404);
    assert_string_equal(text_at(made, "message"), "deployments.apps \"none\" not found");
    assert_string_equal(text_at(made, "details/kind"), "deployments");
    done(made);
    made = ask(ASK(state, "configmaps", VERB_CREATE, .ns = "gone"), CM("a", "{}"), 404);
    assert_string_equal(text_at(made, "message"), "namespaces \"gone\" not found");
    done(made);
    made = ask(ASK(state, "configmaps", VERB_CREATE), CM("A_b", "{}"), 422);
    assert_non_null(strstr(text_at(made, "message"), "ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123"));
    done(made);
    made = ask(ASK(state, "configmaps", VERB_CREATE), "{\"kind\":\"Secret\",\"apiVersion\":\"v1\"}", 400);
    done(made);
}

static void test_update(void **state)
{
    json_t *a = ask(ASK(state, "deployments", VERB_CREATE), DEPLOYMENT, 201);
    assert_int_equal(json_integer_value(at(a, "metadata/generation")), 1);
    assert_int_equal(json_integer_value(at(a, "spec/replicas")), 1); /* a default */
    json_t *mine = json_deep_copy(a); /* the answer is the store's */
    json_object_set_new(json_object_get(mine, "spec"), "replicas", json_integer(3));
    _cleanup_(freep) char *text = json_dumps(mine, 0);
    json_decref(mine);
    json_t *b = ask(ASK(state, "deployments", VERB_UPDATE, .name = "d"), text, 200);
    assert_int_equal(json_integer_value(at(b, "metadata/generation")), 2);
    done(b);
    b = ask(ASK(state, "deployments", VERB_UPDATE, .name = "d"), text, 409); /* the version is old now */
    assert_non_null(strstr(text_at(b, "message"), "Operation cannot be fulfilled on deployments.apps \"d\": the object has been modified"));
    done(b);
    b = ask(ASK(state, "deployments", VERB_PATCH, .name = "d", .sub = "status", .patch = PATCH_MERGE), "{\"status\":{\"replicas\":3},\"spec\":{\"replicas\":9}}", 200);
    assert_int_equal(json_integer_value(at(b, "spec/replicas")), 3);
    assert_int_equal(json_integer_value(at(b, "status/replicas")), 3);
    assert_int_equal(json_integer_value(at(b, "metadata/generation")), 2);
    done(b);
    b = ask(ASK(state, "deployments", VERB_PATCH, .name = "d", .patch = PATCH_MERGE), "{\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"y\"}}}}", 422);
    assert_non_null(strstr(text_at(b, "message"), "field is immutable"));
    done(b);
    b = ask(ASK(state, "deployments", VERB_PATCH, .name = "d", .patch = PATCH_STRATEGIC, .dry_run = true),
            "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"j\"}]}}}}", 200);
    assert_string_equal(text_at(b, "spec/template/spec/containers/0/image"), "j");
    done(b);
    b = ask(ASK(state, "deployments", VERB_GET, .name = "d"), NULL, 200);
    assert_string_equal(text_at(b, "spec/template/spec/containers/0/image"), "i"); /* that was a dry run */
    done(b);
    done(a);
    a = ask(ASK(state, "deployments", VERB_CREATE), "{\"metadata\":{\"name\":\"e\",\"replicas\":3}}", 422);
    assert_string_equal(text_at(a, "message"), "Deployment.apps \"e\" is invalid: [spec.selector: Required value, "
                        "spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template "
                        "`labels`, spec.template.spec.containers: Required value]");
    done(a);
}

static void test_unknown_fields(void **state)
{
    static const char body[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"u\"},\"spec\":{}}";
    struct ask *a = ASK(state, "configmaps", VERB_CREATE, .unknown = UNKNOWN_REFUSED);
    json_t *got = ask(a, body, 400);
    assert_string_equal(text_at(got, "message"),
                        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"spec\"");
    done(got);
    got = ask(ASK(state, "configmaps", VERB_CREATE, .unknown = UNKNOWN_WARNED), body, 201);
    assert_null(at(got, "spec"));
    done(got);
}

static void test_mounts(void **state)
{
    static const char pod[] = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"volumes\":[{\"name\":\"a\",\"emptyDir\":{}}],\"containers\":[{\"name\":\"c\","
                              "\"image\":\"i\",\"volumeMounts\":[{\"name\":\"a\",\"mountPath\":\"/a\"},{\"name\":\"%s\",\"mountPath\":\"/b\"}]}]}}";
    _cleanup_(freep) char *good = xasprintf(pod, "good", "a"), *bad = xasprintf(pod, "bad", "b");
    done(ask(ASK(state, "pods", VERB_CREATE), good, 201));
    json_t *got = ask(ASK(state, "pods", VERB_CREATE), bad, 422);
    assert_string_equal(text_at(got, "message"), "Pod \"bad\" is invalid: spec.containers[0].volumeMounts[1].name: Not found: \"b\"");
    done(got);
}

static void test_pages(void **state)
{
    char name[64];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "{\"metadata\":{\"name\":\"p%d\",\"labels\":{\"n\":\"%d\"}}}", i, i % 2);
        done(ask(ASK(state, "secrets", VERB_CREATE), name, 201));
    }
    json_t *first = ask(ASK(state, "secrets", VERB_LIST, .limit = 2), NULL, 200);
    assert_string_equal(text_at(first, "kind"), "SecretList");
    assert_int_equal(json_array_size(at(first, "items")), 2);
    assert_int_equal(json_integer_value(at(first, "metadata/remainingItemCount")), 3);
    json_t *second = ask(ASK(state, "secrets", VERB_LIST, .limit = 3, .continue_token = text_at(first, "metadata/continue")), NULL, 200);
    assert_int_equal(json_array_size(at(second, "items")), 3);
    assert_string_equal(text_at(second, "items/0/metadata/name"), "p2");
    assert_null(at(second, "metadata/continue"));
    done(second);
    kube_store_compact(((struct cluster *)*state)->store);
    done(ask(ASK(state, "secrets", VERB_CREATE), "{\"metadata\":{\"name\":\"q\"}}", 201));
    kube_store_compact(((struct cluster *)*state)->store);
    done(ask(ASK(state, "secrets", VERB_LIST, .continue_token = text_at(first, "metadata/continue")), NULL, 410));
    done(ask(ASK(state, "secrets", VERB_LIST, .continue_token = "x"), NULL, 400));
    done(first);
    struct selector *s;
    char *err = NULL;
    assert_int_equal(selector_labels("n=1", &s, &err), 0);
    first = ask(ASK(state, "secrets", VERB_LIST, .labels = s), NULL, 200);
    assert_int_equal(json_array_size(at(first, "items")), 2);
    done(first);
    selector_free(s);
}

static void test_apply(void **state)
{
    struct ask *a = ASK(state, "configmaps", VERB_PATCH, .name = "m", .patch = PATCH_APPLY, .manager = "one");
    json_t *got = ask(a, CM("m", "{\"a\":\"1\",\"b\":\"1\"}"), 201);
    assert_string_equal(text_at(got, "metadata/managedFields/0/operation"), "Apply");
    done(got);
    a = ASK(state, "configmaps", VERB_PATCH, .name = "m", .patch = PATCH_APPLY, .manager = "two");
    got = ask(a, CM("m", "{\"a\":\"2\"}"), 409);
    assert_string_equal(text_at(got, "message"), "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    assert_string_equal(text_at(got, "details/causes/0/reason"), "FieldManagerConflict");
    done(got);
    a = ASK(state, "configmaps", VERB_PATCH, .name = "m", .patch = PATCH_APPLY, .manager = "two", .force = true);
    got = ask(a, CM("m", "{\"a\":\"2\"}"), 200);
    assert_string_equal(text_at(got, "data/a"), "2");
    assert_string_equal(text_at(got, "data/b"), "1");
    assert_int_equal(json_array_size(at(got, "metadata/managedFields")), 2);
    done(got);
    a = ASK(state, "configmaps", VERB_PATCH, .name = "m", .patch = PATCH_APPLY, .manager = "one");
    got = ask(a, CM("m", "{\"c\":\"1\"}"), 200); /* b was only one's, a is two's by now */
    assert_null(at(got, "data/b"));
    assert_string_equal(text_at(got, "data/a"), "2");
    assert_string_equal(text_at(got, "data/c"), "1");
    _cleanup_(freep) char *version = xstrdup(text_at(got, "metadata/resourceVersion"));
    done(got);
    a = ASK(state, "configmaps", VERB_PATCH, .name = "m", .patch = PATCH_APPLY, .manager = "one");
    got = ask(a, CM("m", "{\"c\":\"1\"}"), 200);
    assert_string_equal(text_at(got, "metadata/resourceVersion"), version); /* nothing happened */
    done(got);
}

static void test_apply_unknown(void **state)
{
    struct ask *a = ASK(state, "deployments", VERB_PATCH, .name = "nginx", .patch = PATCH_APPLY, .manager = "agentk", .force = true);
    json_t *got = ask(a, "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"nginx\",\"replicas\":3}}", 500);
    assert_string_equal(text_at(got, "message"), "failed to create typed patch object (/nginx; apps/v1, Kind=Deployment): "
                                                 ".metadata.replicas: field not declared in schema");
    done(got);
}

static void test_delete(void **state)
{
    json_t *owner = ask(ASK(state, "configmaps", VERB_CREATE), CM("owner", "{}"), 201);
    _cleanup_(freep) char *body = xasprintf("{\"metadata\":{\"name\":\"owned\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
                                            "\"name\":\"owner\",\"uid\":\"%s\"}]}}", text_at(owner, "metadata/uid"));
    done(ask(ASK(state, "secrets", VERB_CREATE), body, 201));
    json_t *got = ask(ASK(state, "configmaps", VERB_DELETE, .name = "owner"), "{\"preconditions\":{\"uid\":\"other\"}}", 409);
    done(got);
    got = ask(ASK(state, "configmaps", VERB_DELETE, .name = "owner"), "{\"propagationPolicy\":\"Foreground\"}", 200);
    assert_string_equal(text_at(got, "status"), "Success");
    done(got);
    done(ask(ASK(state, "secrets", VERB_GET, .name = "owned"), NULL, 404));
    done(ask(ASK(state, "namespaces", VERB_CREATE), "{\"metadata\":{\"name\":\"n\"}}", 201));
    done(ask(ASK(state, "secrets", VERB_CREATE, .ns = "n"), "{\"metadata\":{\"name\":\"s\"}}", 201));
    done(ask(ASK(state, "namespaces", VERB_DELETE, .name = "n"), NULL, 200));
    done(ask(ASK(state, "secrets", VERB_GET, .ns = "n", .name = "s"), NULL, 404));
    done(ask(ASK(state, "configmaps", VERB_CREATE), "{\"metadata\":{\"name\":\"f\",\"finalizers\":[\"x/y\"]}}", 201));
    got = ask(ASK(state, "configmaps", VERB_DELETE, .name = "f"), NULL, 200);
    assert_int_equal(strlen(text_at(got, "metadata/deletionTimestamp")), 20);
    done(got);
    done(ask(ASK(state, "configmaps", VERB_PATCH, .name = "f", .patch = PATCH_MERGE), "{\"metadata\":{\"finalizers\":null}}", 200));
    done(ask(ASK(state, "configmaps", VERB_GET, .name = "f"), NULL, 404));
    done(owner);
}

static void test_definitions(void **state)
{
    static const char definition[] =
        "{\"metadata\":{\"name\":\"things.example.com\"},\"spec\":{\"group\":\"example.com\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"things\","
        "\"kind\":\"Thing\",\"shortNames\":[\"th\"]},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true},{\"name\":\"v2\",\"served\":true}]}}";
    struct cluster *c = *state;
    done(ask(ASK(state, "customresourcedefinitions", VERB_CREATE), definition, 201));
    const struct kube_resource *v1 = resources_find(c->resources, "example.com", "v1", "things");
    const struct kube_resource *v2 = resources_find(c->resources, "example.com", "v2", "things");
    assert_non_null(v1);
    assert_string_equal(v1->shorts, "th");
    assert_string_equal(v1->list_kind, "ThingList");
    struct ask *a = ASK(state, "things", VERB_CREATE);
    a->r = v1;
    done(ask(a, "{\"metadata\":{\"name\":\"t\"},\"anything\":{\"x\":[1]}}", 201));
    a = ASK(state, "things", VERB_GET, .name = "t");
    a->r = v2;
    json_t *got = ask(a, NULL, 200);
    assert_string_equal(text_at(got, "apiVersion"), "example.com/v2");
    assert_int_equal(json_integer_value(at(got, "anything/x/0")), 1);
    done(got);
    done(ask(ASK(state, "customresourcedefinitions", VERB_DELETE, .name = "things.example.com"), NULL, 200));
    assert_null(resources_find(c->resources, "example.com", "v1", "things"));
}

static void test_forbidden(void **state)
{
    struct cluster *c = *state;
    json_array_append_new(c->forbid, json("{\"verb\":{\"any\":[\"get\",\"list\"]},\"resource\":\"nodes\"}"));
    json_t *got = ask(ASK(state, "nodes", VERB_GET, .name = "n", .user = "system:serviceaccount:a:b"), NULL, 403);
    assert_string_equal(text_at(got, "message"), "nodes \"n\" is forbidden: User \"system:serviceaccount:a:b\" cannot get resource "
                                                 "\"nodes\" in API group \"\" at the cluster scope");
    done(got);
    got = ask(ASK(state, "selfsubjectaccessreviews", VERB_CREATE, .user = "u"),
              "{\"spec\":{\"resourceAttributes\":{\"verb\":\"list\",\"resource\":\"nodes\"}}}", 201);
    assert_true(json_is_false(at(got, "status/allowed")));
    done(got);
    got = ask(ASK(state, "selfsubjectaccessreviews", VERB_CREATE, .user = "u"),
              "{\"spec\":{\"resourceAttributes\":{\"verb\":\"create\",\"resource\":\"nodes\"}}}", 201);
    assert_true(json_is_true(at(got, "status/allowed")));
    done(got);
    json_array_clear(c->forbid);
}

static int setup(void **state)
{
    char *err = NULL;
    int r = cluster_new(&(struct cluster_options){0}, (struct cluster **)state, &err);
    if (err)
        fprintf(stderr, "%s\n", err);
    return r;
}

static int teardown(void **state)
{
    cluster_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_and_get), cmocka_unit_test(test_update),        cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_pages),          cmocka_unit_test(test_apply),         cmocka_unit_test(test_apply_unknown),
        cmocka_unit_test(test_delete),         cmocka_unit_test(test_mounts),        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_forbidden),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
