#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakekas/internal.h"

static struct kas_traits of(const char *version)
{
    struct kas_traits t;
    assert_int_equal(traits_of(version, &t), 0);
    return t;
}

static void versions(void **state)
{
    struct kas_traits t;
    (void)state;
    assert_string_equal(of(NULL).version, "14.7");
    assert_string_equal(of("14.7").server, "gitlab-kas/v14.7.0/00000000");
    assert_string_equal(of("v16.5.1").server, "gitlab-kas/v16.5.1/00000000");
    assert_string_equal(of("13.12.2").server, "");
    assert_true(traits_of("", &t) < 0);
    assert_true(traits_of("latest", &t) < 0);
    assert_true(traits_of("14.7x", &t) < 0);
    assert_true(traits_of("14.7-", &t) < 0);
    assert_true(traits_of("14.7 14.8 and something long", &t) < 0);
}

static void differences(void **state)
{
    (void)state;
    assert_false(of("13.12").correlation);
    assert_true(of("14.1").correlation);
    assert_true(of("15.3").correlation);
    assert_false(of("15.7").correlation);
    assert_false(of("15.0").both);
    assert_true(of("15.1").both);
    assert_true(of("head").both);
    assert_false(of("14.4").front_exact);
    assert_true(of("14.5").front_exact);
    assert_true(of("15.7").date_in_101);
    assert_false(of("16.0").date_in_101);
    assert_false(of("15.7").request_length);
    assert_int_equal(of("13.6").grpc_go, 33);
    assert_int_equal(of("14.7").grpc_go, 42);
    assert_int_equal(of("16.5").grpc_go, 58);
    assert_int_equal(of("head").grpc_go, 58);
    assert_int_equal(of("13.6").max_age_ms, 0);
    assert_int_equal(of("14.7").goaway_percent, 65);
    assert_int_equal(of("16.5").polls_percent, 30);
    assert_int_equal(of("16.5").max_age_ms, 7200000);
}

static void speaking(void **state)
{
    struct kas_traits old = of("14.7"), new = of("16.5");
    (void)state;
    assert_int_equal(speaks_default(&old, "wss"), SPEAKS_WEBSOCKET);
    assert_int_equal(speaks_default(&old, "grpcs"), SPEAKS_GRPC);
    assert_int_equal(speaks_default(&new, "ws"), SPEAKS_BOTH);
    assert_int_equal(speaks_default(&new, "grpc"), SPEAKS_BOTH);
}

static const struct grpc_method *find(const char *path)
{
    for (const struct grpc_method *m = kas_methods; m->path; m++)
        if (grpc_method_is(m, path))
            return m;
    fail_msg("no method %s", path);
    return NULL;
}

static bool serves(const char *version, const char *path)
{
    struct kas k = {.traits = of(version), .spec = json_object()};
    bool yes = method_served(&k, find(path));
    json_decref(k.spec);
    return yes;
}

static void services(void **state)
{
    (void)state;
    assert_true(serves("13.6", "/agentrpc.Kas/GetConfiguration"));
    assert_false(serves("13.7", "/agentrpc.Kas/GetConfiguration"));
    assert_true(serves("13.7.3", "/rpc.GitlabAccess/MakeRequest"));
    assert_false(serves("14.7", "/rpc.GitlabAccess/MakeRequest"));
    assert_true(serves("14.7", "/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect"));
    assert_false(serves("14.7", "/gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register"));
    assert_true(serves("16.5", "/gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register"));
    assert_false(serves("16.5", "/plural.agent.reverse_tunnel.rpc.ReverseTunnel/Connect"));
    assert_true(serves("head", "/plural.agent.reverse_tunnel.rpc.ReverseTunnel/Connect"));
    assert_false(serves("head", "/gitlab.agent.gitops.rpc.Gitops/GetObjectsToSynchronize"));
}

static void lacking(void **state)
{
    struct kas k = {.traits = of("16.5"), .permissive = true};
    const struct grpc_method *reg = find("/gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register");
    (void)state;
    k.spec = json_pack("{s[s]}", "lacks", "AgentRegistrar");
    assert_false(method_served(&k, reg));
    assert_true(method_served(&k, find("/agentrpc.Kas/GetConfiguration")));
    json_decref(k.spec);
    k.spec = json_pack("{s[s]}", "lacks", "Registrar"); /* half a name is none */
    assert_true(method_served(&k, reg));
    json_decref(k.spec);
}

static void patterns(void **state)
{
    const struct grpc_method *m = find("/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect");
    (void)state;
    assert_true(grpc_method_is(m, "Connect"));
    assert_true(grpc_method_is(m, "ReverseTunnel/Connect"));
    assert_true(grpc_method_is(m, m->path));
    assert_false(grpc_method_is(m, "nnect"));
    assert_false(grpc_method_is(m, "ReverseTunnel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions), cmocka_unit_test(differences), cmocka_unit_test(speaking),
        cmocka_unit_test(services), cmocka_unit_test(lacking),     cmocka_unit_test(patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
