#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/script/tls_setup.h"

static unsigned keys(const char *text)
{
    json_error_t e;
    json_t *tree = json_loads(text, 0, &e);
    unsigned found = certificate_rsa_keys(tree);
    assert_non_null(tree);
    json_decref(tree);
    return found;
}

static void keys_that_a_row_may_want(void **state)
{
    (void)state;
    assert_int_equal(keys("{\"kas\": {\"certificate\": \"expired\"}}"), 0);
    assert_int_equal(keys("{\"kas\": {\"certificate\": \"rsa1024\"}}"), 0);
    assert_int_equal(keys("{\"kas\": {\"certificate\": \"rsa2048\"}}"), CERTIFICATE_RSA_2048);
    assert_int_equal(keys("{\"kas\": {\"certificate\": {\"kind\": \"rsa4096\"}}}"), CERTIFICATE_RSA_4096);
    assert_int_equal(keys("{\"then\": [{\"do\": {\"set_certificate\": \"rsa4096\"}}], \"kas\": {\"certificate\": \"rsa2048\"}}"),
                     CERTIFICATE_RSA_2048 | CERTIFICATE_RSA_4096);
    assert_int_equal(certificate_rsa_keys(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_that_a_row_may_want)};
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
