/* The store: versions, order, watches, what is remembered and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fakekube/store.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

static void put(struct kube_shelf *sh, const char *ns, const char *name)
{
    kube_shelf_put(sh, ns, name, json_pack("{s{ss}}", "metadata", "name", name));
}

static void note(void *arg, const struct kube_change *c)
{
    static const char signs[] = {'+', '~', '-'};
    buf_addf(arg, "%c%s@%d ", signs[c->type], c->key, (int)c->version);
}

static bool list(void *arg, const char *key, const json_t *object)
{
    (void)object;
    buf_addf(arg, "%s ", key);
    return true;
}

static void assert_told(struct buf *b, const char *want)
{
    buf_add(b, "", 1);
    assert_string_equal((const char *)buf_data(b), want);
    buf_consume(b, buf_len(b));
}

static void test_versions_and_order(void **state)
{
    struct kube_store *s = kube_store_new(0);
    struct kube_shelf *pods = kube_store_shelf(s, "", "pods");
    struct buf got = BUF_NULL;
    put(pods, "b", "x");
    put(pods, "a", "y");
    put(pods, "a", "x");
    put(pods, "a", "x");
    assert_int_equal(kube_store_version(s), 5);
    assert_string_equal(json_string_value(json_object_get(json_object_get(kube_shelf_get(pods, "a", "x"), "metadata"), "resourceVersion")), "5");
    kube_shelf_each(pods, NULL, NULL, list, &got);
    assert_told(&got, "a/x a/y b/x ");
    kube_shelf_each(pods, "a", NULL, list, &got);
    assert_told(&got, "a/x a/y ");
    kube_shelf_each(pods, NULL, "a/x", list, &got);
    assert_told(&got, "a/y b/x ");
    assert_int_equal(kube_shelf_remove(pods, "a", "x"), 0);
    assert_int_equal(kube_shelf_remove(pods, "a", "x"), -ENOENT);
    assert_null(kube_shelf_get(pods, "a", "x"));
    buf_done(&got);
    kube_store_free(s);
    (void)state;
}

static void test_watch(void **state)
{
    struct kube_store *s = kube_store_new(3);
    struct kube_shelf *pods = kube_store_shelf(s, "", "pods"), *nodes = kube_store_shelf(s, "", "nodes");
    struct buf got = BUF_NULL;
    struct kube_store_watch *w = kube_store_watch(s, note, &got);
    put(pods, "a", "x");
    put(nodes, NULL, "n");
    put(pods, "a", "x");
    kube_shelf_remove(pods, "a", "x");
    assert_told(&got, "+a/x@2 +/n@3 ~a/x@4 -a/x@5 ");
    assert_int_equal(kube_shelf_since(pods, 3, note, &got), 0);
    assert_told(&got, "~a/x@4 -a/x@5 ");
    assert_int_equal(kube_shelf_since(pods, 1, note, &got), -ESTALE); /* three are remembered */
    kube_store_compact(s);
    assert_int_equal(kube_shelf_since(pods, 4, note, &got), -ESTALE);
    assert_int_equal(kube_shelf_since(pods, 5, note, &got), 0);
    assert_told(&got, "");
    kube_store_unwatch(w);
    put(pods, "a", "z");
    assert_told(&got, "");
    buf_done(&got);
    kube_store_free(s);
    (void)state;
}

struct chain {
    struct buf got;
    struct kube_store_watch *first;
    struct kube_shelf *pods;
};

static void make_another(void *arg, const struct kube_change *c)
{
    struct chain *ch = arg;
    buf_addf(&ch->got, "a:%s ", c->key);
    if (!strcmp(c->key, "n/1"))
        put(ch->pods, "n", "2");
    else
        ch->first = kube_store_unwatch(ch->first);
}

static void test_changes_from_within(void **state)
{
    struct kube_store *s = kube_store_new(0);
    struct chain ch = {.pods = kube_store_shelf(s, "", "pods")};
    struct kube_store_watch *other = kube_store_watch(s, note, &ch.got);
    ch.first = kube_store_watch(s, make_another, &ch);
    put(ch.pods, "n", "1");
    put(ch.pods, "n", "3");
    assert_told(&ch.got, "a:n/1 +n/1@2 a:n/2 +n/2@3 +n/3@4 ");
    kube_store_unwatch(other);
    buf_done(&ch.got);
    kube_store_free(s);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_and_order),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_changes_from_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
