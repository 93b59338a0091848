/* Verbs on a server that is only written down: one connection without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/script/verbs.h"

struct server {
    struct verbs verbs;
    struct conn *conn;
    struct buf seen;
    int start_fails;
};

static void each(void *server, verbs_conn_fn fn, void *arg)
{
    const struct server *s = server;
    fn(arg, &(struct verbs_conn){.conn = s->conn, .transport = "grpc"});
}

static void stop(void *server, bool keep)
{
    buf_addf(&((struct server *)server)->seen, "stop%s;", keep ? " keep" : "");
}

static int start(void *server, char **reterr)
{
    struct server *s = server;
    buf_addf(&s->seen, "start;");
    if (s->start_fails)
        *reterr = xstrdup("taken");
    return s->start_fails;
}

static int fill(void *server, char **reterr)
{
    (void)reterr;
    buf_addf(&((struct server *)server)->seen, "fill;");
    return 0;
}

static void failed(void *server, const char *why)
{
    buf_addf(&((struct server *)server)->seen, "failed %s;", why);
}

static const struct verbs_owner owner = {.each = each, .stop = stop, .start = start, .fill_backlog = fill,
                                         .failed = failed};

static void begin(struct server *s)
{
    *s = (struct server){.conn = conn_fake_new(NULL, NULL)};
    s->verbs = (struct verbs){.owner = &owner, .server = s, .loop = s->conn->loop};
    conn_fake_open(s->conn);
}

static void end(struct server *s)
{
    verbs_end(&s->verbs);
    conn_fake_free(s->conn);
    verbs_done(&s->verbs);
    buf_done(&s->seen);
}

/* args: stolen. why NULL: it is to succeed. */
static void perform(struct server *s, const char *verb, json_t *args, const char *why)
{
    char *err = NULL;
    assert_true(verbs_knows(verb));
    int r = verbs_perform(&s->verbs, verb, args, &err);
    json_decref(args);
    assert_int_equal(r, why ? -EINVAL : 0);
    if (why && (!err || !strstr(err, why)))
        fail_msg("%s: \"%s\" is not in \"%s\"", verb, why, err ? err : "(nothing)");
    free(err);
}

#define assert_seen(s, text) \
    do { \
        buf_add(&(s)->seen, "", 1); \
        assert_string_equal((const char *)buf_data(&(s)->seen), text); \
        buf_done(&(s)->seen); \
    } while (0)

static void the_whole(void **state)
{
    struct server s;
    (void)state;
    begin(&s);
    perform(&s, "stop", json_pack("{sb}", "keep", 1), NULL);
    perform(&s, "start", NULL, NULL);
    perform(&s, "fill_backlog", NULL, NULL);
    perform(&s, "restart", json_string("soon"), "no duration");
    assert_seen(&s, "stop keep;start;fill;");
    perform(&s, "restart", json_pack("{ss}", "down", "1ms"), NULL);
    assert_seen(&s, "stop;");
    conn_fake_run(s.conn);
    assert_seen(&s, "start;");
    s.start_fails = -EADDRINUSE;
    perform(&s, "restart", json_string("1ms"), NULL);
    conn_fake_run(s.conn);
    assert_seen(&s, "stop;start;failed taken;");
    perform(&s, "restart", json_string("1h"), NULL);
    perform(&s, "stop", NULL, NULL); /* and it stays so */
    conn_fake_run(s.conn);
    assert_seen(&s, "stop;stop;");
    perform(&s, "set_certificate", json_string("expired"), "does not speak TLS");
    perform(&s, "fault_on", json_string("x"), "no fault with the id \"x\"");
    end(&s);
}

static void refused(void **state)
{
    struct server s;
    char *err = NULL;
    static const char *const own[] = {"push_config"};
    (void)state;
    begin(&s);
    perform(&s, "goaway", json_pack("{ss}", "code", "CALM"), "no HTTP/2 error code");
    perform(&s, "rst_streams", json_pack("{ss}", "code", "CALM"), "no HTTP/2 error code");
    perform(&s, "close_streams", json_pack("{ss}", "code", "Unavaiable"), "gRPC code");
    perform(&s, "close", json_pack("{si}", "conn", 77), "no connection 77");
    perform(&s, "act", json_object(), "expected {layer");
    perform(&s, "act", json_pack("{sss{s{}}}", "layer", "h2", "do", "close"), "the layer h2");
    perform(&s, "frame", NULL, "the layer h2");
    assert_false(verbs_knows("push_config"));
    assert_int_equal(verbs_perform(&s.verbs, "push_config", NULL, &err), -ENOSYS);
    _cleanup_(freep) char *near = verbs_unknown("push_confg", own, 1, "the fake X"),
                          *other = verbs_unknown("goawai", own, 1, "the fake X"),
                          *none = verbs_unknown("frobnicate", own, 1, "the fake X");
    assert_non_null(strstr(near, "did you mean push_config?"));
    assert_non_null(strstr(other, "did you mean goaway?"));
    assert_string_equal(none, "\"frobnicate\" is no verb of the fake X");
    end(&s);
}

static void which_connection(void **state)
{
    struct server s;
    (void)state;
    begin(&s);
    perform(&s, "reset", json_pack("{ss}", "transport", "wss"), NULL);
    perform(&s, "ping", NULL, NULL); /* no session: nobody to ping */
    assert_int_equal(conn_fake_closed(s.conn), FAKE_NOT_CLOSED);
    perform(&s, "reset", json_pack("{sI}", "conn", (json_int_t)s.conn->id), NULL);
    assert_int_equal(conn_fake_closed(s.conn), FAKE_RESET);
    end(&s);
}

static void at_a_layer(void **state)
{
    struct server s;
    (void)state;
    begin(&s);
    json_t *list = json_pack("[{ss}{s{}}]", "delay", "1ms", "half_close");
    perform(&s, "act", json_pack("{ssso}", "layer", s.conn->bottom->ops->name, "do", list), NULL);
    assert_int_equal(conn_fake_closed(s.conn), FAKE_NOT_CLOSED);
    conn_fake_run(s.conn);
    assert_int_equal(conn_fake_closed(s.conn), FAKE_CLOSED_HALF);
    perform(&s, "act", json_pack("{sss{ss}}", "layer", s.conn->bottom->ops->name, "do", "delay", "1h"), NULL);
    end(&s); /* while it waits */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole),
        cmocka_unit_test(refused),
        cmocka_unit_test(which_connection),
        cmocka_unit_test(at_a_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
