/* Kubernetes' protobuf: a Lease as leader election writes it, and what is no such thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/protobuf.h"
#include "kubernetes.pb-c.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/proto/pb.h"

/* The envelope round the bytes of an object of that kind. */
static void wrap(const char *version, const char *kind, const void *raw, size_t n, struct buf *out)
{
    Kubernetes__TypeMeta type = KUBERNETES__TYPE_META__INIT;
    Kubernetes__Unknown u = KUBERNETES__UNKNOWN__INIT;
    type.apiversion = (char *)version;
    type.kind = (char *)kind;
    u.typemeta = &type;
    u.raw = (ProtobufCBinaryData){.data = (uint8_t *)raw, .len = n};
    size_t len = kubernetes__unknown__get_packed_size(&u);
    _cleanup_(freep) uint8_t *all = xcalloc(1, len);
    kubernetes__unknown__pack(&u, all);
    buf_add(out, "k8s\0", 4);
    buf_add(out, all, len);
}

/* The same round `object`, which is JSON. */
static void envelope(const char *version, const char *kind, const ProtobufCMessageDescriptor *d,
                     const char *object, struct buf *out)
{
    json_t *j = json_loads(object, 0, NULL);
    uint8_t *raw;
    size_t n;
    char *err = NULL;
    assert_non_null(j);
    if (pb_from_json(d, j, &raw, &n, &err) < 0)
        fail_msg("%s", err);
    wrap(version, kind, raw, n, out);
    free(raw);
    json_decref(j);
}

/* As Go writes it: fields that are always there are sent empty, and are not in its JSON. */
static void what_is_empty_is_not_there(void **state)
{
    static const char sent[] = "\x0a\x05\x0a\x01t\x12\x00" /* metadata: name t, no generateName */
                               "\x12\x0a\x0a\x05token\x12\x01x" /* data */
                               "\x1a\x00" /* type */;
    struct buf b = BUF_NULL;
    char *err = NULL;
    wrap("v1", "Secret", sent, sizeof(sent) - 1, &b);
    json_t *got = protobuf_object(buf_data(&b), buf_len(&b), &err);
    if (!got)
        fail_msg("%s", err);
    json_t *want = json_pack("{ssss s{ss} s{ss}}", "apiVersion", "v1", "kind", "Secret", "metadata", "name", "t",
                             "data", "token", "eA==");
    _cleanup_(freep) char *text = json_dumps(got, 0);
    if (!json_equal(got, want))
        fail_msg("%s", text);
    json_decref(got);
    json_decref(want);
    buf_done(&b);
    (void)state;
}

static void a_lease_is_what_its_json_would_be(void **state)
{
    static const char sent[] = "{\"metadata\": {\"name\": \"agent-42-lock\", \"namespace\": "
                               "\"gitlab-agent\", \"labels\": {\"a\": \"b\"}, \"creationTimestamp\": {}},"
                               " \"spec\": {\"holderIdentity\": \"\", \"leaseDurationSeconds\": 15, "
                               "\"renewTime\": {\"seconds\": 1767225600, \"nanos\": 5000}}}";
    static const char wanted[] = "{\"apiVersion\": \"coordination.k8s.io/v1\", \"kind\": \"Lease\", "
                                 "\"metadata\": {\"name\": \"agent-42-lock\","
                                 " \"namespace\": \"gitlab-agent\", \"labels\": {\"a\": \"b\"}, "
                                 "\"creationTimestamp\": \"1970-01-01T00:00:00Z\"},"
                                 " \"spec\": {\"holderIdentity\": \"\", \"leaseDurationSeconds\": 15, "
                                 "\"renewTime\": \"2026-01-01T00:00:00.000005Z\"}}";
    struct buf b = BUF_NULL;
    char *err = NULL;
    envelope("coordination.k8s.io/v1", "Lease", &kubernetes__lease__descriptor, sent, &b);
    json_t *got = protobuf_object(buf_data(&b), buf_len(&b), &err), *want = json_loads(wanted, 0, NULL);
    if (!got)
        fail_msg("%s", err);
    _cleanup_(freep) char *text = json_dumps(got, 0);
    if (!json_equal(got, want))
        fail_msg("%s", text);
    json_decref(got);
    json_decref(want);
    buf_done(&b);
    (void)state;
}

static void what_is_none_is_refused(void **state)
{
    struct buf b = BUF_NULL;
    char *err = NULL;
    assert_null(protobuf_object((const uint8_t *)"{}", 2, &err));
    assert_non_null(strstr(err, "expected prefix [107 56 115 0]"));
    free(err);
    assert_null(protobuf_object((const uint8_t *)"k8s\0\xff\xff", 6, &err));
    assert_non_null(strstr(err, "proto: "));
    free(err);
    envelope("apps/v1", "Deployment", &kubernetes__lease__descriptor, "{}", &b);
    assert_null(protobuf_object(buf_data(&b), buf_len(&b), &err));
    assert_non_null(strstr(err, "no protobuf of \"apps/v1\", Kind=Deployment"));
    free(err);
    buf_consume(&b, buf_len(&b));
    envelope("v1", "Event", &kubernetes__unknown__descriptor,
             "{\"raw\": {\"hex\": \"ff\"}, \"contentType\": \"x\"}", &b);
    json_t *got =
        protobuf_object(buf_data(&b), buf_len(&b), &err); /* what it is not, but may be: nothing breaks */
    free(got ? NULL : err);
    json_decref(got);
    buf_done(&b);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_what_its_json_would_be),
        cmocka_unit_test(what_is_empty_is_not_there),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
