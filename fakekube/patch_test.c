/* Patches of all kinds, and what a decoder and apply say of objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/fields.h"
#include "fakekube/patch.h"
#include "fakekube/typed.h"
#include "lib/base/mem.h"

static json_t *json(const char *text)
{
    json_error_t e;
    json_t *v = json_loads(text, JSON_DECODE_ANY, &e);
    if (!v)
        fail_msg("%s: %s", text, e.text);
    return v;
}

static void assert_json(json_t *got, const char *want)
{
    json_t *w = json(want);
    _cleanup_(freep) char *text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!json_equal(got, w))
        fail_msg("got %s, want %s", text, want);
    json_decref(w);
    json_decref(got);
}

/* ---- RFC 6902 ---- */

static void assert_patched(const char *object, const char *patch, const char *want)
{
    json_t *o = json(object), *p = json(patch), *out = NULL;
    char *why = patch_json(o, p, &out);
    if (want && why)
        fail_msg("%s: %s", patch, why);
    if (want) {
        assert_json(out, want);
    } else {
        assert_non_null(why);
        assert_null(out);
    }
    free(why);
    assert_json(o, object); /* as it was */
    json_decref(p);
}

static void test_json_patch(void **state)
{
    assert_patched("{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":[1]},{\"op\":\"add\",\"path\":\"/b/-\",\"value\":2},"
                   "{\"op\":\"add\",\"path\":\"/b/0\",\"value\":0}]", "{\"a\":1,\"b\":[0,1,2]}");
    assert_patched("{\"a\":{\"x/y\":1,\"m~n\":2}}", "[{\"op\":\"remove\",\"path\":\"/a/x~1y\"},{\"op\":\"replace\",\"path\":\"/a/m~0n\","
                   "\"value\":3}]", "{\"a\":{\"m~n\":3}}");
    assert_patched("{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/c\"}]",
                   "{\"b\":1,\"c\":1}");
    assert_patched("{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1},{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]", "{}");
    assert_patched("{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]", NULL);
    assert_patched("{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":2}]", NULL);
    assert_patched("{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL);
    assert_patched("{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]", NULL);
    assert_patched("{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/01\",\"value\":1}]", NULL);
    assert_patched("{\"a\":1}", "[{\"op\":\"fly\",\"path\":\"/a\"}]", NULL);
    assert_patched("{\"a\":1}", "{}", NULL);
    assert_patched("{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":1}]", NULL);
    (void)state;
}

static void test_merge_patch(void **state)
{
    json_t *o = json("{\"a\":{\"b\":1,\"c\":2},\"l\":[1,2]}"), *p = json("{\"a\":{\"b\":null,\"d\":{\"e\":null,\"f\":1}},\"l\":[3]}"), *out;
    assert_null(patch_merge(o, p, &out));
    assert_json(out, "{\"a\":{\"c\":2,\"d\":{\"f\":1}},\"l\":[3]}");
    json_decref(o);
    json_decref(p);
    (void)state;
}

/* ---- strategic merge ---- */

static void assert_strategic(struct types *types, const char *object, const char *patch, const char *want)
{
    json_t *o = json(object), *p = json(patch), *out = NULL;
    char *why = patch_strategic(types_find(types, "core.v1.Pod"), o, p, &out);
    if (why)
        fail_msg("%s: %s", patch, why);
    assert_json(out, want);
    json_decref(o);
    json_decref(p);
}

#define POD "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"1\"}]}}"

static void test_strategic(void **state)
{
    struct types *t = *state;
    assert_strategic(t, POD, "{\"spec\":{\"containers\":[{\"name\":\"b\",\"image\":\"2\"},{\"name\":\"c\"}]}}",
                     "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"2\"},{\"name\":\"c\"}]}}");
    assert_strategic(t, POD, "{\"spec\":{\"containers\":[{\"$patch\":\"delete\",\"name\":\"a\"}]}}",
                     "{\"spec\":{\"containers\":[{\"name\":\"b\",\"image\":\"1\"}]}}");
    assert_strategic(t, POD, "{\"spec\":{\"containers\":[{\"$patch\":\"replace\"},{\"name\":\"z\"}]}}",
                     "{\"spec\":{\"containers\":[{\"name\":\"z\"}]}}");
    assert_strategic(t, POD, "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]}}",
                     "{\"spec\":{\"containers\":[{\"name\":\"b\",\"image\":\"1\"},{\"name\":\"a\",\"image\":\"1\"}]}}");
    assert_strategic(t, "{\"metadata\":{\"finalizers\":[\"x\",\"y\"]}}", "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"x\"],"
                     "\"finalizers\":[\"z\",\"y\"]}}", "{\"metadata\":{\"finalizers\":[\"y\",\"z\"]}}");
    assert_strategic(t, "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}}",
                     "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"$retainKeys\":[\"name\",\"hostPath\"],\"hostPath\":{\"path\":\"/\"}}]}}",
                     "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/\"}}]}}");
    assert_strategic(t, "{\"spec\":{\"tolerations\":[{\"key\":\"a\"}],\"hostname\":\"h\"}}",
                     "{\"spec\":{\"tolerations\":[{\"key\":\"b\"}],\"hostname\":null}}", "{\"spec\":{\"tolerations\":[{\"key\":\"b\"}]}}");
    json_t *o = json(POD), *p = json("{\"spec\":{\"containers\":[{\"image\":\"x\"}]}}"), *out;
    char *why = patch_strategic(types_find(t, "core.v1.Pod"), o, p, &out);
    assert_string_equal(why, "map: map[] does not contain declared merge key: name");
    free(why);
    json_decref(o);
    json_decref(p);
}

/* ---- types ---- */

static void assert_decoded(struct types *t, const char *object, const char *want, const char *why, const char *unknown)
{
    json_t *o = json(object), *u = json_array();
    char *got = typed_decode(types_find(t, "apps.v1.Deployment"), o, u);
    if (why)
        assert_string_equal(got, why);
    else if (got)
        fail_msg("%s", got);
    if (want)
        assert_json(json_incref(o), want);
    if (unknown)
        assert_json(json_incref(u), unknown);
    free(got);
    json_decref(o);
    json_decref(u);
}

static void test_decoding(void **state)
{
    struct types *t = *state;
    assert_decoded(t, "{\"metadata\":{\"name\":\"n\",\"replicas\":3,\"annotations\":null},\"extra\":{}}", "{\"metadata\":{\"name\":\"n\"}}",
                   NULL, "[\"metadata.replicas\",\"extra\"]");
    assert_decoded(t, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"foo\":1}]}}}}", NULL, NULL,
                   "[\"spec.template.spec.containers[0].foo\"]");
    assert_decoded(t, "{\"spec\":{\"replicas\":\"x\"}}", NULL,
                   "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32", NULL);
    assert_decoded(t, "{\"spec\":{\"template\":{\"spec\":{\"containers\":{}}}}}", NULL,
                   "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container", NULL);
    assert_decoded(t, "{\"metadata\":{\"labels\":{\"a\":1}}}", NULL,
                   "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string", NULL);
    assert_decoded(t, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":2}},\"ports\":[]}]}}}}",
                   "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"2\"}},\"ports\":[]}]}}}}", NULL, NULL);
}

static void assert_typed(struct types *t, const char *object, const char *want)
{
    json_t *o = json(object);
    char *got = typed_check(types_find(t, "apps.v1.Deployment"), o);
    if (want)
        assert_string_equal(got ? got : "", want);
    else
        assert_null(got);
    free(got);
    json_decref(o);
}

static void test_apply_types(void **state)
{
    struct types *t = *state;
    assert_typed(t, "{\"spec\":{\"replicas\":1}}", NULL);
    assert_typed(t, "{\"metadata\":{\"replicas\":1,\"selector\":{}}}", ".metadata.replicas: field not declared in schema");
    assert_typed(t, "{\"spec\":{\"foo\":1},\"metadata\":{\"bar\":1}}",
                 "errors:\n  .spec.foo: field not declared in schema\n  .metadata.bar: field not declared in schema");
    assert_typed(t, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"image\":\"x\"}]}}}}",
                 ".spec.template.spec.containers: element 0: associative list with keys has an element that omits key field \"name\"");
}

/* ---- sets of fields ---- */

static void test_fields(void **state)
{
    struct types *t = *state;
    struct schema s = {.form = FORM_TYPE, .type = types_find(t, "core.v1.Pod")};
    json_t *a = json("{\"spec\":{\"hostname\":\"h\",\"containers\":[{\"name\":\"a\",\"image\":\"1\",\"ports\":[{\"containerPort\":80}]}],\"nodeSelector\":{}}}");
    json_t *b = json("{\"spec\":{\"hostname\":\"h\",\"containers\":[{\"name\":\"a\",\"image\":\"2\",\"ports\":[{\"containerPort\":80}]},{\"name\":\"b\"}]}}");
    json_t *of_a = fields_of(&s, a);
    assert_json(json_incref(of_a),
                "{\"f:spec\":{\"f:hostname\":{},\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\".\":{},\"f:name\":{},\"f:image\":{},\"f:ports\":{"
                "\"k:{\\\"containerPort\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:containerPort\":{}}}}},\"f:nodeSelector\":{}}}");
    json_t *changed = fields_changed(&s, a, b);
    assert_json(json_incref(changed), "{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\"f:image\":{}},\"k:{\\\"name\\\":\\\"b\\\"}\":{"
                                      "\".\":{},\"f:name\":{}}}}}");
    json_t *left = fields_minus(of_a, changed);
    assert_null(json_object_get(json_object_get(json_object_get(json_object_get(left, "f:spec"), "f:containers"), "k:{\"name\":\"a\"}"), "f:image"));
    json_t *whole = fields_union(left, changed), *common = fields_and(of_a, changed);
    assert_json(json_incref(common), "{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\"f:image\":{}}}}}");
    json_t *again = fields_minus(of_a, whole);
    assert_json(again, "{}");
    fields_remove(&s, b, changed);
    assert_json(b, "{\"spec\":{\"hostname\":\"h\",\"containers\":[{\"name\":\"a\",\"ports\":[{\"containerPort\":80}]}]}}");
    json_decref(common);
    json_decref(whole);
    json_decref(left);
    json_decref(changed);
    json_decref(of_a);
    json_decref(a);
}

static int setup(void **state)
{
    *state = types_new();
    return 0;
}

static int teardown(void **state)
{
    types_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_patch),  cmocka_unit_test(test_merge_patch), cmocka_unit_test(test_strategic),
        cmocka_unit_test(test_decoding),    cmocka_unit_test(test_apply_types), cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
