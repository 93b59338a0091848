/* Which rights a component needs, told from what it asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conformance/world/world_rights.h"

static void note(json_t *rights, const char *text)
{
    json_t *event = json_loads(text, 0, NULL);

    assert_non_null(event);
    rights_note(rights, event);
    json_decref(event);
}

static void test_asked_and_refused(void **state)
{
    json_t *rights = json_object();

    (void)state;
    note(rights, "{\"event\":\"kube.request\",\"verb\":\"get\",\"resource\":\"configmaps\",\"group\":\"\",\"user\":\"system:serviceaccount:a:b\",\"status\":200}");
    note(rights, "{\"event\":\"kube.request\",\"verb\":\"get\",\"resource\":\"configmaps\",\"group\":\"\",\"user\":\"system:serviceaccount:a:b\",\"status\":403}");
    note(rights, "{\"event\":\"kube.request\",\"verb\":\"update\",\"resource\":\"deployments\",\"subresource\":\"scale\",\"group\":\"apps\","
                 "\"user\":\"system:serviceaccount:a:b\",\"status\":200}");
    note(rights, "{\"event\":\"kube.request\",\"verb\":\"get\",\"resource\":\"pods\",\"group\":\"\",\"user\":\"system:admin\",\"status\":403}");
    note(rights, "{\"event\":\"log.line\"}");
    assert_int_equal(json_object_size(json_object_get(rights, "asked")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(rights, "asked"), "get configmaps")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(rights, "asked"), "update deployments.apps/scale")), 1);
    assert_int_equal(json_object_size(json_object_get(rights, "refused")), 1);
    json_decref(rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_asked_and_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
