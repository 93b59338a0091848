/* What a Pod's spec asks of its node: mounts, environment, arguments, and what it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "conformance/node/kubelet_impl.h"
#include "conformance/node/world_person.h"
#include "lib/base/mem.h"

/* dG9r: "tok" */
static const char objects[] =
    "[{'apiVersion':'v1','kind':'Secret','metadata':{'name':'token','namespace':'default'},'data':{'token':'dG9r','a':'dG9r'}},"
    "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'ca','namespace':'default'},'data':{'myCA.pem':'PEM'},"
    "'binaryData':{'raw':'/wA='}}]";

static json_t *json(const char *text)
{
    _cleanup_(freep) char *copy = xstrdup(text);
    json_error_t e;
    json_t *v;

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    v = json_loads(copy, JSON_DECODE_ANY, &e);
    if (!v)
        fail_msg("%s: %s", text, e.text);
    return v;
}

/* The plan for a container and its volumes. */
static struct pod_plan plan(const char *container, const char *volumes)
{
    _cleanup_(freep) char *text = xasprintf("{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'default','labels':{'app':'x'}},"
                                            "'spec':{'serviceAccountName':'agent','containers':[%s],'volumes':%s}}", container, volumes);
    json_t *list = json(objects), *pod = json(text);
    struct cluster *c = NULL;
    char *err = NULL;
    struct pod_plan p;

    assert_int_equal(cluster_new(&(struct cluster_options){.objects = list}, &c, &err), 0);
    pod_plan_make(c, pod, "T", "CA", &p);
    cluster_free(c);
    json_decref(list);
    json_decref(pod);
    return p;
}

static void assert_json(const json_t *got, const char *text)
{
    json_t *want = json(text);
    _cleanup_(freep) char *printed = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);

    if (!json_equal(got, want))
        fail_msg("%s is not %s", printed, text);
    json_decref(want);
}

#define VOLUMES "[{'name':'t','secret':{'secretName':'token'}},{'name':'c','configMap':{'name':'ca','items':[{'key':'myCA.pem','path':'x.pem'}]}}," \
                "{'name':'e','emptyDir':{}},{'name':'all','projected':{'sources':[{'secret':{'name':'token','items':[{'key':'a','path':'b'}]}}," \
                "{'serviceAccountToken':{'path':'sa'}},{'configMap':{'name':'none','optional':true}}]}}]"

static void test_mounts(void **state)
{
    struct pod_plan p = plan("{'name':'c','volumeMounts':[{'name':'t','mountPath':'/config'},"
                             "{'name':'c','mountPath':'/etc/ssl/certs/x.pem','subPath':'x.pem'},{'name':'e','mountPath':'/e'},"
                             "{'name':'all','mountPath':'/all'},{'name':'c','mountPath':'/y','subPath':'missing'}]}", VOLUMES);
    (void)state;
    assert_null(p.reason);
    assert_json(p.mounts, "[{'path':'/config','folder':{'token':'tok','a':'tok'}},{'path':'/etc/ssl/certs/x.pem','file':'PEM'},"
                          "{'path':'/e','folder':{}},{'path':'/all','folder':{'b':'tok','sa':'T'}},{'path':'/y','folder':{}},"
                          "{'path':'/var/run/secrets/kubernetes.io/serviceaccount','folder':{'token':'T','ca.crt':'CA','namespace':'default'}}]");
    pod_plan_done(&p);
}

static void test_waits(void **state)
{
    static const struct {
        const char *mount, *volumes, *message;
    } cases[] = {
        {"t", "[{'name':'t','secret':{'secretName':'none'}}]", "MountVolume.SetUp failed for volume \"t\" : secret \"none\" not found"},
        {"t", "[{'name':'t','configMap':{'name':'none'}}]", "MountVolume.SetUp failed for volume \"t\" : configmap \"none\" not found"},
        {"t", "[{'name':'t','configMap':{'name':'ca','items':[{'key':'ca.pem','path':'x'}]}}]",
         "MountVolume.SetUp failed for volume \"t\" : references non-existent config key: ca.pem"},
        {"u", "[]", "volume \"u\" of the container is none of the Pod's"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(freep) char *container = xasprintf("{'name':'c','volumeMounts':[{'name':'%s','mountPath':'/m'}]}", cases[i].mount);
        struct pod_plan p = plan(container, cases[i].volumes);
        assert_string_equal(p.reason, "ContainerCreating");
        assert_string_equal(p.event, "FailedMount");
        assert_string_equal(p.message, cases[i].message);
        pod_plan_done(&p);
    }
}

static void test_environment(void **state)
{
    struct pod_plan p = plan("{'name':'c','args':['--a=$(POD_NAME)','$(NONE)','$$(POD_NAME)'],'env':["
                             "{'name':'POD_NAME','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}},"
                             "{'name':'NS','valueFrom':{'fieldRef':{'fieldPath':'metadata.namespace'}}},"
                             "{'name':'SA','valueFrom':{'fieldRef':{'fieldPath':'spec.serviceAccountName'}}},"
                             
                             "{'name':'TOKEN','valueFrom':{'secretKeyRef':{'name':'token','key':'token'}}},"
                             "{'name':'BOTH','value':'$(POD_NAME).$(NS)'},"
                             "{'name':'MAYBE','valueFrom':{'configMapKeyRef':{'name':'none','key':'x','optional':true}}}],"
                             "'envFrom':[{'prefix':'P_','configMapRef':{'name':'ca'}}]}", "[]");
    (void)state;
    assert_null(p.reason);
    assert_null(p.command);
    assert_json(p.args, "['--a=p','$(NONE)','$(POD_NAME)']");
    assert_string_equal(pod_text(p.env, "BOTH"), "p.default");
    assert_string_equal(pod_text(p.env, "SA"), "agent");
    assert_string_equal(pod_text(p.env, "TOKEN"), "tok");
    assert_string_equal(json_string_value(json_object_get(p.env, "P_myCA.pem")), "PEM");
    assert_string_equal(pod_text(p.env, "KUBERNETES_SERVICE_HOST"), "10.96.0.1");
    assert_null(json_object_get(p.env, "MAYBE"));
    pod_plan_done(&p);
    p = plan("{'name':'c','env':[{'name':'X','valueFrom':{'secretKeyRef':{'name':'token','key':'no'}}}]}", "[]");
    assert_string_equal(p.reason, "CreateContainerConfigError");
    assert_string_equal(p.message, "couldn't find key no in Secret default/token");
    pod_plan_done(&p);
}

static void test_images(void **state)
{
    static const char at[] = "registry.gitlab.com/gitlab-org/cluster-integration/gitlab-agent/agentk";
    static const struct {
        const char *tag, *reason;
    } cases[] = {{"", NULL}, {":stable", NULL}, {":v14.7.0", NULL}, {":v14.7", NULL}, {":<version>", "InvalidImageName"},
                 {":v14.8.0", "ImagePullBackOff"}, {":14.7.0", "ImagePullBackOff"}, {"-fips:stable", "ImagePullBackOff"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(freep) char *image = xasprintf("%s%s", at, cases[i].tag), *message = NULL;
        const char *reason = image_wrong(image, "14.7", &message);
        if (!cases[i].reason ? reason != NULL : !reason || strcmp(reason, cases[i].reason) != 0)
            fail_msg("%s: %s", image, reason);
    }
    assert_true(image_is_agent("example.com/agentk"));
    assert_false(image_is_agent("nginx:1"));
}

/* What a mount covers is there again. */
static void test_mounted(void **state)
{
    char folder[] = "/tmp/pod-mounts-XXXXXX";
    json_t *mounts = json("[{'path':'/etc/certs','folder':{'a.pem':'A'}},{'path':'/etc/one','file':'1'},{'path':'/new/deep/x','file':'x'}]");
    struct pod_mounts *m = NULL;
    _cleanup_(freep) char *old = NULL, *new = NULL, *one = NULL, *err = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    old = xasprintf("%s/etc/certs/system.pem", folder);
    new = xasprintf("%s/etc/certs/a.pem", folder);
    one = xasprintf("%s/etc/one", folder);
    assert_int_equal(file_write(old, "S", 1, 0644), 0);
    assert_int_equal(pod_mounts_put(folder, mounts, &m, &err), 0);
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(new, F_OK), 0);
    assert_int_equal(access(one, F_OK), 0);
    pod_mounts_undo(m);
    assert_int_equal(access(old, F_OK), 0);
    assert_int_not_equal(access(new, F_OK), 0);
    assert_int_not_equal(access(one, F_OK), 0);
    json_decref(mounts);
    mounts = json("[{'path':'/etc/certs','folder':{'a.pem':'A'}},{'path':'relative','file':'1'}]");
    assert_int_not_equal(pod_mounts_put(folder, mounts, &m, &err), 0);
    assert_non_null(strstr(err, "\"relative\""));
    assert_int_equal(access(old, F_OK), 0); /* nothing is left behind */
    json_decref(mounts);
    folder_remove(folder);
}

static void test_replaced(void **state)
{
    json_t *replace = json("{'a':'b','bb':'c'}"), *wrong = json("{'none':''}");
    char *err = NULL, *text = person_replace("aa x", replace, &err);

    (void)state;
    assert_string_equal(text, "c x");
    free(text);
    assert_null(person_replace("aa x", wrong, &err));
    assert_string_equal(err, "\"none\" is not in it");
    free(err);
    json_decref(replace);
    json_decref(wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mounts),  cmocka_unit_test(test_waits),   cmocka_unit_test(test_environment),
        cmocka_unit_test(test_images),  cmocka_unit_test(test_mounted), cmocka_unit_test(test_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
