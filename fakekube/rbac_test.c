/* Roles and bindings: who may do what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/cluster.h"
#include "fakekube/rbac.h"

static const char objects[] =
    "[{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"read\"},"
    "\"rules\":[{\"apiGroups\":[\"*\"],\"resources\":[\"*\"],\"verbs\":[\"get\",\"list\"]}]},"
    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"read\"},"
    "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"read\"},"
    "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"agent\",\"namespace\":\"a\"}]},"
    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"all\"},"
    "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"cluster-admin\"},"
    "\"subjects\":[{\"kind\":\"Group\",\"name\":\"admins\"},{\"kind\":\"User\",\"name\":\"root\"},"
    "{\"kind\":\"Group\",\"name\":\"system:serviceaccounts:kube-system\"}]},"
    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"Role\",\"metadata\":{\"name\":\"some\",\"namespace\":\"default\"},"
    "\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"resourceNames\":[\"cm\"],\"verbs\":[\"*\"]},"
    "{\"apiGroups\":[\"\"],\"resources\":[\"pods/log\",\"*/status\"],\"verbs\":[\"get\"]},"
    "{\"apiGroups\":[\"\"],\"resources\":[\"users\"],\"verbs\":[\"impersonate\"]}]},"
    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"RoleBinding\",\"metadata\":{\"name\":\"some\",\"namespace\":\"default\"},"
    "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"some\"},"
    "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"here\"},{\"kind\":\"Group\",\"name\":\"system:authenticated\"}]},"
    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"nowhere\"},"
    "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"missing\"},"
    "\"subjects\":[{\"kind\":\"User\",\"name\":\"nobody\"}]}]";

static struct cluster *made(void)
{
    struct cluster *c = NULL;
    char *err = NULL;
    json_t *list = json_loads(objects, 0, NULL);
    assert_non_null(list);
    if (cluster_new(&(struct cluster_options){.objects = list, .rbac = true}, &c, &err) < 0)
        fail_msg("%s", err);
    json_decref(list);
    return c;
}

static bool may(struct cluster *c, const char *user, const char *verb, const char *resource, const char *sub, const char *ns,
                const char *name)
{
    struct rbac_ask a = {.user = user, .verb = verb, .group = "", .resource = resource, .sub = sub, .ns = ns, .name = name};
    return rbac_allows(c, &a);
}

static void test_rules(void **state)
{
    static const char agent[] = "system:serviceaccount:a:agent";
    struct cluster *c = made();
    (void)state;
    assert_true(may(c, agent, "get", "configmaps", NULL, "default", "x"));
    assert_true(may(c, agent, "list", "nodes", NULL, NULL, NULL));
    assert_true(may(c, agent, "get", "pods", "log", "kube-system", "x"));
    assert_false(may(c, agent, "create", "configmaps", NULL, "default", NULL));
    assert_true(may(c, agent, "patch", "configmaps", NULL, "default", "cm")); /* as anybody who is known */
    assert_false(may(c, agent, "patch", "configmaps", NULL, "default", "other"));
    assert_false(may(c, agent, "patch", "configmaps", NULL, "kube-system", "cm"));
    assert_true(may(c, "u", "get", "pods", "log", "default", "p"));
    assert_true(may(c, "u", "get", "nodes", "status", "default", "p"));
    assert_false(may(c, "u", "get", "pods", NULL, "default", "p"));
    assert_false(may(c, "system:serviceaccount:b:agent", "get", "nodes", NULL, NULL, NULL));
    assert_false(may(c, "system:anonymous", "get", "pods", "log", "default", "p"));
    assert_false(may(c, "nobody", "get", "nodes", NULL, NULL, NULL)); /* its role is not there */
    cluster_free(c);
}

static void test_groups(void **state)
{
    struct cluster *c = made();
    json_t *admins = json_pack("[s]", "admins"), *masters = json_pack("[s]", "system:masters");
    struct rbac_ask a = {.user = "u", .verb = "delete", .group = "apps", .resource = "deployments", .ns = "default", .name = "x"};
    (void)state;
    assert_false(rbac_allows(c, &a));
    a.groups = admins;
    assert_true(rbac_allows(c, &a));
    a.groups = masters;
    assert_true(rbac_allows(c, &a));
    assert_true(may(c, "root", "impersonate", "users", NULL, NULL, "x"));
    assert_true(may(c, "system:serviceaccount:kube-system:x", "delete", "nodes", NULL, NULL, "n"));
    assert_false(may(c, "system:serviceaccount:kube-system2:x", "delete", "nodes", NULL, NULL, "n"));
    assert_true(may(c, "system:admin", "delete", "nodes", NULL, NULL, "n"));
    json_decref(admins);
    json_decref(masters);
    cluster_free(c);
}

/* The same as the API says it. */
static void test_refused(void **state)
{
    struct cluster *c = made();
    struct ask a = {.cluster = c, .r = resources_find(c->resources, "", "v1", "secrets"), .verb = VERB_DELETE, .ns = "default",
                    .name = "s", .user = "system:serviceaccount:a:agent", .manager = "m"};
    (void)state;
    cluster_do(&a);
    assert_int_equal(a.code, 403);
    assert_string_equal(json_string_value(json_object_get(a.answer, "message")),
                        "secrets \"s\" is forbidden: User \"system:serviceaccount:a:agent\" cannot delete resource \"secrets\" in API "
                        "group \"\" in the namespace \"default\"");
    json_decref(a.answer);
    a.answer = NULL;
    a.user = "root";
    cluster_do(&a);
    assert_int_equal(a.code, 404);
    json_decref(a.answer);
    cluster_free(c);
}

/* SubjectAccessReview says the same, also of "*". */
static void test_reviews(void **state)
{
    static const struct {
        const char *user, *verb, *resource;
        bool allowed;
    } cases[] = {{"root", "*", "*", true}, {"system:serviceaccount:a:agent", "*", "*", false},
                 {"system:serviceaccount:a:agent", "list", "*", true}, {"system:serviceaccount:a:agent", "create", "secrets", false}};
    struct cluster *c = made();
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ask a = {.cluster = c, .r = resources_find(c->resources, "authorization.k8s.io", "v1", "subjectaccessreviews"),
                        .verb = VERB_CREATE, .user = "system:admin", .manager = "m"};
        a.body = json_pack("{ss, ss, s{ss, s{ss, ss, ss}}}", "apiVersion", "authorization.k8s.io/v1", "kind", "SubjectAccessReview", "spec",
                           "user", cases[i].user, "resourceAttributes", "verb", cases[i].verb, "group", "", "resource", cases[i].resource);
        cluster_do(&a);
        assert_int_equal(a.code, 201);
        assert_int_equal(json_is_true(json_object_get(json_object_get(a.answer, "status"), "allowed")), cases[i].allowed);
        json_decref(a.body);
        json_decref(a.answer);
    }
    cluster_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_reviews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
