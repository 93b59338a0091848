/* Tokens of jobs as they stand in a request, and on whose behalf they ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fakekas/jobs.h"
#include "fakekas/k8s_auth.h"
#include "lib/base/mem.h"

static void refused(json_t *header, const char *why)
{
    _cleanup_(freep) char *got = NULL;
    const char *token;
    int64_t agent;
    assert_int_equal(k8s_auth_read(header, &agent, &token, &got), -EINVAL);
    assert_string_equal(got, why);
    json_decref(header);
}

static void authorization(void **state)
{
    json_t *good = json_string("Bearer ci:17:to:ken");
    const char *token;
    char *why = NULL;
    int64_t agent;
    (void)state;
    assert_int_equal(k8s_auth_read(good, &agent, &token, &why), 0);
    assert_int_equal(agent, 17);
    assert_string_equal(token, "to:ken");
    json_decref(good);
    refused(NULL, "Authorization header: expecting token");
    refused(json_pack("[ss]", "a", "b"), "Authorization header: expecting a single header, got 2");
    refused(json_string("Basic abc"), "Authorization header: expecting Bearer token");
    refused(json_string("Bearer x"), "Authorization header: invalid value");
    refused(json_string("Bearer ci:5"), "Authorization header: invalid value");
    refused(json_string("Bearer zz:1:t"), "Authorization header: unknown token type");
    refused(json_string("Bearer ci:x:t"), "Authorization header: failed to parse: strconv.ParseInt: parsing \"x\": invalid syntax");
    refused(json_string("Bearer ci:99999999999999999999:t"),
            "Authorization header: failed to parse: strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
    refused(json_string("Bearer ci:1:"), "Authorization header: empty token");
}

static struct jobs *jobs_of(const char *text)
{
    json_t *list = json_loads(text, 0, NULL);
    struct jobs *jobs = NULL;
    char *err = NULL;
    assert_non_null(list);
    assert_int_equal(jobs_new(list, NULL, &jobs, &err), 0);
    json_decref(list);
    return jobs;
}

static void assert_impersonation(const struct job *j, int64_t agent, bool tiers, const char *expected)
{
    json_t *got = job_impersonation(j, agent, job_agent(j, agent), tiers), *want = json_loads(expected, 0, NULL);
    char *text = json_dumps(got, JSON_SORT_KEYS);
    if (!json_equal(got, want))
        fail_msg("%s is not %s", text, expected);
    free(text);
    json_decref(got);
    json_decref(want);
}

static void impersonation(void **state)
{
    struct jobs *jobs = jobs_of("[{\"token\": \"jjjj\", \"id\": 3, \"pipeline\": 6, \"project\": 150, \"groups\": [23, 25], \"user\": \"ann\","
                                "  \"environment\": {\"slug\": \"prod\", \"tier\": \"production\"}, \"agents\": ["
                                "  {\"id\": 5, \"config_project\": 7, \"access_as\": {\"ci_job\": {}}},"
                                "  {\"id\": 6, \"access_as\": {\"impersonate\": {\"username\": \"u\", \"groups\": [\"g\"]}}},"
                                "  {\"id\": 7, \"access_as\": {\"agent\": {}}}]}]");
    const struct job *j = jobs_first(jobs);
    (void)state;
    assert_impersonation(j, 7, true, "{}");
    assert_impersonation(j, 6, true, "{\"username\": \"u\", \"groups\": [\"g\"]}");
    assert_impersonation(
        j, 5, false,
        "{\"username\": \"gitlab:ci_job:3\", \"groups\": [\"gitlab:ci_job\", \"gitlab:group:23\", \"gitlab:group:25\", \"gitlab:project:150\","
        " \"gitlab:project_env:150:prod\"], \"extra\": [{\"key\": \"agent.gitlab.com/id\", \"val\": [\"5\"]},"
        " {\"key\": \"agent.gitlab.com/config_project_id\", \"val\": [\"7\"]}, {\"key\": \"agent.gitlab.com/project_id\", \"val\": [\"150\"]},"
        " {\"key\": \"agent.gitlab.com/ci_pipeline_id\", \"val\": [\"6\"]}, {\"key\": \"agent.gitlab.com/ci_job_id\", \"val\": [\"3\"]},"
        " {\"key\": \"agent.gitlab.com/username\", \"val\": [\"ann\"]}, {\"key\": \"agent.gitlab.com/environment_slug\", \"val\": [\"prod\"]}]}");
    json_t *with = job_impersonation(j, 5, job_agent(j, 5), true);
    assert_string_equal(json_string_value(json_array_get(json_object_get(with, "groups"), 2)), "gitlab:group_env_tier:23:production");
    assert_int_equal(json_array_size(json_object_get(with, "extra")), 8);
    json_decref(with);
    assert_null(job_agent(j, 8));
    jobs_free(jobs);
}

static void statuses(void **state)
{
    struct jobs *jobs = jobs_of("[]");
    struct job *j = jobs_first(jobs);
    (void)state;
    assert_int_equal(j->answer, 200);
    assert_ptr_equal(jobs_by_token(jobs, j->token), j);
    assert_null(jobs_by_token(jobs, "another"));
    assert_non_null(job_agent(j, 12345)); /* any */
    assert_int_equal(job_set_status(j, "success"), 0);
    assert_int_equal(j->answer, 403);
    assert_int_equal(job_set_status(j, "finished"), -EINVAL);
    jobs_free(jobs);
}

static void wrong(void **state)
{
    struct jobs *jobs;
    json_t *list = json_pack("[{ss}]", "status", "over");
    _cleanup_(freep) char *err = NULL;
    (void)state;
    assert_int_equal(jobs_new(list, NULL, &jobs, &err), -EINVAL);
    assert_non_null(strstr(err, "kas.kubernetes_api.jobs[0].status: \"over\" is none"));
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorization),
        cmocka_unit_test(impersonation),
        cmocka_unit_test(statuses),
        cmocka_unit_test(wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
