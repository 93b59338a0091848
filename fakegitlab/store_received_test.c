/* What KAS and agents sent: kept, summed, bounded; a vulnerability is one however often it is sent. */
#include "fakegitlab/store_test.h"

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    fill(f, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_free(f->store);
    free(f);
    return 0;
}

static void receive(struct fixture *f, enum gl_received kind, const char *text)
{
    json_t *payload = js(text);
    assert_int_equal(store_receive(f->store, kind, kind == GL_USAGE ? NULL : f->agent, payload, NULL), 0);
    json_decref(payload);
}

static void an_alert_is_kept(void **state)
{
    struct fixture *f = *state;
    receive(f, GL_ALERT, "{'alert':{'flow':{'verdict':'DROPPED'}}}");
    json_t *list = store_received(f->store, GL_ALERT, f->agent), *one = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_string_length(json_object_get(one, "received_at")), 24);
    json_object_del(one, "received_at");
    assert_json(json_incref(one),
                "{'id':1,'agent_id':1,'project_id':1,'payload':{'alert':{'flow':{'verdict':'DROPPED'}}}}");
    json_decref(list);
    list = store_received(f->store, GL_ALERT, make_agent(f->store, f->project, "other"));
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void usage_is_summed(void **state)
{
    struct fixture *f = *state;
    assert_json(store_usage(f->store), "{'counters':{},'unique_counters':{}}");
    receive(f, GL_USAGE, "{'gitops_sync_count':2,'k8s_api_proxy_request_count':1}");
    receive(f, GL_USAGE, "{'gitops_sync_count':3}");
    receive(f, GL_USAGE, "{'counters':{'gitops_sync':4},'unique_counters':{'agent_users_using_ci_tunnel':[1,2]}}");
    receive(f, GL_USAGE, "{'counters':{},'unique_counters':{'agent_users_using_ci_tunnel':[2,3]}}");
    assert_json(store_usage(f->store), "{'counters':{'gitops_sync_count':5,'k8s_api_proxy_request_count':1,'gitops_sync':4},"
                                       "'unique_counters':{'agent_users_using_ci_tunnel':[1,2,3]}}");
    assert_int_equal(store_received_count(f->store, GL_USAGE), 4);
    receive(f, GL_USAGE, "{'counters':{'gitops_sync':9223372036854775807}}"); /* full is full */
    json_t *usage = store_usage(f->store);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(usage, "counters"), "gitops_sync")), INT64_MAX);
    json_decref(usage);
}

static void counters_that_are_none(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"{'gitops_sync_count':0}", true},
                 {"{}", true},
                 {"{'gitops_sync_count':-1}", false},
                 {"{'gitops_sync_count':'1'}", false},
                 {"{'counters':{'a':-1}}", false},
                 {"{'counters':[]}", false},
                 {"{'counters':{'a':1},'unique_counters':{'b':1}}", false},
                 {"[]", false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *payload = js(cases[i].text);
        assert_int_equal(store_usage_valid(payload), cases[i].valid);
        json_decref(payload);
    }
}

static void vulnerability(struct fixture *f, const char *name, const char *severity, char uuid[37])
{
    json_t *payload = json_pack("{s{sssss{ss}}s{ss}}", "vulnerability", "name", name, "severity", severity, "location", "image",
                                "nginx:1", "scanner", "id", "starboard");
    assert_int_equal(store_receive_vulnerability(f->store, f->agent, payload, uuid), 0);
    json_decref(payload);
}

static bool resolved(struct fixture *f, size_t i)
{
    json_t *list = store_received(f->store, GL_VULNERABILITY, NULL);
    bool r = json_is_true(json_object_get(json_array_get(list, i), "resolved"));
    json_decref(list);
    return r;
}

static void a_vulnerability_is_one(void **state)
{
    struct fixture *f = *state;
    char first[37], again[37], other[37];
    vulnerability(f, "CVE-1", "high", first);
    vulnerability(f, "CVE-1", "critical", again);
    vulnerability(f, "CVE-2", "high", other);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(first[14], '5');
    assert_int_equal(store_received_count(f->store, GL_VULNERABILITY), 2);
    _cleanup_(freep) char *scan = xasprintf("{'uuids':['%s']}", other);
    receive(f, GL_SCAN_RESULT, scan);
    assert_true(resolved(f, 0));
    assert_false(resolved(f, 1));
    vulnerability(f, "CVE-1", "high", again); /* it came back */
    assert_false(resolved(f, 0));
}

static void only_so_many_are_kept(void **state)
{
    struct fixture *f = *state;
    json_t *payload = js("{}");
    int64_t id = 0;
    for (int i = 0; i < GL_RECEIVED_KEPT + 5; i++)
        assert_int_equal(store_receive(f->store, GL_ALERT, f->agent, payload, &id), 0);
    json_decref(payload);
    assert_int_equal(id, GL_RECEIVED_KEPT + 5);
    assert_int_equal(store_received_count(f->store, GL_ALERT), GL_RECEIVED_KEPT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(an_alert_is_kept),       T(usage_is_summed),      T(counters_that_are_none),
        T(a_vulnerability_is_one), T(only_so_many_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
