/* Seeds: what {} means, what each key does, and that mistakes are told with their place and the cure. */
#include "fakegitlab/store_test.h"

#include <stdio.h>
#include <unistd.h>

#include "fakegitlab/repository.h"
#include "lib/script/schema.h"
#include "lib/script/yaml.h"

struct world {
    struct store *store;
    json_t *secrets;
};

static int set_up(void **state)
{
    struct world *w = NEW(struct world);
    w->store = open_store(NULL);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    store_free(w->store);
    json_decref(w->secrets);
    free(w);
    return 0;
}

/* {"$ref": "#/$defs/gitlabSeed"} with the schema's definitions. */
static json_t *seed_schema(void)
{
    json_error_t e;
    json_t *schema = json_load_file(SCENARIO_SCHEMA, 0, &e);
    assert_non_null(schema);
    json_t *own = json_pack("{sssO}", "$ref", "#/$defs/gitlabSeed", "$defs", json_object_get(schema, "$defs"));
    json_decref(schema);
    return own;
}

/* What the seed's mistakes are; "" if there are none. A new string. With the schema: what that says of it. */
static char *seed_yaml(struct world *w, const char *text, bool by_schema)
{
    struct problems *p = problems_new();
    struct yaml_doc *doc = yaml_read_text("seed.yaml", text, strlen(text), p);
    if (doc && by_schema) {
        json_t *schema = seed_schema();
        schema_check(schema, doc, p);
        json_decref(schema);
    } else if (doc) {
        store_seed(w->store, yaml_root(doc), doc, NULL, p, &w->secrets);
    }
    char *all = problems_text(p);
    problems_free(p);
    yaml_done(doc);
    return all;
}

static void seeds(struct world *w, const char *text)
{
    _cleanup_(freep) char *by_schema = seed_yaml(w, text, true), *problems = seed_yaml(w, text, false);
    assert_string_equal(by_schema, "");
    assert_string_equal(problems, "");
}

static const char *secret(struct world *w, const char *kind, const char *name, size_t i)
{
    const json_t *of = json_object_get(w->secrets, kind);
    const char *text = json_string_value(json_array_get(name ? json_object_get(of, name) : of, i));
    assert_non_null(text);
    return text;
}

static void the_default(void **state)
{
    struct world *w = *state;
    struct git_entry e;
    assert_true(store_is_empty(w->store));
    seeds(w, "{}\n");
    const struct gl_project *p = store_project_by_path(w->store, "grp/proj");
    const struct gl_agent *a = store_agent(w->store, 1);
    const char *token = secret(w, "agents", "my-agent", 0), *pat = secret(w, "users", "root", 0);
    assert_string_equal(a->name, "my-agent");
    assert_ptr_equal(a->project, p);
    assert_ptr_equal(store_token_use(w->store, token, strlen(token))->agent, a);
    assert_true(store_user_by_secret(w->store, GL_PERSONAL_ACCESS_TOKEN, pat, strlen(pat))->admin);
    assert_int_equal(repository_entry(p, repository_head(p), ".gitlab/agents/my-agent/config.yaml", &e), 0);
    assert_false(store_is_empty(w->store));
}

static void no_seed_at_all(void **state)
{
    struct world *w = *state;
    struct problems *p = problems_new();
    assert_int_equal(store_seed(w->store, NULL, NULL, NULL, p, NULL), 0);
    assert_int_equal(problems_count(p), 0);
    assert_non_null(store_agent(w->store, 1));
    problems_free(p);
}

static const char whole[] =
    "users:\n"
    "  - {username: root, id: 7, admin: true, tokens: [root-token, null]}\n"
    "  - {username: dev, name: Dev, sessions: [cookie]}\n"
    "groups:\n"
    "  - {path: grp/team, members: {dev: developer}}\n"
    "projects:\n"
    "  - path: grp/team/conf\n"
    "    id: 150\n"
    "    visibility: public\n"
    "    default_branch: trunk\n"
    "    members: {dev: maintainer}\n"
    "    flags: {kubernetes_agent_on_gitlab_com: false}\n"
    "    files:\n"
    "      a.txt: hello\n"
    "      .gitlab/agents/one/config.yaml: {gitops: {manifest_projects: [{id: grp/app}]}}\n"
    "    sizes: {big.yaml: 140000}\n"
    "    commits:\n"
    "      - {message: second, files: {a.txt: null}, id: '2222222222222222222222222222222222222222'}\n"
    "      - {branch: other, files: {b: '1'}}\n"
    "  - {path: grp/none, empty: true}\n"
    "agents:\n"
    "  - name: one\n"
    "    id: 5\n"
    "    created_by: dev\n"
    "    tokens: [first-token, {name: old, token: old-token, revoked: true, description: d, id: 9}]\n"
    "    config: {ci_access: {projects: [{id: grp/team/conf, default_namespace: ns}]}}\n"
    "  - {name: two, project: grp/none, tokens: []}\n"
    "jobs:\n"
    "  - {token: job-token, id: 3, pipeline: 6, user: dev, environment: {slug: prod, tier: production}}\n"
    "  - {project: grp/none, status: failed, environment: test, agents: [two, {agent: one, configuration: {x: 1}}]}\n"
    "licence: premium\n"
    "flags: {some_flag: true}\n";

static void users_and_projects(void **state)
{
    struct world *w = *state;
    struct git_entry e;
    seeds(w, whole);
    const struct gl_user *dev = store_user_by_name(w->store, "dev");
    const struct gl_project *p = store_project(w->store, 150);
    assert_int_equal(store_user_by_secret(w->store, GL_PERSONAL_ACCESS_TOKEN, "root-token", 10)->id, 7);
    assert_int_equal(strlen(secret(w, "users", "root", 1)), strlen("glpat-") + 32);
    assert_ptr_equal(store_user_by_secret(w->store, GL_SESSION, "cookie", 6), dev);
    assert_int_equal(store_group_access(p->group, dev), GL_DEVELOPER);
    assert_int_equal(store_access(p, dev), GL_MAINTAINER);
    assert_int_equal(p->visibility, GL_PUBLIC);
    assert_false(store_flag(w->store, "kubernetes_agent_on_gitlab_com", p));
    assert_true(store_flag(w->store, "some_flag", NULL));
    assert_int_equal(store_licence(w->store), GL_PREMIUM);
    const struct git_commit *head = repository_head(p), *first = head->parent;
    assert_string_equal(head->id, "2222222222222222222222222222222222222222");
    assert_int_equal(repository_entry(p, head, "a.txt", &e), -ENOENT);
    assert_int_equal(repository_entry(p, first, "a.txt", &e), 0);
    assert_int_equal(repository_entry(p, first, "big.yaml", &e), 0);
    assert_int_equal(e.size, 140000);
    assert_int_equal(repository_entry(p, first, ".gitlab/agents/one/config.yaml", &e), 0);
    assert_non_null(repository_commit(p, "other", 5));
    assert_true(repository_is_empty(store_project_by_path(w->store, "grp/none")));
}

static void agents_and_jobs(void **state)
{
    struct world *w = *state;
    seeds(w, whole);
    const struct gl_agent *one = store_agent(w->store, 5);
    assert_string_equal(one->created_by->username, "dev");
    assert_ptr_equal(store_token_use(w->store, "first-token", 11)->agent, one);
    assert_null(store_token_use(w->store, "old-token", 9));
    assert_string_equal(store_token(w->store, 9)->description, "d");
    assert_int_equal(store_agent(w->store, 6)->n_tokens, 0);
    const struct gl_job *j = store_job_by_token(w->store, "job-token", 9);
    json_t *answer = store_allowed_agents(w->store, j);
    assert_json(json_incref(json_object_get(answer, "allowed_agents")),
                "[{'id':5,'config_project':{'id':150},'configuration':{'default_namespace':'ns'}}]");
    json_decref(answer);
    const char *second = secret(w, "jobs", NULL, 1);
    j = store_job_by_token(w->store, second, strlen(second));
    assert_string_equal(j->status, "failed");
    answer = store_allowed_agents(w->store, j);
    assert_int_equal(json_array_size(json_object_get(answer, "allowed_agents")), 2);
    json_decref(answer);
}

static void mistakes_have_a_place_and_a_cure(void **state)
{
    static const struct {
        const char *seed, *says;
    } cases[] = {
        {"[]\n", "seed.yaml:1:1: expected a mapping with the keys users groups projects agents jobs licence flags\n"},
        {"agent: []\n", "seed.yaml:1:8: the key \"agent\" is not known; did you mean \"agents\"?\n"},
        {"agents: [{name: My_Agent}]\n",
         "seed.yaml:1:17: Name can contain only lowercase letters, digits, and '-', but cannot start or end with '-'\n"},
        {"agents:\n  - {name: a, project: nope}\n",
         "seed.yaml:2:24: there is no project \"nope\"; name one of `projects` by its path\n"},
        {"agents:\n  - {name: a, tokens: [{name: n, token: 12}]}\n",
         "seed.yaml:2:41: expected a text; a number or word that is meant as text stands in quotes\n"},
        {"projects:\n  - {path: a/b, members: {nobody: developer}}\n",
         "seed.yaml:2:26: there is no user \"nobody\"; name one of `users`\n"},
        {"projects: [{path: a/b, visibility: secret}]\n",
         "seed.yaml:1:36: \"secret\" is none; expected public or private\n"},
        {"projects: [{path: a/b}, {path: a/b}]\n", "seed.yaml:1:32: Path has already been taken\n"},
        {"projects: [{path: a/b, id: 0}]\n", "seed.yaml:1:28: expected a whole number above 0\n"},
        {"projects: [{path: a/b, files: {../x: '1'}}]\n",
         "seed.yaml:1:31: The path \"../x\" is not one of a file: expected words with / between, none of them empty, \".\", "
         "\"..\" or \".git\"\n"},
        {"projects: [{path: a/b, folder: /nowhere/at/all}]\n",
         "seed.yaml:1:32: the folder /nowhere/at/all of the project a/b cannot be read: No such file or directory\n"},
        {"licence: gold\n", "seed.yaml:1:10: \"gold\" is none; expected free, premium or ultimate\n"},
        {"jobs: [{agents: [nope]}]\n", "seed.yaml:1:17: there is no agent \"nope\"; name one of `agents`\n"},
        {"users: [{username: a}, {username: b, admin: 3}]\njobs: [{user: c}]\n",
         "seed.yaml:1:45: expected true or false\nseed.yaml:2:15: there is no user \"c\"; name one of `users`\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world w = {.store = open_store(NULL)};
        _cleanup_(freep) char *says = seed_yaml(&w, cases[i].seed, false);
        assert_string_equal(says, cases[i].says);
        assert_null(w.secrets);
        store_free(w.store);
    }
}

static void without_a_document_the_path_is_told(void **state)
{
    struct world *w = *state;
    struct problems *p = problems_new();
    json_t *seed = js("{'agents':[{'name':'a'},{'name':'a'}]}");
    assert_int_equal(store_seed(w->store, seed, NULL, NULL, p, NULL), -EINVAL);
    _cleanup_(freep) char *text = problems_text(p);
    assert_string_equal(text, "seed: agents[1].name: Name has already been taken\n");
    problems_free(p);
    json_decref(seed);
}

static void a_bad_seed_leaves_nothing_on_disk(void **state)
{
    char root[] = "/tmp/fakegitlab-seed-XXXXXX";
    assert_non_null(mkdtemp(root));
    _cleanup_(freep) char *dir = xasprintf("%s/data", root), *command = xasprintf("rm -rf '%s'", root);
    struct world w = {.store = open_store(dir)};
    (void)state;
    _cleanup_(freep) char *says = seed_yaml(&w, "jobs: [{user: nobody}]\n", false);
    assert_string_not_equal(says, "");
    store_free(w.store);
    w.store = open_store(dir);
    assert_true(store_is_empty(w.store));
    seeds(&w, whole);
    store_free(w.store);
    w.store = open_store(dir);
    assert_non_null(store_token_use(w.store, "first-token", 11));
    assert_string_equal(repository_head(store_project(w.store, 150))->message, "second");
    store_free(w.store);
    json_decref(w.secrets);
    assert_int_equal(system(command), 0);
}

static void a_folder_beside_the_seed(void **state)
{
    struct world *w = *state;
    char root[] = "/tmp/fakegitlab-seed-XXXXXX";
    assert_non_null(mkdtemp(root));
    _cleanup_(freep) char *make = xasprintf("mkdir '%s/conf' && echo 1 > '%s/conf/f'", root, root);
    _cleanup_(freep) char *remove = xasprintf("rm -rf '%s'", root);
    assert_int_equal(system(make), 0);
    struct problems *p = problems_new();
    struct git_entry e;
    json_t *seed = js("{'projects':[{'path':'a/b','folder':'conf'}]}");
    assert_int_equal(store_seed(w->store, seed, NULL, root, p, NULL), 0);
    const struct gl_project *project = store_project_by_path(w->store, "a/b");
    assert_int_equal(repository_entry(project, repository_head(project), "f", &e), 0);
    problems_free(p);
    json_decref(seed);
    assert_int_equal(system(remove), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_default),
        T(no_seed_at_all),
        T(users_and_projects),
        T(agents_and_jobs),
        cmocka_unit_test(mistakes_have_a_place_and_a_cure),
        T(without_a_document_the_path_is_told),
        cmocka_unit_test(a_bad_seed_leaves_nothing_on_disk),
        T(a_folder_beside_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
