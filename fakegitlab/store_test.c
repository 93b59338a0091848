/* The store in memory: GitLab's rules and words, permissions, cascades, look-ups, what jobs and users may use. */
#include "fakegitlab/store_test.h"

#include "lib/base/clock.h"

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

static void refuses(struct fixture *f, const struct gl_user *by, const char *name, int r, const char *errors)
{
    json_t *got = NULL;
    const struct gl_agent *a = NULL;
    assert_int_equal(store_agent_create(f->store, by, f->project, 0, name, &a, &got), r);
    assert_null(a);
    assert_errors(got, errors);
}

#define BAD_NAME "Name can contain only lowercase letters, digits, and '-', but cannot start or end with '-'"

static void names_of_agents(void **state)
{
    struct fixture *f = *state;
    char longest[65];
    memset(longest, 'a', 64);
    longest[64] = 0;
    refuses(f, NULL, "My_Agent", -EINVAL, BAD_NAME);
    refuses(f, NULL, "-a", -EINVAL, BAD_NAME);
    refuses(f, NULL, "a-", -EINVAL, BAD_NAME);
    refuses(f, NULL, "a\n", -EINVAL, BAD_NAME);
    refuses(f, NULL, "", -EINVAL, "Name can't be blank and " BAD_NAME);
    refuses(f, NULL, NULL, -EINVAL, "Name can't be blank and " BAD_NAME);
    refuses(f, NULL, "my-agent", -EINVAL, "Name has already been taken");
    refuses(f, NULL, longest, -EINVAL, "Name is too long (maximum is 63 characters)");
    longest[63] = 0;
    make_agent(f->store, f->project, longest);
    make_agent(f->store, f->project, "7");
    make_agent(f->store, make_project(f->store, "grp/other"), "my-agent");
}

static void who_may_make_agents(void **state)
{
    struct fixture *f = *state;
    const struct gl_agent *a;
    refuses(f, f->dev, "x", -EPERM, "You have insufficient permissions to create a cluster agent for this project");
    refuses(f, f->stranger, "x", -EPERM, "You have insufficient permissions to create a cluster agent for this project");
    assert_int_equal(store_agent_create(f->store, f->root, f->project, 0, "by-root", &a, NULL), 0);
    assert_ptr_equal(a->created_by, f->root);
    const struct gl_group *g = store_group_by_path(f->store, "grp");
    assert_int_equal(store_group_member_set(f->store, g, f->dev, GL_MAINTAINER), 0);
    assert_int_equal(store_agent_create(f->store, f->dev, f->project, 0, "by-dev", &a, NULL), 0);
    assert_true(store_can_see(f->project, f->dev));
    assert_false(store_can_see(f->project, f->stranger));
    assert_false(store_can_see(f->project, NULL));
    assert_int_equal(store_project_set_visibility(f->store, f->project, GL_PUBLIC), 0);
    assert_true(store_can_see(f->project, NULL));
    json_t *errors = NULL;
    assert_int_equal(store_agent_delete(f->store, f->stranger, a, &errors), -EPERM);
    assert_errors(errors, "You have insufficient permissions to delete this cluster agent");
}

static void a_token_lives_and_dies(void **state)
{
    struct fixture *f = *state;
    _cleanup_(freep) char *secret = make_token(f->store, f->agent, "n");
    json_t *errors = NULL;
    assert_int_equal(strlen(secret), 50);
    const struct gl_token *t = store_token_use(f->store, secret, strlen(secret));
    assert_non_null(t);
    assert_ptr_equal(t->agent, f->agent);
    assert_true(t->last_used_at > 0);
    assert_null(store_token_use(f->store, secret, strlen(secret) - 1));
    assert_null(store_token_use(f->store, "", 0));
    assert_int_equal(store_token_revoke(f->store, f->dev, t, &errors), -EPERM);
    assert_errors(errors, "User has insufficient permissions to revoke the token for this project");
    assert_int_equal(store_token_revoke(f->store, f->root, t, NULL), 0);
    assert_null(store_token_use(f->store, secret, strlen(secret)));
    assert_int_equal(f->agent->n_tokens, 1);
    assert_true(f->agent->tokens[0]->revoked);
    assert_int_equal(store_token_delete(f->store, NULL, t, NULL), 0);
    assert_int_equal(f->agent->n_tokens, 0);
}

static void what_a_token_may_not_be(void **state)
{
    struct fixture *f = *state;
    json_t *errors = NULL;
    _cleanup_(freep) char *one = make_token(f->store, f->agent, "1");
    struct gl_token_spec spec = {.name = " "};
    assert_int_equal(store_token_create(f->store, NULL, f->agent, &spec, NULL, NULL, &errors), -EINVAL);
    assert_errors(errors, "Name can't be blank");
    errors = NULL;
    spec.name = "n";
    assert_int_equal(store_token_create(f->store, f->dev, f->agent, &spec, NULL, NULL, &errors), -EPERM);
    assert_errors(errors, "User has insufficient permissions to create a token for this project");
    errors = NULL;
    spec.secret = one;
    assert_int_equal(store_token_create(f->store, NULL, f->agent, &spec, NULL, NULL, &errors), -EINVAL);
    assert_errors(errors, "Token has already been taken");
    errors = NULL;
    spec.secret = NULL;
    _cleanup_(freep) char *two = make_token(f->store, f->agent, "2"), *three = make_token(f->store, f->agent, "3");
    assert_int_equal(store_set_flag(f->store, "cluster_agents_limit_tokens_created", NULL, true), 0);
    assert_int_equal(store_token_create(f->store, NULL, f->agent, &spec, NULL, NULL, &errors), -EINVAL);
    assert_errors(errors, "An agent can have only two active tokens at a time");
}

static void the_agent_takes_its_tokens_along(void **state)
{
    struct fixture *f = *state;
    _cleanup_(freep) char *a = make_token(f->store, f->agent, "a"), *b = make_token(f->store, f->agent, "b");
    int64_t id = f->agent->id, token = f->agent->tokens[0]->id;
    assert_int_equal(store_agent_delete(f->store, NULL, f->agent, NULL), 0);
    assert_null(store_agent(f->store, id));
    assert_null(store_token(f->store, token));
    assert_null(store_agent_by_name(f->project, "my-agent"));
    assert_null(store_token_use(f->store, a, strlen(a)));
    assert_null(store_token_use(f->store, b, strlen(b)));
    assert_true(make_agent(f->store, f->project, "my-agent")->id > id); /* an id is never given twice */
}

static void the_project_takes_everything_along(void **state)
{
    struct fixture *f = *state;
    _cleanup_(freep) char *token = make_token(f->store, f->agent, "a"), *job = NULL;
    assert_int_equal(store_job_create(f->store, &(struct gl_job_spec){.project = f->project, .user = f->dev}, NULL, &job,
                                      NULL), 0);
    assert_non_null(store_job_by_token(f->store, job, strlen(job)));
    assert_int_equal(store_project_delete(f->store, f->project), 0);
    assert_null(store_project_by_path(f->store, "grp/proj"));
    assert_null(store_token_use(f->store, token, strlen(token)));
    assert_null(store_job_by_token(f->store, job, strlen(job)));
    make_project(f->store, "grp/proj");
}

static void a_project_is_found(void **state)
{
    struct fixture *f = *state;
    char id[32];
    snprintf(id, sizeof(id), "%d", (int)f->project->id);
    assert_ptr_equal(store_project_by_ref(f->store, "grp/proj"), f->project);
    assert_ptr_equal(store_project_by_ref(f->store, id), f->project);
    assert_null(store_project_by_ref(f->store, "99999999999999999999"));
    assert_null(store_project_by_ref(f->store, "1x"));
    assert_null(store_project_by_ref(f->store, "grp"));
    assert_string_equal(f->project->gl_repository, "project-1");
    assert_string_equal(f->project->relative_path,
                        "@hashed/6b/86/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b.git");
    assert_ptr_equal(store_project_by_relative_path(f->store, f->project->relative_path), f->project);
    static const char *const bad[] = {"", "/a", "a/", "a//b", "../a", "-a/b", "a/b.git", "a/b c", "a/.", "grp", "grp/proj"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(store_project_create(f->store, &(struct gl_project_spec){.path = bad[i]}, NULL, NULL), -EINVAL);
    assert_int_equal(store_group_create(f->store, "grp/proj/x", NULL, NULL), -EINVAL);
}

static void which_agents_a_job_may_use(void **state)
{
    struct fixture *f = *state;
    const struct gl_project *app = make_project(f->store, "grp/team/app"), *far = make_project(f->store, "far/app");
    const struct gl_job *j, *k;
    const struct gl_agent *by_group = make_agent(f->store, f->project, "by-group");
    json_t *config = js("{'ci_access':{'projects':[{'id':'grp/team/app','default_namespace':'ns','access_as':{'ci_job':{}}},"
                        "{'id':'far/app'}]}}");
    json_t *groups = js("{'ci_access':{'groups':[{'id':'grp/team'},{'id':'grp','default_namespace':'wide'}]}}");
    assert_int_equal(store_agent_configure(f->store, f->agent, config), 0);
    assert_int_equal(store_agent_configure(f->store, by_group, groups), 0);
    json_decref(config);
    json_decref(groups);
    struct gl_job_spec spec = {.id = 3, .pipeline_id = 6, .project = app, .user = f->root, .environment = "prod",
                               .tier = "production"};
    assert_int_equal(store_job_create(f->store, &spec, &j, NULL, NULL), 0);
    assert_json(store_allowed_agents(f->store, j),
                "{'allowed_agents':[{'id':1,'config_project':{'id':1},'configuration':{'default_namespace':'ns','access_as':"
                "{'ci_job':{}}}},{'id':2,'config_project':{'id':1},'configuration':{}}],'job':{'id':3},'pipeline':{'id':6},"
                "'project':{'id':2,'groups':[{'id':2},{'id':1}]},'environment':{'slug':'prod','tier':'production'},"
                "'user':{'id':1,'username':'root','roles_in_project':['guest','reporter','developer','maintainer','owner']}}");
    spec = (struct gl_job_spec){.project = far, .user = f->dev};
    assert_int_equal(store_job_create(f->store, &spec, &k, NULL, NULL), 0);
    assert_int_equal(k->pipeline_id, 7);
    json_t *answer = store_allowed_agents(f->store, k); /* another topmost group: not for it */
    assert_int_equal(json_array_size(json_object_get(answer, "allowed_agents")), 0);
    assert_null(json_object_get(answer, "environment"));
    json_decref(answer);
    spec = (struct gl_job_spec){.project = f->project, .user = f->dev};
    assert_int_equal(store_job_create(f->store, &spec, &k, NULL, NULL), 0);
    answer = store_allowed_agents(f->store, k); /* the agents' own project */
    assert_int_equal(json_array_size(json_object_get(answer, "allowed_agents")), 2);
    json_decref(answer);
    assert_int_equal(store_job_set_status(f->store, k, "success"), 0);
    assert_string_equal(k->status, "success");
}

static void agents_that_a_job_was_given(void **state)
{
    struct fixture *f = *state;
    const struct gl_job *j;
    json_t *said = js("[{'agent':1,'configuration':{'access_as':{'agent':{}}}},{'agent':99}]");
    struct gl_job_spec spec = {.project = make_project(f->store, "far/app"), .user = f->dev, .allowed_agents = said};
    assert_int_equal(store_job_create(f->store, &spec, &j, NULL, NULL), 0);
    json_decref(said);
    json_t *answer = store_allowed_agents(f->store, j);
    assert_json(json_incref(json_object_get(answer, "allowed_agents")),
                "[{'id':1,'config_project':{'id':1},'configuration':{'access_as':{'agent':{}}}}]");
    json_decref(answer);
}

static void which_agents_a_user_may_use(void **state)
{
    struct fixture *f = *state;
    _cleanup_(freep) char *pat = NULL, *cookie = NULL;
    json_t *answer = NULL;
    assert_int_equal(store_credential_create(f->store, f->dev, GL_PERSONAL_ACCESS_TOKEN, "t", NULL, &pat, NULL), 0);
    assert_int_equal(store_credential_create(f->store, f->stranger, GL_SESSION, NULL, NULL, &cookie, NULL), 0);
    assert_ptr_equal(store_user_by_secret(f->store, GL_PERSONAL_ACCESS_TOKEN, pat, strlen(pat)), f->dev);
    assert_null(store_user_by_secret(f->store, GL_SESSION, pat, strlen(pat)));
    assert_int_equal(store_authorize_proxy_user(f->store, 1, "personal_access_token", pat, &answer), -EPERM);
    json_t *config = js("{'user_access':{'access_as':{'user':{}},'projects':[{'id':'grp/proj'}]}}");
    assert_int_equal(store_agent_configure(f->store, f->agent, config), 0);
    json_decref(config);
    assert_int_equal(store_authorize_proxy_user(f->store, 1, "personal_access_token", pat, &answer), 0);
    assert_json(answer, "{'agent':{'id':1,'config_project':{'id':1}},'user':{'id':2,'username':'dev'},'access_as':"
                        "{'user':{'projects':[{'id':1,'roles':['reporter','developer']}],'groups':[]}}}");
    assert_int_equal(store_authorize_proxy_user(f->store, 1, "session_cookie", cookie, &answer), -EPERM);
    assert_int_equal(store_authorize_proxy_user(f->store, 1, "session_cookie", pat, &answer), -EACCES);
    assert_int_equal(store_authorize_proxy_user(f->store, 9, "session_cookie", cookie, &answer), -ENOENT);
    assert_int_equal(store_authorize_proxy_user(f->store, 1, "oauth", cookie, &answer), -EINVAL);
}

static void licence_and_flags(void **state)
{
    struct fixture *f = *state;
    assert_true(store_licensed(f->store, "cilium_alerts"));
    assert_int_equal(store_set_licence(f->store, GL_FREE), 0);
    assert_false(store_licensed(f->store, "cilium_alerts"));
    assert_true(store_flag(f->store, "kubernetes_agent_internal_api", NULL));
    assert_false(store_flag(f->store, "some_other", f->project));
    assert_int_equal(store_set_flag(f->store, "kubernetes_agent_on_gitlab_com", f->project, false), 0);
    assert_false(store_flag(f->store, "kubernetes_agent_on_gitlab_com", f->project));
    assert_true(store_flag(f->store, "kubernetes_agent_on_gitlab_com", NULL));
}

/* ---- knowing of changes */

struct seen {
    struct store *store;
    struct store_sub *sub;
    json_t *list;
};

static void on_change(void *arg, const struct store_change *c)
{
    struct seen *seen = arg;
    json_array_append_new(seen->list, store_change_json(c));
    if (json_array_size(seen->list) == 4)
        seen->sub = store_unsubscribe(seen->sub); /* in its own callback */
}

static void changes_are_told(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store, .list = json_array()};
    seen.sub = store_subscribe(f->store, on_change, &seen);
    _cleanup_(freep) char *secret = make_token(f->store, f->agent, "n");
    store_token_use(f->store, secret, strlen(secret));
    store_token_use(f->store, secret, strlen(secret)); /* told once a minute */
    store_set_licence(f->store, GL_PREMIUM);
    assert_int_equal(store_token_revoke(f->store, NULL, f->agent->tokens[0], NULL), 0);
    assert_int_equal(store_agent_delete(f->store, NULL, f->agent, NULL), 0); /* nobody listens any more */
    assert_null(seen.sub);
    assert_json(seen.list, "[{'kind':'token','op':'created','id':1,'agent_id':1,'project_id':1},"
                           "{'kind':'token','op':'updated','id':1,'agent_id':1,'project_id':1,'name':'used'},"
                           "{'kind':'setting','op':'updated','name':'licence'},"
                           "{'kind':'token','op':'updated','id':1,'agent_id':1,'project_id':1,'name':'revoked'}]");
}

static void secrets_do_not_reach_the_log(void **state)
{
    struct events *events;
    struct store *s = NULL;
    char *err = NULL;
    (void)state;
    assert_int_equal(events_open(NULL, NULL, &events), 0);
    assert_int_equal(store_open(&(struct store_options){.events = events}, &s, &err), 0);
    _cleanup_(freep) char *secret = make_token(s, make_agent(s, make_project(s, "a/b"), "x"), "n");
    _cleanup_(freep) char *line = xasprintf("Bearer %s", secret), *shown = events_redact(events, line);
    assert_string_equal(shown, "Bearer <token>");
    store_free(s);
    events_free(events);
}

/* The way of every call of KAS, of which 40 000 a second are wanted; a tenth must do under sanitizers. */
#ifdef __SANITIZE_ADDRESS__
#define WANTED 4000
#else
#define WANTED 40000
#endif
static void tokens_are_found_quickly(void **state)
{
    struct fixture *f = *state;
    enum { TOKENS = 2000, USES = 200000 };
    char *secrets[TOKENS];
    for (int i = 0; i < TOKENS; i++)
        secrets[i] = make_token(f->store, f->agent, "n");
    uint64_t start = clock_ns();
    for (int i = 0; i < USES; i++)
        assert_non_null(store_token_use(f->store, secrets[i % TOKENS], 50));
    double seconds = (double)(clock_ns() - start) / 1e9;
    print_message("%.0f look-ups a second\n", USES / seconds);
    assert_true(USES / seconds > WANTED);
    for (int i = 0; i < TOKENS; i++)
        free(secrets[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(names_of_agents),
        T(who_may_make_agents),
        T(a_token_lives_and_dies),
        T(what_a_token_may_not_be),
        T(the_agent_takes_its_tokens_along),
        T(the_project_takes_everything_along),
        T(a_project_is_found),
        T(which_agents_a_job_may_use),
        T(agents_that_a_job_was_given),
        T(which_agents_a_user_may_use),
        T(licence_and_flags),
        T(changes_are_told),
        T(secrets_do_not_reach_the_log),
        T(tokens_are_found_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
