#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "conformance/world/world_kas.h"
#include "lib/base/mem.h"
#include "lib/script/script_test.h"

#define PROFILE                                                                                                        \
    "{'configuration': {'agent': {'listen': {'address': '{own_ip}:8150'}, 'info_cache_ttl': '1s'},"                    \
    " 'gitlab': {'address': '{gitlab_address}', 'authentication_secret_file': '{folder}/s'}},"                         \
    " 'with_tls': {'agent': {'listen': {'key_file': '{folder}/k'}}},"                                                  \
    " 'with_redis': {'redis': {'server': {'address': '{redis_ip}:6379'}}}}"

static json_t *configuration(const char *part, const char *row)
{
    json_t *r = js(row), *p = js(PROFILE), *c;
    struct world_kas_options o = {.row = r, .profile = p, .part = part};

    c = world_kas_configuration(&o);
    json_decref(r);
    json_decref(p);
    return c;
}

static void the_row_decides(void **state)
{
    (void)state;
    assert_json(configuration("kas", "{'row': {'component': 'kas', 'transport': 'ws'}}"),
                "{'agent': {'listen': {'address': '10.60.1.1:8150', 'websocket': true}, 'info_cache_ttl': '1s'},"
                " 'gitlab': {'address': 'http://gitlab.host.tld', 'authentication_secret_file': '/config/kas/s'}}");
    assert_json(configuration("kas2", "{'row': {'component': 'kas', 'transport': 'grpcs'}, 'gitlab': {'https': true},"
                                      " 'redis': {'present': true}}"),
                "{'agent': {'listen': {'address': '10.60.1.2:8150', 'websocket': false, 'key_file': '/config/kas2/k'},"
                " 'info_cache_ttl': '1s'}, 'redis': {'server': {'address': '10.60.5.1:6379'}},"
                " 'gitlab': {'address': 'https://gitlab.host.tld', 'authentication_secret_file': '/config/kas2/s'}}");
}

static void the_scenario_is_stronger(void **state)
{
    static const char row[] = "{'row': {'component': 'kas', 'transport': 'grpc'},"
                              " 'kas': {'configuration': {'agent': {'info_cache_ttl': null, 'listen': {'websocket': true}}}},"
                              " 'kas2': {'configuration': {'gitlab': null}}}";

    (void)state;
    assert_json(configuration("kas", row),
                "{'agent': {'listen': {'address': '10.60.1.1:8150', 'websocket': true}},"
                " 'gitlab': {'address': 'http://gitlab.host.tld', 'authentication_secret_file': '/config/kas/s'}}");
    assert_json(configuration("kas2", row), "{'agent': {'listen': {'address': '10.60.1.2:8150', 'websocket': true}}}");
}

static void secrets_differ_and_are_hidden(void **state)
{
    struct kas_secrets a, b;
    struct events *events;
    _cleanup_(freep) char *text = NULL, *said = NULL;

    (void)state;
    assert_int_equal(events_open(NULL, NULL, &events), 0);
    kas_secrets_make(&a, events);
    kas_secrets_make(&b, events);
    assert_int_equal(strlen(a.gitlab), 44); /* base64 of 32 bytes */
    assert_string_not_equal(a.gitlab, a.api);
    assert_string_not_equal(a.gitlab, b.gitlab);
    said = xasprintf("it is %s", a.private_api);
    text = events_redact(events, said);
    assert_string_equal(text, "it is <secret>");
    events_free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_decides),
        cmocka_unit_test(the_scenario_is_stronger),
        cmocka_unit_test(secrets_differ_and_are_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
