/* The fake GitLab over a connection without a socket: who is let in, in which order, and that every http fault of the
 * vocabulary acts on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "lib/net/conn_test.h"

#define TOKEN "agent-token-of-the-test"
#define INFO "/api/v4/internal/kubernetes/agent_info"
#define PROXY_USER "/api/v4/internal/kubernetes/authorize_proxy_user"

struct world {
    struct events *events;
    struct event_sub *sub;
    struct buf log;
    struct faults *faults;
    struct store *store;
    struct gitlab *g;
    struct gitlab_listener listener;
    struct conn *c;
    struct buf got;
};

static void on_event(void *arg, const json_t *event)
{
    _cleanup_(freep) char *text = json_dumps(event, JSON_COMPACT);
    buf_addf(&((struct world *)arg)->log, "%s\n", text);
}

static void seed(struct store *s)
{
    const struct gl_project *p;
    const struct gl_agent *a;
    const struct gl_token *t;
    assert_int_equal(store_project_create(s, &(struct gl_project_spec){.path = "grp/proj"}, &p, NULL), 0);
    assert_int_equal(store_agent_create(s, NULL, p, 0, "my-agent", &a, NULL), 0);
    assert_int_equal(store_token_create(s, NULL, a, &(struct gl_token_spec){.name = "t", .secret = TOKEN}, &t, NULL, NULL), 0);
}

static struct world *world_new(const char *faults, const char *spec)
{
    struct world *w = NEW(struct world);
    char *err = NULL;
    json_t *list = faults ? json_loads(faults, 0, NULL) : NULL, *s = spec ? json_loads(spec, 0, NULL) : NULL;
    assert_true(!faults || list);
    assert_true(!spec || s);
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, on_event, w);
    w->faults = faults_new(list, w->events, 0);
    assert_int_equal(store_open(&(struct store_options){.events = w->events}, &w->store, &err), 0);
    seed(w->store);
    w->c = conn_fake_new(faults_moments(w->faults), w->events);
    struct gitlab_options o = {.loop = w->c->loop, .events = w->events, .faults = w->faults, .store = w->store, .spec = s};
    if (gitlab_start(&o, &w->g, &err) < 0)
        fail_msg("%s", err);
    w->listener = (struct gitlab_listener){.g = w->g, .transport = "http"};
    gitlab_build(&w->listener, w->c);
    conn_fake_open(w->c);
    json_decref(list);
    json_decref(s);
    return w;
}

static void world_free(struct world *w)
{
    gitlab_free(w->g);
    if (w->c->dead)
        conn_fake_run(w->c);
    conn_fake_free(w->c);
    store_free(w->store);
    faults_free(w->faults);
    events_unsubscribe(w->sub);
    events_free(w->events);
    buf_done(&w->log);
    buf_done(&w->got);
    free(w);
}

static char *jwt_of(struct world *w)
{
    int64_t now = store_now() / 1000;
    json_t *claims = json_pack("{ss, s[s], sI, sI}", "iss", KAS_ISSUER, "aud", KAS_AUDIENCE, "nbf",
                               (json_int_t)(now - 5), "exp", (json_int_t)(now + 5));
    char *jwt = jwt_sign(w->g->kas_key, claims);
    json_decref(claims);
    return jwt;
}

/* What comes back for a request, all of it. */
static const char *ask(struct world *w, const char *method, const char *target, const char *headers, const char *body)
{
    _cleanup_(freep) char *text =
        xasprintf("%s %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n%s", method, target, headers, strlen(body), body);
    conn_fake_feed(w->c, text, strlen(text));
    conn_fake_run(w->c);
    struct buf *out = conn_fake_out(w->c);
    buf_consume(&w->got, buf_len(&w->got));
    buf_add(&w->got, buf_data(out), buf_len(out));
    buf_consume(out, buf_len(out));
    buf_add(&w->got, "", 1);
    return (const char *)buf_data(&w->got);
}

static const char *ask_as_kas(struct world *w, const char *target, bool with_token)
{
    _cleanup_(freep) char *jwt = jwt_of(w);
    _cleanup_(freep) char *headers = xasprintf("Gitlab-Kas-Api-Request: %s\r\n%s", jwt,
                                               with_token ? "Authorization: Bearer " TOKEN "\r\n" : "");
    return ask(w, "GET", target, headers, "");
}

static void assert_has(const char *got, const char *status, const char *part)
{
    if (strncmp(got, "HTTP/1.1 ", 9) || strncmp(got + 9, status, strlen(status)) || !strstr(got, part))
        fail_msg("not %s with %s:\n%s", status, part, got);
}

static const char *log_text(struct world *w)
{
    buf_add(&w->log, "", 1);
    w->log.end--;
    return (const char *)buf_data(&w->log);
}

static void assert_logged(struct world *w, const char *what)
{
    if (!strstr(log_text(w), what))
        fail_msg("not logged: %s\nlog:\n%s", what, log_text(w));
}

/* ---- who is let in ---- */

static void agent_info(void **state)
{
    struct world *w = world_new(NULL, "{\"gitaly\": {\"address\": \"tcp://127.0.0.1:9092\", \"token\": \"gtok\"}}");
    for (int i = 0; i < 2; i++) { /* the second is remembered */
        const char *got = ask_as_kas(w, INFO, true);
        assert_has(got, "200 OK", "Content-Type: application/json\r\n");
        assert_has(got, "200 OK", "{\"project_id\":1,\"agent_id\":1,\"agent_name\":\"my-agent\",\"gitaly_info\":{\"address\":"
                                  "\"tcp://127.0.0.1:9092\",\"token\":\"gtok\",\"features\":{}}");
        assert_has(got, "200 OK", "\"gl_project_path\":\"grp/proj\"},\"default_branch\":\"main\"}");
    }
    assert_logged(w, "\"event\":\"gitlab.api\",\"method\":\"GET\",\"path\":\"" INFO "\",\"status\":200");
    assert_logged(w, "\"agent\":\"my-agent\",\"agent_id\":1");
    gitlab_set_gitaly(w->g, "tcp://127.0.0.1:1", NULL);
    assert_has(ask_as_kas(w, INFO, true), "200", "tcp://127.0.0.1:1\"");
    assert_int_equal(store_project_set_default_branch(w->store, store_project(w->store, 1), "trunk"), 0);
    assert_has(ask_as_kas(w, INFO, true), "200", "\"default_branch\":\"trunk\"");
    assert_null(strstr(log_text(w), TOKEN));
    world_free(w);
}

/* The flag before the JWT before the token before the project. */
static void order_of_checks(void **state)
{
    struct world *w = world_new(NULL, NULL);
    assert_has(ask(w, "GET", INFO, "", ""), "401", "{\"message\":\"KAS JWT authentication invalid\"}");
    assert_logged(w, "\"why\":\"JWT missing\"");
    assert_has(ask(w, "GET", INFO, "Authorization: Bearer " TOKEN "\r\nGitlab-Kas-Api-Request: x.y.z\r\n", ""), "401",
               "KAS JWT");
    assert_has(ask_as_kas(w, INFO, false), "401", "{\"message\":\"401 Unauthorized\"}");
    assert_int_equal(store_set_flag(w->store, "kubernetes_agent_on_gitlab_com", store_project(w->store, 1), false), 0);
    assert_has(ask_as_kas(w, INFO, false), "401", "401 Unauthorized");
    assert_has(ask_as_kas(w, INFO, true), "403", "{\"message\":\"403 Forbidden\"}");
    assert_int_equal(store_set_flag(w->store, "kubernetes_agent_internal_api", NULL, false), 0);
    assert_has(ask(w, "GET", INFO, "", ""), "404", "{\"message\":\"404 Not Found\"}");
    world_free(w);
}

static void revoked(void **state)
{
    struct world *w = world_new(NULL, NULL);
    _cleanup_(freep) char *err = NULL;
    json_t *args = json_string("my-agent");
    assert_has(ask_as_kas(w, INFO, true), "200", "");
    assert_int_equal(gitlab_perform(w->g, "revoke_token", args, &err), 0);
    assert_has(ask_as_kas(w, INFO, true), "401", "401 Unauthorized");
    assert_int_equal(gitlab_perform(w->g, "revoke_tokens", args, &err), -EINVAL);
    assert_non_null(strstr(err, "did you mean revoke_token?"));
    json_decref(args);
    world_free(w);
}

static void clocks_apart(void **state)
{
    struct world *w = world_new(NULL, "{\"clock\": \"+1m\"}");
    assert_has(ask_as_kas(w, INFO, true), "401", "KAS JWT");
    assert_logged(w, "JWT expired");
    json_t *args = json_string("-1m");
    assert_int_equal(gitlab_perform(w->g, "set_clock", args, NULL), 0);
    json_decref(args);
    assert_has(ask_as_kas(w, INFO, true), "401", "KAS JWT");
    assert_logged(w, "JWT not yet valid");
    world_free(w);
}

static void versions(void **state)
{
    struct world *w = world_new(NULL, "{\"version\": \"14.7\"}");
    assert_has(ask(w, "POST", PROXY_USER, "", ""), "404", "{\"error\":\"404 Not Found\"}");
    assert_has(ask_as_kas(w, INFO, true), "200", "");
    world_free(w);
    w = world_new(NULL, "{\"version\": \"16.0\"}");
    assert_has(ask(w, "POST", PROXY_USER, "", ""), "401", "KAS JWT");
    world_free(w);
}

static void bad_requests(void **state)
{
    static const struct {
        const char *method, *target, *status, *part;
    } cases[] = {
        {"GET", "/api/v4/internal/kubernetes/../../projects", "404", "{\"error\":\"404 Not Found\"}"},
        {"GET", "/api/v4/internal/kubernetes/%2e%2e/agent_info", "404", "{\"error\":\"404 Not Found\"}"},
        {"GET", "/api/v4/internal%2Fkubernetes%2Fagent_info", "404", "{\"error\":\"404 Not Found\"}"},
        {"GET", "/api/v4//internal/kubernetes/agent_info", "404", "{\"error\":\"404 Not Found\"}"},
        {"GET", "/api/v4/internal/kubernetes/agent_info%00", "400", "Bad Request"},
        {"GET", "/api/v4/%zz", "400", "Bad Request"},
        {"GET", "/api/v4/version?x=%ff", "400", "Bad Request"},
        {"GET", "/api/v4/nothing", "404", "{\"error\":\"404 Not Found\"}"},
        {"GET", "/nothing", "404", "text/html"},
        {"DELETE", INFO, "405", "Allow: GET, HEAD\r\n"},
        {"GET", "/api/v4/projects/1/cluster_agents", "401", "{\"message\":\"401 Unauthorized\"}"},
        {"GET", "/api/v4/job/allowed_agents", "401", "{\"message\":\"401 Unauthorized\"}"},
        {"GET", "/-/readiness", "200", "{\"status\":\"ok\""},
    };
    struct world *w = world_new(NULL, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_has(ask(w, cases[i].method, cases[i].target, "", ""), cases[i].status, cases[i].part);
    assert_has(ask_as_kas(w, INFO, true), "200", "");
    world_free(w);
}

/* Each template is whole; nothing of another's is let in; a form without the session's token does nothing. */
static void page(void **state)
{
    struct world *w = world_new(NULL, NULL);
    static const char *const paths[] = {"/", "/-/graphql-explorer"};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const char *got = ask(w, "GET", paths[i], "", "");
        assert_has(got, "200 OK", "Content-Security-Policy: default-src 'none'; script-src 'self'");
        assert_has(got, "200 OK", "Set-Cookie: _gitlab_session=");
        assert_has(got, "200 OK", "</html>\n");
    }
    assert_has(ask(w, "GET", "/assets/page.css", "", ""), "200", "Content-Type: text/css");
    assert_has(ask(w, "GET", "/assets/head.html", "", ""), "404", "The page could not be found");
    static const char form[] = "Content-Type: application/x-www-form-urlencoded\r\nCookie: _gitlab_session=s\r\n";
    assert_has(ask(w, "POST", "/-/agents/1/delete", form, "confirm=my-agent"), "422", "was rejected");
    assert_has(ask_as_kas(w, INFO, true), "200", "");
    world_free(w);
}

static void request_ids(void **state)
{
    struct world *w = world_new(NULL, NULL);
    assert_has(ask(w, "GET", "/-/health", "X-Request-Id: 01ABCDEF\r\n", ""), "200", "X-Request-Id: 01ABCDEF\r\n");
    const char *got = ask(w, "GET", "/-/health", "X-Request-Id: a b\r\n", "");
    assert_null(strstr(got, "a b"));
    assert_non_null(strstr(got, "X-Request-Id: 01"));
    world_free(w);
}

static void bad_settings(void **state)
{
    static const char *const specs[][2] = {
        {"{\"kas_secret\": \"c2hvcnQ=\"}", "gitlab.kas_secret"}, {"{\"kas_secret\": 5}", "gitlab.kas_secret"},
        {"{\"clock\": \"soon\"}", "gitlab.clock"},               {"{\"version\": 14.7}", "gitlab.version"},
        {"{\"version\": \"new\"}", "gitlab.version"},            {"{\"licence\": \"gold\"}", "gitlab.licence"},
        {"{\"limits\": {\"body\": 0}}", "gitlab.limits.body"},   {"{\"flags\": {\"x\": 1}}", "gitlab.flags.x"}};
    struct loop *loop = loop_new();
    struct events *events;
    struct store *store;
    char *err = NULL;
    assert_int_equal(events_open(NULL, NULL, &events), 0);
    assert_int_equal(store_open(&(struct store_options){0}, &store, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
        json_t *spec = json_loads(specs[i][0], 0, NULL);
        struct gitlab *g;
        struct gitlab_options o = {.loop = loop, .events = events, .store = store, .spec = spec};
        err = NULL;
        assert_int_equal(gitlab_start(&o, &g, &err), -EINVAL);
        assert_non_null(strstr(err, specs[i][1]));
        free(err);
        json_decref(spec);
    }
    loop_free(loop);
    store_free(store);
    events_free(events);
}

/* ---- faults ---- */

/* Each is done at the request, in place of GitLab's answer; what is on the wire is what the scenario says. */
static void faults_of_http(void **state)
{
    static const struct {
        const char *what, *begins, *has;
        enum conn_fake_closed closed;
    } cases[] = {
        {"{\"respond\": {\"status\": 500}}", "HTTP/1.1 500 Internal Server Error\r\n", "Content-Length: 0\r\n", FAKE_NOT_CLOSED},
        {"{\"respond\": {\"status\": 503, \"headers\": {\"Retry-After\": \"1\"}}}", "HTTP/1.1 503 Service Unavailable\r\n",
         "Retry-After: 1\r\n", FAKE_NOT_CLOSED},
        {"{\"respond\": {\"status\": 302, \"headers\": {\"Location\": \"https://h/\"}}}", "HTTP/1.1 302 Found\r\n",
         "Location: https://h/\r\n", FAKE_NOT_CLOSED},
        {"{\"respond\": {\"status\": 299, \"reason\": \"Odd\", \"body\": \"x\"}}", "HTTP/1.1 299 Odd\r\n", "\r\n\r\nx", FAKE_NOT_CLOSED},
        {"{\"respond\": {\"headers\": {\"Content-Type\": \"text/html\"}, \"body\": \"<html>\"}}", "HTTP/1.1 200 OK\r\n",
         "Content-Type: text/html\r\n", FAKE_NOT_CLOSED},
        {"{\"respond\": {\"headers\": {\"Content-Type\": \"application/json\"}, \"body\": \"{\"}}", "HTTP/1.1 200 OK\r\n", "\r\n\r\n{",
         FAKE_NOT_CLOSED},
        {"{\"respond\": {\"headers\": {\"Content-Length\": \"9\"}, \"body\": \"short\", \"close\": true}}", "HTTP/1.1 200 OK\r\n",
         "Content-Length: 9\r\n", FAKE_CLOSED},
        {"{\"respond\": {\"headers\": {\"Date\": null}, \"body\": {\"hex\": \"ff00\"}}}", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "",
         FAKE_NOT_CLOSED},
        {"{\"send\": \"HTTP/9 what\\r\\n\\r\\n\"}", "HTTP/9 what\r\n\r\n", "", FAKE_NOT_CLOSED},
        {"[{\"send\": {\"hex\": \"16030100\"}}, \"close\"]", "\x16\x03\x01", "", FAKE_CLOSED},
        {"\"close\"", "", "", FAKE_CLOSED},
        {"\"withhold\"", "", "", FAKE_NOT_CLOSED},
        {"\"stall\"", "", "", FAKE_NOT_CLOSED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(freep) char *list =
            xasprintf("[{\"at\": \"http.request\", \"when\": {\"path\": \"" INFO "\"}, \"do\": %s}]", cases[i].what);
        struct world *w = world_new(list, NULL);
        const char *got = ask_as_kas(w, INFO, true);
        if (strncmp(got, cases[i].begins, strlen(cases[i].begins)) || !strstr(got, cases[i].has) ||
            (!*cases[i].begins && *got) || strstr(got, "my-agent"))
            fail_msg("%s: %s", cases[i].what, got);
        assert_int_equal(conn_fake_closed(w->c), cases[i].closed);
        assert_logged(w, "\"event\":\"fault.hit\"");
        world_free(w);
    }
}

/* `times`, `delay`, `reset`, and that other calls are let alone. */
static void faults_that_end(void **state)
{
    struct world *w = world_new("[{\"at\": \"http.request\", \"when\": {\"path\": \"" INFO "\"}, \"times\": 1, \"do\": "
                                "{\"respond\": {\"status\": 503}}}]", NULL);
    assert_has(ask(w, "GET", "/-/health", "", ""), "200", "GitLab OK");
    assert_has(ask_as_kas(w, INFO, true), "503", "");
    assert_has(ask_as_kas(w, INFO, true), "200", "my-agent");
    world_free(w);
    w = world_new("[{\"at\": \"http.request\", \"do\": {\"delay\": \"1ms\"}}]", NULL);
    _cleanup_(freep) char *jwt = jwt_of(w);
    assert_has(ask_as_kas(w, INFO, true), "200", "my-agent");
    world_free(w);
    w = world_new("[{\"at\": \"http.request\", \"do\": \"reset\"}]", NULL);
    assert_string_equal(ask_as_kas(w, INFO, true), "");
    assert_int_equal(conn_fake_closed(w->c), FAKE_RESET);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agent_info),   cmocka_unit_test(order_of_checks), cmocka_unit_test(revoked),
        cmocka_unit_test(clocks_apart), cmocka_unit_test(versions),        cmocka_unit_test(bad_requests),
        cmocka_unit_test(page),         cmocka_unit_test(request_ids),  cmocka_unit_test(bad_settings),    cmocka_unit_test(faults_of_http),
        cmocka_unit_test(faults_that_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
