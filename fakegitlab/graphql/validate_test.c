/* Every rule with a document that breaks it, and with what GitLab says then. */
#include "fakegitlab/graphql/graphql_test.h"

#define PROJECT "project(fullPath: \"grp/proj\") "

static void rules(void **state)
{
    static const struct {
        const char *query, *message;
    } rows[] = {
        {"{ nothing }", "Field 'nothing' doesn't exist on type 'Query'"},
        {"{ " PROJECT "{ clusterAgents { edges { node { foo } } } } }", "Field 'foo' doesn't exist on type 'ClusterAgent'"},
        {"{ " PROJECT "}", "Field must have selections (field 'project' returns Project but has no selections. Did you mean "
                           "'project { ... }'?)"},
        {"{ " PROJECT "{ id { x } } }", "Selections can't be made on scalars (field 'id' returns ID! but has selections [\"x\"])"},
        {"{ project { id } }", "Field 'project' is missing required arguments: fullPath"},
        {"{ project(fullPath: null) { id } }",
         "Argument 'fullPath' on Field 'project' has an invalid value (null). Expected type 'ID!'."},
        {"{ project(fullPath: [1]) { id } }",
         "Argument 'fullPath' on Field 'project' has an invalid value ([1]). Expected type 'ID!'."},
        {"{ " PROJECT "{ clusterAgents(first: 99999999999999999999) { count } } }",
         "Argument 'first' on Field 'clusterAgents' has an invalid value (99999999999999999999). Expected type 'Int'."},
        {"{ " PROJECT "{ clusterAgents(first: 1.0) { count } } }",
         "Argument 'first' on Field 'clusterAgents' has an invalid value (1.0). Expected type 'Int'."},
        {"{ " PROJECT "{ clusterAgents(foo: 1) { count } } }", "Field 'clusterAgents' doesn't accept argument 'foo'"},
        {"{ " PROJECT "{ clusterAgents(first: 1, first: 1) { count } } }", "There can be only one argument named \"first\""},
        {"{ " PROJECT "{ clusterAgent(name: \"a1\") { tokens(status: \"ACTIVE\") { count } } } }",
         "Argument 'status' on Field 'tokens' has an invalid value (\"ACTIVE\"). Expected type 'AgentTokenStatus'."},
        {"mutation { clusterAgentDelete(input: {}) { errors } }",
         "Argument 'id' on InputObject 'ClusterAgentDeleteInput' is required. Expected type ClustersAgentID!"},
        {"mutation { clusterAgentDelete(input: {id: \"gid://gitlab/Clusters::Agent/1\", x: 1}) { errors } }",
         "InputObject 'ClusterAgentDeleteInput' doesn't accept argument 'x'"},
        {"mutation { clusterAgentDelete(input: {id: \"1\"}) { errors } }", "\"1\" is not a valid Global ID"},
        {"mutation { clusterAgentDelete(input: {id: \"gid://gitlab/Project/1\"}) { errors } }",
         "\"gid://gitlab/Project/1\" does not represent an instance of Clusters::Agent"},
        {"{ " PROJECT "{ id: name id } }", "Field 'id' has a field conflict: name or id?"},
        {"{ " PROJECT "{ id } project(fullPath: \"x\") { id } }",
         "Field 'project' has an argument conflict: {fullPath: \"grp/proj\"} or {fullPath: \"x\"}?"},
        {"{ ...F } fragment F on Query { " PROJECT "{ a: id } } query B { " PROJECT "{ a: name } ...F }",
         "Operation name is required when multiple operations are present"},
        {"query B { " PROJECT "{ a: name } ...F } fragment F on Query { " PROJECT "{ a: id } }",
         "Field 'a' has a field conflict: name or id?"},
        {"query A { echo(text: \"\") } query A { echo(text: \"\") }", "Operation name \"A\" must be unique"},
        {"{ ...F }", "Fragment F was used, but not defined"},
        {"{ echo(text: \"\") } fragment F on Project { id }", "Fragment F was defined, but not used"},
        {"{ ...F } fragment F on Project { id }", "Fragment F on Project can't be spread inside Query"},
        {"{ ... on Project { id } }", "Fragment on Project can't be spread inside Query"},
        {"{ ... on Nothing { id } }", "No such type Nothing, so it can't be a fragment condition"},
        {"{ ... on ID { id } }", "Invalid fragment on type ID (must be Union, Interface or Object)"},
        {"{ ...F } fragment F on Query { ...F }", "Fragment F contains an infinite loop"},
        {"{ ...F } fragment F on Query { ...G } fragment G on Query { " PROJECT "{ id } ...F }",
         "Fragment F contains an infinite loop"},
        {"{ ...F } fragment F on Query { echo(text: \"\") } fragment F on Query { echo(text: \"\") }",
         "Fragment name \"F\" must be unique"},
        {"{ echo(text: $x) }", "Variable $x is used by anonymous query but not declared"},
        {"query Q { ...F } fragment F on Query { echo(text: $x) }", "Variable $x is used by Q but not declared"},
        {"query Q($x: String) { echo(text: \"\") }", "Variable $x is declared by Q but not used"},
        {"query Q($x: String, $x: String) { echo(text: $x) }", "There can only be one variable named \"x\""},
        {"query Q($x: String) { echo(text: $x) }", "Nullability mismatch on variable $x and argument text (String / String!)"},
        {"query Q($x: ID!) { echo(text: $x) }", "Type mismatch on variable $x and argument text (ID! / String!)"},
        {"query Q($x: [String!]!) { echo(text: $x) }",
         "List dimension mismatch on variable $x and argument text ([String!]! / String!)"},
        {"query Q($x: Nothing) { echo(text: $x) }", "Nothing isn't a defined input type (on $x)"},
        {"query Q($x: Project) { echo(text: $x) }", "Project isn't a valid input type (on $x)"},
        {"query Q($x: String! = 1) { echo(text: $x) }", "Default value for $x doesn't match type String!"},
        {"{ echo(text: \"\") @nothing }", "Directive @nothing is not defined"},
        {"query @skip(if: true) { echo(text: \"\") }", "'@skip' can't be applied to queries"},
        {"{ echo(text: \"\") @skip }", "Directive 'skip' is missing required arguments: if"},
        {"{ echo(text: \"\") @skip(if: 1) }", "Argument 'if' on Directive 'skip' has an invalid value (1). Expected type 'Boolean!'."},
        {"{ echo(text: \"\") @skip(if: true) @skip(if: true) }", "The directive \"skip\" can only be used once at this location."},
        {"subscription { x }", "Schema is not configured for subscriptions"},
        {"{ a", "Syntax Error: Expected Name, found <EOF>."},
    };
    struct shop s;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        refused(&s, rows[i].query, NULL, rows[i].message);
    shop_close(&s);
}

static void right(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    asked(&s, "query Q($x: String = \"d\") { echo(text: $x) }", NULL, "{'data':{'echo':'\\'mia\\' says: d'}}");
    asked(&s, "query Q($x: Int!) { " PROJECT "{ clusterAgents(first: $x, after: null) { count } } }", "{'x':1}",
          "{'data':{'project':{'clusterAgents':{'count':3}}}}");
    asked(&s, "query Q($s: AgentTokenStatus) { " PROJECT "{ clusterAgent(name: \"a1\") { tokens(status: $s) { count } } } }",
          "{'s':'REVOKED'}", "{'data':{'project':{'clusterAgent':{'tokens':{'count':0}}}}}");
    shop_close(&s);
}

static void an_error_says_where(void **state)
{
    struct shop s;
    (void)state;
    shop_open(&s);
    asked(&s, "query Q {\n  p: " PROJECT "{\n    foo\n  }\n}", NULL,
          "{'errors':[{'message':'Field ^foo^ doesn^t exist on type ^Project^','locations':[{'line':3,'column':5}],"
          "'path':['query Q','p','foo'],'extensions':{'code':'undefinedField','typeName':'Project','fieldName':'foo'}}]}");
    s.options.limits.errors = 2;
    refused(&s, "{ a b c d }", NULL, "Field 'a' doesn't exist on type 'Query'");
    shop_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(right),
        cmocka_unit_test(an_error_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
