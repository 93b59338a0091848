/* Messages from JSON and to JSON, by their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb.h"
#include "lib/proto/pb_text.h"

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *j = json_loads(text, JSON_DECODE_ANY, &error);
    if (!j)
        fail_msg("%s: %s", text, error.text);
    return j;
}

static const ProtobufCMessageDescriptor *named(const char *name)
{
    const ProtobufCMessageDescriptor *d = message_find(name);
    if (!d)
        fail_msg("no message %s", name);
    return d;
}

static void expect_bytes(const char *message, const char *json, const char *hex)
{
    json_t *j = parse(json);
    uint8_t *p = NULL;
    size_t n = 0;
    char *error = NULL;

    if (pb_from_json(named(message), j, &p, &n, &error) < 0)
        fail_msg("%s: %s", json, error);
    char *got = hex_encode(p, n);
    assert_string_equal(got, hex);
    free(got);
    free(p);
    json_decref(j);
}

static void expect_error(const char *message, const char *json, const char *text)
{
    json_t *j = parse(json);
    uint8_t *p = NULL;
    size_t n = 0;
    char *error = NULL;

    assert_int_equal(pb_from_json(named(message), j, &p, &n, &error), -EINVAL);
    assert_string_equal(error, text);
    assert_null(p);
    free(error);
    json_decref(j);
}

static void expect_json(const char *message, const char *hex, const char *json)
{
    struct buf b = BUF_NULL;
    json_t *want = parse(json);

    assert_true(hex_decode(hex, &b));
    json_t *got = pb_to_json(named(message), buf_data(&b), buf_len(&b));
    if (!json_equal(got, want)) {
        char *text = json_dumps(got, JSON_ENCODE_ANY);
        fail_msg("%s gives %s, not %s", hex, text, json);
    }
    json_decref(got);
    json_decref(want);
    buf_done(&b);
}

/* These bytes, that JSON, both ways. */
static void expect_both(const char *message, const char *json, const char *hex)
{
    expect_bytes(message, json, hex);
    expect_json(message, hex, json);
}

/* Bytes that real servers were seen to send. */
static void test_configuration(void **state)
{
    expect_both("ConfigurationResponse", "{\"configuration\":{},\"commit_id\":\"x\"}", "0a00120178");
    expect_both("ConfigurationResponse",
                "{\"configuration\":{\"agent_id\":42,\"project_id\":555},\"commit_id\":\"x\"}",
                "0a05202a28ab04120178");
    expect_both("ConfigurationResponse",
                "{\"configuration\":{\"gitops\":{\"manifest_projects\":[{\"id\":\"grp/proj\"}]},"
                "\"agent_id\":1,\"project_id\":7}}",
                "0a120a0c0a0a0a086772702f70726f6a20012807");
}

static void test_presence(void **state)
{
    expect_bytes("ConfigurationResponse", "{}", "");
    expect_bytes("ConfigurationResponse", "{\"configuration\":null,\"commit_id\":\"\"}", "");
    expect_bytes("ManifestProjectCF", "{\"prune\":false}", "4000"); /* a oneof says that it is there */
    expect_bytes("ManifestProjectCF", "{\"id\":\"\"}", "0a00");
    expect_bytes("LoggingCF", "{\"level\":\"info\"}", ""); /* a plain zero does not */
    expect_bytes("LoggingCF", "{\"level\":\"error\",\"grpc_level\":0}", "08031000");
    expect_json("LoggingCF", "08031000", "{\"level\":\"error\",\"grpc_level\":\"info\"}");
    expect_json("LoggingCF", "0863", "{\"level\":99}");
}

static void test_oneof(void **state)
{
    expect_both("ConnectResponse", "{\"close_send\":{}}", "1a00");
    expect_bytes("ConnectResponse", "{\"closeSend\":{},\"message\":null}", "1a00");
    expect_error("ConnectResponse", "{\"close_send\":{},\"message\":{}}",
                 "message: excludes close_send: only one of the two may be given");
    /* The last one on the wire counts. */
    expect_json("ConnectResponse", "1a0012030a0178", "{\"message\":{\"data\":\"eA==\"}}");
}

static void test_integers(void **state)
{
    expect_both("RegisterRequest", "{\"pod_id\":-1}", "10ffffffffffffffffff01");
    expect_bytes("RegisterRequest", "{\"pod_id\":\"-9223372036854775808\"}", "1080808080808080808001");
    expect_json("prototool.HttpResponse", "08ffffffffffffffffff01", "{\"status_code\":-1}");
    expect_error("prototool.HttpResponse", "{\"status_code\":5000000000}",
                 "status_code: 5000000000 does not fit into 32 bits");
    expect_error("RegisterRequest", "{\"pod_id\":\"12x\"}", "pod_id: expected an integer, found \"12x\"");
    expect_error("RegisterRequest", "{\"pod_id\":1.5}", "pod_id: expected an integer, found a number");
}

static void test_maps(void **state)
{
    const char *hex = "0a0347455412100a0641636365707412060a01610a01621a012f";

    expect_both("prototool.HttpRequest",
                "{\"method\":\"GET\",\"url_path\":\"/\",\"header\":{\"Accept\":{\"value\":[\"a\",\"b\"]}}}",
                hex);
    expect_bytes("prototool.HttpRequest",
                 "{\"method\":\"GET\",\"urlPath\":\"/\",\"header\":{\"Accept\":[\"a\",\"b\"]}}", hex);
    expect_both("prototool.HttpRequest", "{\"header\":{\"X\":{}}}", "12050a01581200");
    expect_json("prototool.HttpRequest", "12030a0158",
                "{\"header\":{\"X\":{}}}"); /* a value that is missing */
    expect_error("prototool.HttpRequest", "{\"header\":[]}", "header: expected an object, found a list");
    expect_error("prototool.HttpRequest", "{\"header\":{\"X\":7}}",
                 "header.X: expected an object (prototool.Values), found an integer");
}

static void test_any(void **state)
{
    const char *hex =
        "0a4712450a3e747970652e676f6f676c65617069732e636f6d2f6769746c61622e6167656e742e6769746c61625f61"
        "63636573732e7270632e486561646572457874726112030a016d";
    const char *url = "type.googleapis.com/gitlab.agent.gitlab_access.rpc.HeaderExtra";
    _cleanup_(freep) char *json =
        xasprintf("{\"header\":{\"extra\":{\"@type\":\"%s\",\"module_name\":\"m\"}}}", url);

    expect_both("grpctool.HttpRequest", json, hex);
    _cleanup_(freep) char *raw =
        xasprintf("{\"header\":{\"extra\":{\"@type\":\"%s\",\"value\":{\"hex\":\"0a016d\"}}}}", url);
    expect_bytes("grpctool.HttpRequest", raw, hex);
    expect_both("google.protobuf.Any", "{\"@type\":\"x/unheard.Of\",\"value\":\"AQI=\"}",
                "0a0c782f756e68656172642e4f6612020102");
    expect_error("google.protobuf.Any", "{\"@type\":\"x/unheard.Of\",\"field\":1}",
                 "no message of type \"x/unheard.Of\" is known here; give its bytes as value");
    _cleanup_(freep) char *wrong =
        xasprintf("{\"header\":{\"extra\":{\"@type\":\"%s\",\"modul_name\":\"m\"}}}", url);
    expect_error("grpctool.HttpRequest", wrong,
                 "header.extra.modul_name: no such field; did you mean module_name?");
}

static void test_duration(void **state)
{
    expect_both("ManifestProjectCF", "{\"reconcile_timeout\":\"1.5s\"}", "320808011080cab5ee01");
    expect_both("Duration", "\"-1.5s\"", "08ffffffffffffffffff011080b6ca91feffffffff01");
    expect_bytes("Duration", "\"2m\"", "0878");
    expect_bytes("Duration", "\"250ms\"", "1080e59a77");
    expect_bytes("Duration", "{\"seconds\":120}", "0878");
    expect_both("Duration", "\"0s\"", "");
    expect_json("Duration", "08011080b6ca91feffffffff01", "{\"seconds\":1,\"nanos\":-500000000}");
    expect_error("ManifestProjectCF", "{\"prune_timeout\":\"soon\"}",
                 "prune_timeout: \"soon\" is no duration; write \"1.5s\"");
    expect_error("Duration", "\"999999999999999999999s\"",
                 "\"999999999999999999999s\" is no duration; write \"1.5s\"");
}

static void test_bytes(void **state)
{
    const char *type = "{\"message\":{\"data\":{\"message\":{\"type\":\"grpctool.HttpRequest\","
                       "\"data\":{\"data\":{\"text\":\"hello\"}}}}}}";

    expect_bytes("ConnectResponse", type, "120b0a0912070a0568656c6c6f");
    expect_bytes("reverse_tunnel.Message", "{\"data\":\"aGVsbG8=\"}", "0a0568656c6c6f");
    expect_bytes("reverse_tunnel.Message", "{\"data\":{\"hex\":\"68 65 6C 6c 6f\"}}", "0a0568656c6c6f");
    expect_error("reverse_tunnel.Message", "{\"data\":\"a b!\"}",
                 "data: a plain string is base64; write {text: …} for text");
    expect_error("reverse_tunnel.Message", "{\"data\":{\"hex\":\"abc\"}}",
                 "data: hex: digits 0-9 a-f, two a byte");
    expect_error("reverse_tunnel.Message", "{\"data\":{\"message\":{\"type\":\"grpctool.HttpReqest\"}}}",
                 "data.message: no message \"grpctool.HttpReqest\"; did you mean grpctool.HttpRequest?");
    expect_error("reverse_tunnel.Message", "{\"data\":{\"message\":{\"type\":\"HttpRequest\"}}}",
                 "data.message: no message \"HttpRequest\"; did you mean grpctool.HttpRequest?");
}

static void test_what_people_mistype(void **state)
{
    expect_error("ConfigurationResponse",
                 "{\"configuration\":{\"gitops\":{\"manifest_projects\":[{\"idd\":\"x\"}]}}}",
                 "configuration.gitops.manifest_projects[0].idd: no such field; did you mean id?");
    expect_error("ConfigurationResponse", "{\"zzzzzzzzzz\":1}",
                 "zzzzzzzzzz: no such field in agent_configuration.ConfigurationResponse");
    expect_error("ConfigurationResponse", "{\"commit_id\":7}",
                 "commit_id: expected a string, found an integer; put it in quotes");
    expect_error("ConfigurationResponse", "{\"commit_id\":\"a\",\"commitId\":\"b\"}",
                 "commitId: given twice");
    expect_error("ConfigurationResponse", "[]",
                 "expected an object (agent_configuration.ConfigurationResponse), found a list");
    expect_error("LoggingCF", "{\"level\":\"warning\"}",
                 "level: log_level_enum knows no \"warning\"; did you mean warn?");
    expect_error("CiAccessCF", "{\"projects\":{}}", "projects: expected a list, found an object");
    expect_error("GoogleProfilerCF", "{\"enabled\":1}", "enabled: expected true or false, found an integer");
    expect_bytes("AgentConfiguration", "{\"starboard\":{}}", "3a00"); /* its name before 16.0 */
}

static void test_what_no_peer_sends(void **state)
{
    expect_both("prototool.Values", "{\"value\":[{\"hex\":\"ff\"}]}", "0a01ff");
    expect_both("reverse_tunnel.CloseSend", "{\"@unknown\":[{\"number\":9,\"wire\":2,\"hex\":\"6869\"}]}",
                "4a026869");
    expect_both("reverse_tunnel.CloseSend", "{\"@unknown\":[{\"number\":9,\"wire\":0,\"hex\":\"8001\"}]}",
                "488001");
    expect_json("prototool.HttpResponse", "0a0178", /* a status_code that is text */
                "{\"@unknown\":[{\"number\":1,\"wire\":2,\"hex\":\"78\"}]}");
}

static void test_cut_short(void **state)
{
    struct buf b = BUF_NULL;
    const char *why = NULL;
    const ProtobufCMessageDescriptor *d = named("ConfigurationResponse");

    hex_decode("0a120a0c0a0a0a086772702f70726f6a20012807120178", &b);
    size_t n = buf_len(&b);
    for (size_t cut = 1; cut < n; cut++) {
        if (cut == 20) /* between two fields: whole again */
            continue;
        _cleanup_(freep) uint8_t *exact = xmemdup(buf_data(&b), cut);
        assert_null(pb_to_json(d, exact, cut));
        assert_false(pb_valid(d, exact, cut, &why));
        assert_string_equal(why, "proto: cannot parse invalid wire-format data");
    }
    assert_true(pb_valid(d, buf_data(&b), n, &why));
    buf_done(&b);
    assert_false(pb_valid(d, (const uint8_t *)"\x12\x01\xff", 3, &why));
    assert_string_equal(why, "proto: string field contains invalid UTF-8");
    assert_false(pb_valid(d, (const uint8_t *)"\x02\x00", 2, &why)); /* field 0 */
}

/* google.protobuf.Value holds itself: depth must be bounded both ways. */
static void test_depth(void **state)
{
    const ProtobufCMessageDescriptor *d = named("google.protobuf.ListValue");
    struct buf b = BUF_NULL;
    json_t *j = json_object();
    char *error = NULL;
    uint8_t *p = NULL;
    size_t n;

    for (int i = 0; i < 100; i++) {
        struct buf outer = BUF_NULL; /* ListValue{values: [Value{list_value: …}]} */
        size_t len = buf_len(&b);
        uint8_t head[6] = {0x0a, (uint8_t)((len + 3) | 0x80), (uint8_t)((len + 3) >> 7),
                           0x32, (uint8_t)(len | 0x80),       (uint8_t)(len >> 7)};
        buf_add(&outer, head, 6);
        if (len > 0)
            buf_add(&outer, buf_data(&b), len);
        buf_done(&b);
        b = outer;
        j = json_pack("{s:[{s:o}]}", "values", "list_value", j);
    }
    assert_null(pb_to_json(d, buf_data(&b), buf_len(&b)));
    assert_false(pb_valid(d, buf_data(&b), buf_len(&b), NULL));
    assert_int_equal(pb_from_json(d, j, &p, &n, &error), -EINVAL);
    assert_non_null(strstr(error, "nested deeper than 64"));
    free(error);
    json_decref(j);
    buf_done(&b);
}

static void test_groups_are_skipped(void **state)
{
    expect_json("reverse_tunnel.CloseSend", "4b08014c",
                "{\"@unknown\":[{\"number\":9,\"wire\":3,\"hex\":\"0801\"}]}");
    assert_null(pb_to_json(named("CloseSend"), (const uint8_t *)"\x4b\x54", 2)); /* another one's end */
}

static void test_guess(void **state)
{
    struct {
        const char *hex, *json;
    } cases[] = {
        {"", "{}"},
        {"0a120a0c0a0a0a086772702f70726f6a20012807120178", NULL},
        {"08011001", "{\"1\":1,\"2\":1}"},
        {"0a016108010a0162", NULL},
        {"0a0568656c6c6f", "{\"1\":\"hello\"}"},
        {"0a02ff00", "{\"1\":{\"base64\":\"/wA=\"}}"},
        {"0aff", "{\"@malformed\":\"0aff\"}"},
        {"08ffffffffffffffffff01", "{\"1\":\"18446744073709551615\"}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf b = BUF_NULL;
        hex_decode(cases[i].hex, &b);
        json_t *got = pb_guess_json(buf_data(&b), buf_len(&b));
        _cleanup_(freep) char *text = json_dumps(got, JSON_COMPACT);
        if (cases[i].json)
            assert_string_equal(text, cases[i].json);
        json_decref(got);
        buf_done(&b);
    }
}

static void test_names(void **state)
{
    assert_ptr_equal(named("type.googleapis.com/gitlab.agent.kubernetes_api.rpc.HeaderExtra"),
                     named("kubernetes_api.HeaderExtra"));
    assert_ptr_equal(named("plural.agent.kubernetes_api.rpc.HeaderExtra"),
                     named("kubernetes_api_fork.HeaderExtra"));
    assert_ptr_equal(named("gitlab.agent.modshared.AgentMeta"), named("AgentMeta"));
    assert_ptr_equal(named("gitlab.agent.agentcfg.AgentConfiguration"), named("AgentConfiguration"));
    assert_null(message_find("HeaderExtra")); /* three have it */
    assert_null(message_find("Nothing"));
    assert_null(message_find(""));
    for (size_t i = 0; message_at(i); i++)
        assert_ptr_equal(message_find(message_at(i)->name), message_at(i));
}

/* Every message, empty and back. */
static void test_every_message_empty(void **state)
{
    json_t *empty = json_object();

    for (size_t i = 0; message_at(i); i++) {
        uint8_t *p = NULL;
        size_t n = 9;
        assert_int_equal(pb_from_json(message_at(i), empty, &p, &n, NULL), 0);
        assert_int_equal(n, 0);
        json_t *back = pb_to_json(message_at(i), p, n);
        assert_non_null(back);
        json_decref(back);
        free(p);
    }
    json_decref(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_presence),
        cmocka_unit_test(test_oneof),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_what_people_mistype),
        cmocka_unit_test(test_what_no_peer_sends),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_groups_are_skipped),
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_message_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
