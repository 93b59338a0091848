/* The language: what is selected, in which shape it comes back, how errors travel. */
#include "fakegitlab/graphql/graphql_test.h"
#include "lib/base/buf.h"

static void selections(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    asked(&s, "{ project(fullPath: \"grp/proj\") { __typename p: path name path } }", NULL,
          "{'data':{'project':{'__typename':'Project','p':'proj','name':'proj','path':'proj'}}}");
    asked(&s, "query($p: ID!) { x: project(fullPath: $p) { ...F ... on Project { path } ... { name } } }\n"
              "fragment F on Project { fullPath clusterAgent(name: \"a1\") { id } clusterAgent(name: \"a1\") { name } }",
          "{'p':'grp/proj'}",
          "{'data':{'x':{'fullPath':'grp/proj','clusterAgent':{'id':'gid://gitlab/Clusters::Agent/1','name':'a1'},"
          "'path':'proj','name':'proj'}}}");
    asked(&s, "query($yes: Boolean!, $no: Boolean = false) { currentUser { id @skip(if: $yes) name @include(if: $no)\n"
              "username @skip(if: $no) @include(if: $yes) ...F @skip(if: $yes) ... @include(if: false) { webUrl } } }\n"
              "fragment F on UserCore { webPath }",
          "{'yes':true}", "{'data':{'currentUser':{'username':'mia'}}}");
    asked(&s, "{ echo(text: \"\"\"\n  two\n    lines\n\"\"\") }", NULL, "{'data':{'echo':'\\'mia\\' says: two\\n  lines'}}");
    shop_close(&s);
}

static void pages(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
#define AGENTS(ARGS, INNER) "{ project(fullPath: \"grp/proj\") { clusterAgents" ARGS " { " INNER " } } }"
#define ANSWER(INNER) "{'data':{'project':{'clusterAgents':{" INNER "}}}}"
    asked(&s, AGENTS("(first: 2)", "count nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"),
          NULL,
          ANSWER("'count':3,'nodes':[{'name':'a1'},{'name':'a2'}],'pageInfo':{'hasNextPage':true,'hasPreviousPage':false,"
                 "'startCursor':'eyJpZCI6IjEifQ','endCursor':'eyJpZCI6IjIifQ'}"));
    asked(&s, AGENTS("(first: 2, after: \"eyJpZCI6IjIifQ\")", "edges { cursor node { name } } pageInfo { hasNextPage }"),
          NULL, ANSWER("'edges':[{'cursor':'eyJpZCI6IjMifQ','node':{'name':'a3'}}],'pageInfo':{'hasNextPage':false}"));
    asked(&s, AGENTS("(last: 1, before: \"eyJpZCI6IjMifQ\")", "nodes { name } pageInfo { hasPreviousPage hasNextPage }"),
          NULL, ANSWER("'nodes':[{'name':'a2'}],'pageInfo':{'hasPreviousPage':true,'hasNextPage':true}"));
    asked(&s, AGENTS("(first: 0)", "nodes { name } pageInfo { endCursor }"), NULL,
          ANSWER("'nodes':[],'pageInfo':{'endCursor':null}"));
    asked(&s, AGENTS("(first: -1)", "nodes { name }"), NULL, ANSWER("'nodes':[]"));
    asked(&s, AGENTS("(name: \"a2\")", "count nodes { name }"), NULL, ANSWER("'count':1,'nodes':[{'name':'a2'}]"));
    refused(&s, AGENTS("(first: 1, last: 1)", "count"), NULL, "Can only provide either `first` or `last`, not both");
    refused(&s, AGENTS("(after: \"x\")", "count"), NULL, "Please provide a valid cursor");
    s.options.limits.page = 1;
    asked(&s, AGENTS("(first: 3)", "nodes { name }"), NULL, ANSWER("'nodes':[{'name':'a1'}]"));
    shop_close(&s);
}

static void variables(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    static const char query[] = "query($p: ID!, $n: Int = 1) { project(fullPath: $p) { clusterAgents(first: $n) { nodes { name } } } }";
    asked(&s, query, "{'p':'grp/proj'}", "{'data':{'project':{'clusterAgents':{'nodes':[{'name':'a1'}]}}}}");
    asked(&s, query, "{'p':'grp/proj','n':null}",
          "{'data':{'project':{'clusterAgents':{'nodes':[{'name':'a1'},{'name':'a2'},{'name':'a3'}]}}}}");
    asked(&s, query, "{'p':7}", "{'data':{'project':null}}");
    refused(&s, query, "{}", "Variable $p of type ID! was provided invalid value");
    refused(&s, query, "{'p':null}", "Variable $p of type ID! was provided invalid value");
    refused(&s, query, "{'p':'x','n':4294967296}", "Variable $n of type Int was provided invalid value");
    refused(&s, query, "[]", "Variables must be a JSON object");
    asked(&s, query, "'{\\'p\\':\\'grp/none\\'}'", "{'data':{'project':null}}");
    refused(&s, query, "'{'", "Variables must be a JSON object");
    refused(&s, "mutation($i: ClusterAgentDeleteInput!) { clusterAgentDelete(input: $i) { errors } }", "{'i':{'id':'1','x':2}}",
            "Variable $i of type ClusterAgentDeleteInput! was provided invalid value for x (Field is not defined on "
            "ClusterAgentDeleteInput)");
    refused(&s, "mutation($i: ClusterAgentDeleteInput!) { clusterAgentDelete(input: $i) { errors } }", "{'i':{'id':'1'}}",
            "Variable $i of type ClusterAgentDeleteInput! was provided invalid value for id (\"1\" is not a valid Global ID)");
    shop_close(&s);
}

static void which_operation(void **state)
{
    struct shop s;
    int status;
    (void)state;
    shop_open(&s);
    json_t *body = json_of("{'query':'query A { echo(text: \\'a\\') } query B { b: echo(text: \\'b\\') }'}");
    json_t *said = graphql_execute(&s.options, body);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(said, "errors"), 0), "message")),
                        "An operation name is required");
    json_decref(said);
    json_object_set_new(body, "operationName", json_string("B"));
    said = graphql_execute(&s.options, body);
    assert_non_null(json_object_get(json_object_get(said, "data"), "b"));
    json_decref(said);
    json_t *both = json_pack("[O, {s:s}]", body, "query", "mutation { createClusterAgent(input: {projectPath: \"x\", name: \"y\"}) { errors } }");
    said = graphql_request(&s.options, both, true, &status);
    assert_int_equal(json_array_size(said), 2);
    assert_int_equal(status, 422);
    json_decref(said);
    json_decref(both);
    json_decref(body);
    shop_close(&s);
}

static void null_travels(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    /* A failing field that may be null is null, and the rest is answered. */
    asked(&s, "{ project(fullPath: \"grp/proj\") { clusterAgents(after: \"x\") { count } name } }", NULL,
          "{'data':{'project':{'clusterAgents':null,'name':'proj'}},'errors':[{'message':'Please provide a valid cursor',"
          "'locations':[{'line':1,'column':35}],'path':['project','clusterAgents']}]}");
    /* Where it must not be, whatever holds it is null: here the whole answer. */
    s.options.limits.results = 1;
    asked(&s, "{ a: echo(text: \"1\") b: echo(text: \"2\") }", NULL,
          "{'data':null,'errors':[{'message':'Query has more than 1 results','locations':[{'line':1,'column':22}],'path':['b']}]}");
    s.options.limits.results = 3;
    asked(&s, "{ project(fullPath: \"grp/proj\") { clusterAgents { pageInfo { hasNextPage hasPreviousPage } } } }", NULL,
          "{'data':{'project':{'clusterAgents':null}},'errors':[{'message':'Query has more than 3 results',"
          "'locations':[{'line':1,'column':62}],'path':['project','clusterAgents','pageInfo','hasNextPage']}]}");
    shop_close(&s);
}

static const char *text_of(struct buf *b)
{
    buf_add(b, "", 1);
    return (const char *)buf_data(b);
}

/* {a{a{…}}} of introspection, by fragments that double at each step, by one long list: all end soon. */
static void limits(void **state)
{
    struct shop s;
    _cleanup_(buf_done) struct buf b = BUF_NULL;
    (void)state;
    shop_open(&s);
    buf_addf(&b, "{ project(fullPath: \"grp/proj\") { ...F0 } }");
    for (int i = 0; i < 60; i++)
        buf_addf(&b, " fragment F%d on Project { a: clusterAgent(name: \"a1\") { project { ...F%d } } "
                     "b: clusterAgent(name: \"a1\") { project { ...F%d } } }", i, i + 1, i + 1);
    buf_addf(&b, " fragment F60 on Project { id }");
    refused(&s, text_of(&b), NULL, "Query is too large to be validated");
    buf_consume(&b, buf_len(&b));
    buf_addf(&b, "{ __schema { types ");
    for (int i = 0; i < 8; i++)
        buf_addf(&b, "{ fields { type ");
    buf_addf(&b, "{ name } ");
    for (int i = 0; i < 8; i++)
        buf_addf(&b, "} } ");
    buf_addf(&b, "} }");
    s.options.limits.results = 1000;
    refused(&s, text_of(&b), NULL, "Query has more than 1000 results");
    s.options.limits.results = 0;
    buf_consume(&b, buf_len(&b));
    buf_addf(&b, "{ project(fullPath: \"grp/proj\") { ");
    for (int i = 0; i < 300; i++)
        buf_addf(&b, "f%d: id ", i);
    buf_addf(&b, "} }");
    refused(&s, text_of(&b), NULL, "Query has complexity of 301, which exceeds max complexity of 250");
    buf_consume(&b, buf_len(&b));
    buf_addf(&b, "{ project(fullPath: \"grp/proj\") ");
    for (int i = 0; i < 10; i++)
        buf_addf(&b, "{ clusterAgent(name: \"a1\") { project ");
    buf_addf(&b, "{ id } ");
    for (int i = 0; i < 10; i++)
        buf_addf(&b, "} } ");
    buf_addf(&b, "}");
    refused(&s, text_of(&b), NULL, "Query has depth of 22, which exceeds max depth of 20");
    shop_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections),      cmocka_unit_test(pages),        cmocka_unit_test(variables),
        cmocka_unit_test(which_operation), cmocka_unit_test(null_travels), cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
