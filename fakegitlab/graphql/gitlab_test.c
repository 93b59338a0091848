/* What GitLab answers about agents and tokens, who may do it, and what the documentation prints. */
#include "fakegitlab/graphql/graphql_test.h"

#define GONE                                                                                                         \
    "The resource that you are attempting to access does not exist or you don't have permission to perform this action"

static void documented_query(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    asked(&s, "query{\n  project(fullPath: \"grp/proj\") {\n    clusterAgent(name: \"a1\") {\n      id\n      tokens {\n"
              "        edges {\n          node {\n            id\n          }\n        }\n      }\n    }\n  }\n}\n",
          NULL,
          "{'data':{'project':{'clusterAgent':{'id':'gid://gitlab/Clusters::Agent/1','tokens':{'edges':["
          "{'node':{'id':'gid://gitlab/Clusters::AgentToken/1'}},{'node':{'id':'gid://gitlab/Clusters::AgentToken/2'}}]}}}}}");
    shop_close(&s);
}

static json_t *removal(struct shop *s, const char *operation)
{
    json_t *body = json_pack("{s:s, s:s}", "operationName", operation, "query",
                             "mutation deleteAgent {\n  clusterAgentDelete(input: { id: \"gid://gitlab/Clusters::Agent/1\" } ) {\n"
                             "    errors\n  }\n}\n\nmutation deleteToken {\n  clusterAgentTokenDelete(input: { id: "
                             "\"gid://gitlab/Clusters::AgentToken/1\" }) {\n    errors\n  }\n}\n");
    json_t *said = graphql_execute(&s->options, body);
    json_decref(body);
    return said;
}

static void documented_removal(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    json_t *want = json_of("{'data':{'clusterAgentTokenDelete':{'errors':[]}}}"), *said = removal(&s, "deleteToken");
    assert_true(json_equal(said, want));
    assert_null(store_token(s.store, 1));
    json_decref(said);
    json_decref(want);
    want = json_of("{'data':{'clusterAgentDelete':{'errors':[]}}}");
    said = removal(&s, "deleteAgent");
    assert_true(json_equal(said, want));
    assert_null(store_agent(s.store, 1));
    assert_null(store_token(s.store, 2)); /* they go with their agent */
    json_decref(said);
    json_decref(want);
    said = removal(&s, "deleteToken");
    const json_t *error = json_array_get(json_object_get(said, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(error, "message")), GONE);
    assert_string_equal(json_string_value(json_array_get(json_object_get(error, "path"), 0)), "clusterAgentTokenDelete");
    assert_true(json_is_null(json_object_get(json_object_get(said, "data"), "clusterAgentTokenDelete")));
    json_decref(said);
    shop_close(&s);
}

static void what_is_not_there(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    asked(&s, "{ project(fullPath: \"grp/none\") { id } }", NULL, "{'data':{'project':null}}");
    asked(&s, "{ project(fullPath: \"grp/hidden\") { id } }", NULL, "{'data':{'project':null}}");
    asked(&s, "{ project(fullPath: \"grp/proj\") { clusterAgent(name: \"none\") { id } } }", NULL,
          "{'data':{'project':{'clusterAgent':null}}}");
    s.options.user = s.stranger;
    asked(&s, "{ project(fullPath: \"grp/proj\") { visibility clusterAgent(name: \"a1\") { id } clusterAgents { count } } }", NULL,
          "{'data':{'project':{'visibility':'public','clusterAgent':null,'clusterAgents':{'count':0}}}}");
    s.options.user = 0;
    asked(&s, "{ currentUser { id } metadata { version } echo(text: \"x\") }", NULL,
          "{'data':{'currentUser':null,'metadata':null,'echo':'nil says: x'}}");
    s.options.user = s.developer;
    asked(&s, "{ currentUser { username } metadata { version revision } }", NULL,
          "{'data':{'currentUser':{'username':'dan'},'metadata':{'version':'14.7.0','revision':'0000000'}}}");
    shop_close(&s);
}

#define CREATE(PATH, NAME)                                                                                           \
    "mutation { createClusterAgent(input: {projectPath: \"" PATH "\", name: \"" NAME "\", clientMutationId: \"7\"}) { "    \
    "clusterAgent { id name createdByUser { username } tokens { count } } errors clientMutationId } }"
#define NOT_CREATED(TEXT)                                                                                            \
    "{'data':{'createClusterAgent':{'clusterAgent':null,'errors':['" TEXT "'],'clientMutationId':'7'}}}"

static void agent_create(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    asked(&s, CREATE("grp/proj", "b-4"), NULL,
          "{'data':{'createClusterAgent':{'clusterAgent':{'id':'gid://gitlab/Clusters::Agent/4','name':'b-4',"
          "'createdByUser':{'username':'mia'},'tokens':{'count':0}},'errors':[],'clientMutationId':'7'}}}");
    asked(&s, CREATE("grp/proj", "b-4"), NULL, NOT_CREATED("Name has already been taken"));
    asked(&s, CREATE("grp/proj", "B 4"), NULL,
          NOT_CREATED("Name can contain only lowercase letters, digits, and ^-^, but cannot start or end with ^-^"));
    refused(&s, CREATE("grp/none", "x"), NULL, GONE);
    refused(&s, CREATE("grp/hidden", "x"), NULL, GONE);
    s.options.user = s.developer;
    refused(&s, CREATE("grp/proj", "x"), NULL, GONE);
    s.options.user = 0;
    refused(&s, CREATE("grp/proj", "x"), NULL, GONE);
    shop_close(&s);
}

static void tokens(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    json_t *body = json_pack("{s:s}", "query", "mutation { clusterAgentTokenCreate(input: {clusterAgentId: "
                                               "\"gid://gitlab/Clusters::Agent/2\", name: \"t\", description: \"d\"}) { secret "
                                               "token { id name description status lastUsedAt clusterAgent { name } } errors } }");
    json_t *said = graphql_execute(&s.options, body);
    json_t *made = json_object_get(json_object_get(said, "data"), "clusterAgentTokenCreate");
    const char *secret = json_string_value(json_object_get(made, "secret"));
    assert_non_null(secret);
    assert_ptr_equal(store_token_use(s.store, secret, strlen(secret)), store_token(s.store, 3));
    json_t *want = json_of("{'id':'gid://gitlab/Clusters::AgentToken/3','name':'t','description':'d','status':'ACTIVE',"
                           "'lastUsedAt':null,'clusterAgent':{'name':'a2'}}");
    assert_true(json_equal(json_object_get(made, "token"), want));
    json_decref(want);
    json_decref(said);
    json_decref(body);
#define REVOKE(ID) "mutation { clusterAgentTokenRevoke(input: {id: \"gid://gitlab/Clusters::AgentToken/" ID "\"}) { errors } }"
    s.options.user = s.developer;
    refused(&s, REVOKE("3"), NULL, GONE);
    s.options.user = s.maintainer;
    refused(&s, REVOKE("99"), NULL, GONE);
    refused(&s, REVOKE("x"), NULL, GONE);
    asked(&s, REVOKE("3"), NULL, "{'data':{'clusterAgentTokenRevoke':{'errors':[]}}}");
    assert_true(store_token(s.store, 3)->revoked);
    asked(&s, "{ project(fullPath: \"grp/proj\") { clusterAgent(name: \"a2\") { tokens { nodes { status } } } } }", NULL,
          "{'data':{'project':{'clusterAgent':{'tokens':{'nodes':[{'status':'REVOKED'}]}}}}}");
    shop_close(&s);
}

static json_t *connected(void *arg, int64_t agent)
{
    if (agent != 1)
        return NULL;
    return json_pack("[{s:I, s:I, s:s, s:s}]", "connectionId", (json_int_t)7000000000, "connectedAt", (json_int_t)1700000000,
                     "version", "v14.7.0", "podName", "agent-0");
}

static void connections(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
#define CONNECTIONS(NAME)                                                                                            \
    "{ project(fullPath: \"grp/proj\") { clusterAgent(name: \"" NAME "\") { connections { nodes { connectionId connectedAt "  \
    "metadata { version podName podNamespace } } } } } }"
    asked(&s, CONNECTIONS("a1"), NULL, "{'data':{'project':{'clusterAgent':{'connections':{'nodes':[]}}}}}");
    s.options.connections = connected;
    asked(&s, CONNECTIONS("a1"), NULL,
          "{'data':{'project':{'clusterAgent':{'connections':{'nodes':[{'connectionId':'7000000000','connectedAt':"
          "'2023-11-14T22:13:20Z','metadata':{'version':'v14.7.0','podName':'agent-0','podNamespace':null}}]}}}}}");
    refused(&s, CONNECTIONS("a2"), NULL, "GRPC::Unavailable");
    shop_close(&s);
}

/* What an older or newer GitLab does not have is an unknown field, in GitLab's words, with path and place. */
static void releases(void **state)
{
    static const struct {
        const char *query, *there[3], *not_there[2], *message;
    } rows[] = {
        {"mutation { clusterAgentTokenRevoke(input: {id: \"gid://gitlab/Clusters::AgentToken/99\"}) { errors } }",
         {"14.7", "14.10.1", "16.5"}, {"13.6", "14.6"}, "Field 'clusterAgentTokenRevoke' doesn't exist on type 'Mutation'"},
        {"mutation { clusterAgentTokenDelete(input: {id: \"gid://gitlab/Clusters::AgentToken/99\"}) { errors } }",
         {"13.6", "14.6", "14.10"}, {"15.0", "16.5"}, "Field 'clusterAgentTokenDelete' doesn't exist on type 'Mutation'"},
        {"{ project(fullPath: \"grp/proj\") { clusterAgent(name: \"a1\") { connections { count } } } }",
         {"14.0", "14.7", "16.5"}, {"13.6", "13.12"}, "Field 'connections' doesn't exist on type 'ClusterAgent'"},
        {"{ project(fullPath: \"grp/proj\") { clusterAgent(name: \"a1\") { tokens(status: ACTIVE) { count } } } }",
         {"14.7", "15.0", "16.5"}, {"13.6", "14.6"}, "Field 'tokens' doesn't accept argument 'status'"},
        {"{ project(fullPath: \"grp/proj\") { agentConfigurations { count } } }",
         {"14.0", "14.7", "16.5"}, {"13.6", "13.12"}, "Field 'agentConfigurations' doesn't exist on type 'Project'"},
        {"query($s: AgentTokenStatus) { project(fullPath: \"grp/proj\") { clusterAgent(name: \"a1\") { id @skip(if: true) tokens { count } } "
         "clusterAgents { count } } }", {0}, {"13.6", "14.6"}, "AgentTokenStatus isn't a defined input type (on $s)"},
    };
    struct shop s;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *body = json_pack("{s:s}", "query", rows[i].query);
        for (size_t k = 0; k < 3 && rows[i].there[k]; k++) {
            s.options.version = rows[i].there[k];
            json_t *said = graphql_execute(&s.options, body);
            assert_non_null(json_object_get(said, "data"));
            json_decref(said);
        }
        for (size_t k = 0; k < 2; k++) {
            s.options.version = rows[i].not_there[k];
            refused(&s, rows[i].query, NULL, rows[i].message);
        }
        json_decref(body);
    }
    s.options.version = "14.6";
    asked(&s, "query q {\n  project(fullPath: \"grp/proj\") {\n    a: clusterAgent(name: \"a1\") {\n      tokens { nodes { status } }\n    }\n  }\n}",
          NULL,
          "{'errors':[{'message':'Field ^status^ doesn^t exist on type ^ClusterAgentToken^','locations':[{'line':4,'column':24}],"
          "'path':['query q','project','a','tokens','nodes','status'],'extensions':{'code':'undefinedField','typeName':"
          "'ClusterAgentToken','fieldName':'status'}}]}");
    shop_close(&s);
}

/* Before 14.0 a token needs no name. */
static void nameless_token(void **state)
{
    static const char query[] = "mutation { clusterAgentTokenCreate(input: {clusterAgentId: \"gid://gitlab/Clusters::Agent/2\"}) { "
                                "token { id } errors } }";
    struct shop s;
    (void)state;
    shop_open(&s);
    s.options.version = "14.0";
    refused(&s, query, NULL,
            "Argument 'name' on InputObject 'ClusterAgentTokenCreateInput' is required. Expected type String!");
    s.options.version = "13.12";
    asked(&s, query, NULL,
          "{'data':{'clusterAgentTokenCreate':{'token':{'id':'gid://gitlab/Clusters::AgentToken/3'},'errors':[]}}}");
    shop_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_query), cmocka_unit_test(documented_removal), cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(agent_create),     cmocka_unit_test(tokens),             cmocka_unit_test(connections),
        cmocka_unit_test(releases),         cmocka_unit_test(nameless_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
