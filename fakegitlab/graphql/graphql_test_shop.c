#include "fakegitlab/graphql/graphql_test.h"

static int64_t user(struct store *s, const char *name)
{
    const struct gl_user *u;
    assert_int_equal(store_user_create(s, &(struct gl_user_spec){.username = name}, &u, NULL), 0);
    return u->id;
}

void shop_open(struct shop *s)
{
    static const char *const names[] = {"a1", "a2", "a3"};
    const struct gl_project *hidden;
    const struct gl_agent *a;
    *s = (struct shop){0};
    assert_int_equal(store_open(&(struct store_options){0}, &s->store, NULL), 0);
    s->maintainer = user(s->store, "mia");
    s->developer = user(s->store, "dan");
    s->stranger = user(s->store, "sue");
    struct gl_project_spec spec = {.path = "grp/proj", .visibility = GL_PUBLIC};
    assert_int_equal(store_project_create(s->store, &spec, &s->project, NULL), 0);
    spec = (struct gl_project_spec){.path = "grp/hidden", .visibility = GL_PRIVATE};
    assert_int_equal(store_project_create(s->store, &spec, &hidden, NULL), 0);
    store_project_member_set(s->store, s->project, store_user(s->store, s->maintainer), GL_MAINTAINER);
    store_project_member_set(s->store, s->project, store_user(s->store, s->developer), GL_DEVELOPER);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(store_agent_create(s->store, NULL, s->project, 0, names[i], &a, NULL), 0);
    s->agent = store_agent_by_name(s->project, "a1");
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_token_create(s->store, NULL, s->agent, &(struct gl_token_spec){.name = i ? "two" : "one"}, NULL,
                                            NULL, NULL),
                         0);
    s->options = (struct graphql_options){.store = s->store, .user = s->maintainer};
}

void shop_close(struct shop *s)
{
    store_free(s->store);
}

json_t *json_of(const char *text)
{
    json_error_t e;
    _cleanup_(freep) char *copy = xstrdup(text);
    for (char *p = copy; (p = strchr(p, '\'')); p++)
        *p = '"';
    for (char *p = copy; (p = strchr(p, '^')); p++)
        *p = '\'';
    json_t *j = json_loads(copy, JSON_DECODE_ANY, &e);
    if (!j)
        fail_msg("%s: %s", e.text, text);
    return j;
}

static json_t *ask(struct shop *s, const char *query, const char *variables)
{
    json_t *body = json_pack("{s:s}", "query", query);
    if (variables)
        json_object_set_new(body, "variables", json_of(variables));
    json_t *said = graphql_execute(&s->options, body);
    json_decref(body);
    return said;
}

void asked(struct shop *s, const char *query, const char *variables, const char *want)
{
    json_t *said = ask(s, query, variables), *wanted = json_of(want);
    if (!json_equal(said, wanted)) {
        _cleanup_(freep) char *text = json_dumps(said, 0);
        fail_msg("%s\nanswered: %s\nwanted:   %s", query, text, want);
    }
    json_decref(said);
    json_decref(wanted);
}

void refused(struct shop *s, const char *query, const char *variables, const char *message)
{
    json_t *said = ask(s, query, variables);
    const char *first = json_string_value(json_object_get(json_array_get(json_object_get(said, "errors"), 0), "message"));
    if (!first || strcmp(first, message) != 0) {
        _cleanup_(freep) char *text = json_dumps(said, 0);
        fail_msg("%s\nanswered: %s\nwanted:   %s", query, text, message);
    }
    json_decref(said);
}
