#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conformance/judge/normalise.h"

static void becomes(const char *raw, const char *expected)
{
    struct normaliser *n = normaliser_new();
    json_t *line = normalise_raw(n, raw);
    char *text = json_dumps(line, JSON_COMPACT);

    assert_string_equal(text, expected);
    free(text);
    json_decref(line);
    normaliser_free(n);
}

static void times_go(void **state)
{
    (void)state;
    becomes("{\"level\":\"info\",\"time\":\"2026-11-23T02:46:14.850Z\",\"n\":1}",
            "{\"level\":\"info\",\"time\":\"<time>\",\"n\":1}");
    becomes("current time 2026-11-23T02:46:14Z is after 2026-08-01T00:00:00Z",
            "{\"text\":\"current time <time> is after <time>\"}");
    becomes("2026/11/23 02:56:39 Unsolicited response", "{\"text\":\"<time> Unsolicited response\"}");
}

static void names_of_pods_go(void **state)
{
    (void)state;
    becomes("gitlab-agent-d62p9mwvp6-8zqjn became leader", "{\"text\":\"<pod> became leader\"}");
    becomes("gitlab-agent-0 became leader", "{\"text\":\"gitlab-agent-0 became leader\"}");
}

static void waiting_for_ones_own_brake_goes(void **state)
{
    (void)state;
    becomes("{\"msg\":\"Waited for 1.005407703s due to client-side throttling, not priority and fairness, request: "
            "GET:https://10.96.0.1:443/apis/apps/v1/deployments?limit=500\\n\"}", "{\"msg\":\"<throttled>\"}");
    becomes("{\"msg\":\"Throttling request took 1.168483951s, request: GET:https://10.96.0.1:443/version\\n\"}",
            "{\"msg\":\"<throttled>\"}");
}

static void our_own_ports_go_and_keep_their_relation(void **state)
{
    (void)state;
    becomes("write tcp 10.60.1.1:50188->10.60.1.1:8150: from 10.60.1.1:50188 and 10.60.1.1:50190",
            "{\"text\":\"write tcp 10.60.1.1:<port:1>->10.60.1.1:8150: from 10.60.1.1:<port:1> and "
            "10.60.1.1:<port:2>\"}");
    becomes("dial tcp 10.60.1.1:443: refused", "{\"text\":\"dial tcp 10.60.1.1:443: refused\"}");
    becomes("on 10.60.0.10:53: no such host", "{\"text\":\"on 10.60.0.10:53: no such host\"}");
    becomes("listen tcp [::]:8080", "{\"text\":\"listen tcp [::]:8080\"}");
}

static void random_identifiers_go(void **state)
{
    (void)state;
    becomes("invalid Sec-WebSocket-Accept \\\"\\\", key \\\"dGhlIHNhbXBsZSBub25jZQ==\\\"",
            "{\"text\":\"invalid Sec-WebSocket-Accept \\\\\\\"\\\\\\\", key \\\\\\\"<ws-key>\\\\\\\"\"}");
    becomes("id 01ARZ3NDEKTSV4RRFFQ69G5FAV", "{\"text\":\"id <ulid>\"}");
    becomes("{\"error\":\"Send(descriptor): rpc error: code = X\"}", "{\"error\":\"rpc error: code = X\"}");
    becomes("{\"error\":\"Connect(): rpc error: code = X\"}",
            "{\"error\":\"Connect(): rpc error: code = X\"}");
    becomes("lease ns/agent-42-lock", "{\"text\":\"lease ns/agent-<id>-lock\"}");
    becomes("{\"msg\":\"m\",\"agent_id\":42}", "{\"msg\":\"m\"}");
    becomes("f({0xc000123, 0x0})", "{\"text\":\"f({<address>, <address>})\"}");
    becomes("commit 1111111111111111111111111111111111111111",
            "{\"text\":\"commit 1111111111111111111111111111111111111111\"}");
}

static void the_call_that_asks_who_an_agent_is_goes(void **state)
{
    (void)state;
    becomes("{\"msg\":\"AgentInfo()\",\"grpc_service\":\"s\",\"grpc_method\":\"Connect\",\"error\":\"e\"}",
            "{\"msg\":\"AgentInfo()\",\"grpc_service\":\"<call>\",\"grpc_method\":\"<call>\",\"error\":\"e\"}");
    becomes("{\"msg\":\"x\",\"grpc_service\":\"s\",\"grpc_method\":\"Connect\"}",
            "{\"msg\":\"x\",\"grpc_service\":\"s\",\"grpc_method\":\"Connect\"}");
}

static void a_commit_of_kas_goes(void **state)
{
    (void)state;
    becomes("{\"msg\":\"Config: new commit\",\"grpc_service\":\"s\",\"commit_id\":\"cfe4e8572fbed3288e69aa90fb231b0c6a0b9f11\"}",
            "{\"msg\":\"Config: new commit\",\"grpc_service\":\"s\",\"commit_id\":\"<commit>\"}");
    /* An agent has it from the scenario's KAS: there it says something. */
    becomes("{\"commit_id\":\"2222222222222222222222222222222222222222\"}",
            "{\"commit_id\":\"2222222222222222222222222222222222222222\"}");
}

static void a_stack_goes_whatever_was_built_where(void **state)
{
    (void)state;
    becomes("goroutine 34 [running]:", "{\"text\":\"goroutine <goroutine> [running]:\"}");
    becomes("\t/home/builder/agent/main.go:10 +0x1a2b", "{\"text\":\"<frame>\"}");
    becomes("\tk8s.io/apimachinery@v0.19.2/wait.go:185", "{\"text\":\"<frame>\"}");
    becomes("main.main()", "{\"text\":\"<frame>\"}");
    becomes("panic(0x1, 0x2)", "{\"text\":\"<frame>\"}");
    becomes("example.com/a-b/v2/x.(*Y).Run.func1({0x1?, 0x2?}, ...)", "{\"text\":\"<frame>\"}");
    becomes("created by example.com/x.(*stage).Go in goroutine 7", "{\"text\":\"<frame>\"}");
    becomes("{\"msg\":\"panic: a\\ngoroutine 7 [running]:\\na.b()\\n\\tc.go:1\"}",
            "{\"msg\":\"panic: a\\ngoroutine <goroutine> [running]:\\n<trace>\"}");
    becomes("panic: runtime error: nil (x)", "{\"text\":\"panic: runtime error: nil (x)\"}");
    becomes("{\"error\":\"Connect(): a.b (c)\"}", "{\"error\":\"Connect(): a.b (c)\"}");
}

static void json_within_a_text_has_no_blanks_of_its_own(void **state)
{
    (void)state;
    becomes("{\"agent_config\":\"{\\\"b\\\": {}, \\\"a\\\":\\\"x, y\\\"}\"}",
            "{\"agent_config\":\"{\\\"b\\\":{},\\\"a\\\":\\\"x, y\\\"}\"}");
    becomes("{\"msg\":\"{ no json\"}", "{\"msg\":\"{ no json\"}");
}

static void what_is_no_json_is_text(void **state)
{
    (void)state;
    becomes("Program aborted: x", "{\"text\":\"Program aborted: x\"}");
    becomes("[1,2]", "{\"text\":\"[1,2]\"}");
    becomes("\xff", "{\"text\":\"<no UTF-8>\"}");
    becomes("", "{\"text\":\"\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_go),
        cmocka_unit_test(names_of_pods_go),
        cmocka_unit_test(waiting_for_ones_own_brake_goes),
        cmocka_unit_test(our_own_ports_go_and_keep_their_relation),
        cmocka_unit_test(random_identifiers_go),
        cmocka_unit_test(the_call_that_asks_who_an_agent_is_goes),
        cmocka_unit_test(a_commit_of_kas_goes),
        cmocka_unit_test(a_stack_goes_whatever_was_built_where),
        cmocka_unit_test(json_within_a_text_has_no_blanks_of_its_own),
        cmocka_unit_test(what_is_no_json_is_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
