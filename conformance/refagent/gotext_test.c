/* Go's words: quoting, escapes, names of codes, and what is told of addresses, handshakes and frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent_configuration.pb-c.h"
#include "conformance/refagent/go_json.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/gourl.h"
#include "conformance/refagent/grpc_status.h"
#include "conformance/refagent/pieces.h"
#include "conformance/refagent/upgrade.h"
#include "conformance/refagent/ws_frames.h"
#include "lib/base/mem.h"

static void assert_text(char *got, const char *want)
{
    assert_string_equal(got, want);
    free(got);
}

static void quotes_as_go(void **state)
{
    (void)state;
    assert_text(go_quote("a\"b\\c", 5), "\"a\\\"b\\\\c\"");
    assert_text(go_quote("\0\x06\n\t\x7f", 5), "\"\\x00\\x06\\n\\t\\x7f\"");
    assert_text(go_quote("\xff\xc3\xa9\xc3", 4), "\"\\xff\xc3\xa9\\xc3\"");
    assert_text(go_quote("\xc2\x85", 2), "\"\\u0085\"");
    assert_text(go_quote("\xed\xa0\x80", 3), "\"\\xed\\xa0\\x80\""); /* half of a surrogate pair */
    assert_text(go_quote("", 0), "\"\"");
}

static void escapes_json_as_zap(void **state)
{
    (void)state;
    struct buf b = BUF_NULL;
    go_json_escape(&b, "a\"\\\n\x01<&>\xff", 9);
    assert_int_equal(buf_len(&b), strlen("a\\\"\\\\\\n\\u0001<&>\\ufffd"));
    assert_memory_equal(buf_data(&b), "a\\\"\\\\\\n\\u0001<&>\\ufffd", buf_len(&b));
    buf_done(&b);
}

static void names_codes(void **state)
{
    (void)state;
    assert_text(go_grpc_code(16), "Unauthenticated");
    assert_text(go_grpc_code(17), "Code(17)");
    assert_text(go_ws_status(1011), "StatusInternalError");
    assert_text(go_ws_status(4000), "StatusCode(4000)");
    assert_text(go_ws_status(1004), "statusReserved");
    assert_text(go_tls_alert(40), "tls: handshake failure");
    assert_text(go_tls_alert(99), "tls: alert(99)");
    assert_text(go_h2_code(11), "ENHANCE_YOUR_CALM");
    assert_text(go_h2_code(99), "unknown error code 0x63");
    assert_text(go_percent_decode("a%20b%4", 7), "a b%4");
}

static void parses_numbers(void **state)
{
    (void)state;
    int v = 0;
    char *error = NULL;
    assert_true(go_parse_int32("-7", &v, &error));
    assert_int_equal(v, -7);
    assert_false(go_parse_int32("xx", &v, &error));
    assert_text(error, "strconv.ParseInt: parsing \"xx\": invalid syntax");
    assert_false(go_parse_int32("99999999999", &v, &error));
    assert_text(error, "strconv.ParseInt: parsing \"99999999999\": value out of range");
    assert_false(go_parse_int32("", &v, &error));
    free(error);
}

static void check_url(const char *text, const char *want)
{
    struct go_url u;
    char *error = go_url_parse(text, &u);
    if (want)
        assert_text(error, want);
    else
        assert_null(error);
    go_url_done(&u);
}

static void parses_urls(void **state)
{
    (void)state;
    check_url("127.0.0.1:80", "parse \"127.0.0.1:80\": first path segment in URL cannot contain colon");
    check_url("%zz", "parse \"%zz\": invalid URL escape \"%zz\"");
    check_url("ws://[::1", "parse \"ws://[::1\": missing ']' in host");
    check_url("ws://x:port", "parse \"ws://x:port\": invalid port \":port\" after host");
    check_url(":x", "parse \":x\": missing protocol scheme");
    check_url("ws://a\nb", "parse \"ws://a\\nb\": net/url: invalid control character in URL");
    check_url("gitlab.host:80", NULL);
    struct go_url u;
    assert_null(go_url_parse("WSS://u@gitlab.host:443/-/kubernetes-agent/?q#f", &u));
    assert_string_equal(u.scheme, "wss");
    assert_string_equal(u.host, "gitlab.host:443");
    assert_string_equal(u.hostname, "gitlab.host");
    assert_string_equal(u.port, "443");
    assert_string_equal(u.path, "/-/kubernetes-agent/");
    go_url_done(&u);
    assert_null(go_url_parse("grpc://[::1]:8150", &u));
    assert_string_equal(u.hostname, "::1");
    go_url_done(&u);
}

/* error NULL: accepted */
static void check_reply(const char *reply, bool eof, const char *error, bool transport)
{
    struct upgrade_reply r;
    assert_true(upgrade_judge((const uint8_t *)reply, strlen(reply), eof, "dGhlIHNhbXBsZSBub25jZQ==", &r));
    assert_int_equal(r.transport, transport);
    if (error)
        assert_string_equal(r.error, error);
    else
        assert_null(r.error);
    upgrade_reply_done(&r);
}

#define SWITCHING                                                                                           \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define BROKEN "net/http: HTTP/1.x transport connection broken: "

static void judges_handshakes(void **state)
{
    (void)state;
    check_reply(SWITCHING "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", false, NULL, false);
    check_reply(
        SWITCHING "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: x\r\n\r\n",
        false, "WebSocket protocol violation: unexpected Sec-WebSocket-Protocol from server: \"x\"", false);
    check_reply(SWITCHING "Sec-WebSocket-Accept: abc\r\n\r\n", false,
                "WebSocket protocol violation: invalid Sec-WebSocket-Accept \"abc\", key "
                "\"dGhlIHNhbXBsZSBub25jZQ==\"",
                false);
    check_reply("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", false,
                "WebSocket protocol violation: Connection header \"\" does not contain Upgrade", false);
    check_reply("HTTP/1.1 301 Moved\r\nLocation: /a/\r\n\r\n", false,
                "expected handshake response status code 101 but got 301", false);
    check_reply("hello\r\n", false, BROKEN "malformed HTTP response \"hello\"", true);
    check_reply("\x06\x04", true, BROKEN "malformed HTTP response \"\\x06\\x04\"", true);
    check_reply("HTTP/1.1 abc x\r\n\r\n", false, BROKEN "malformed HTTP status code \"abc\"", true);
    check_reply("HTTP/1.1 101 x\r\nUpgrade: web", true, BROKEN "unexpected EOF", true);
    check_reply("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-W", true, BROKEN "malformed MIME header: missing colon: \"Sec-W\"",
                true);
    check_reply("HTTP/1.1 101 x\r\nUpgrade websocket\r\n\r\n", false,
                BROKEN "malformed MIME header: missing colon: \"Upgrade websocket\"", true);
    struct upgrade_reply r;
    assert_false(upgrade_judge((const uint8_t *)"HTTP/1.1 101 x\r\n", 16, false, "k", &r));
}

static void tells_where_it_was_cut(void **state)
{
    (void)state;
    static const uint8_t record[] = {22, 3, 3, 0, 2, 1, 1, 21, 3, 3, 0, 0};
    for (size_t n = 0; n <= sizeof record; n++) {
        struct pieces c = PIECES_TLS;
        bool between = n == 0 || n == 7 || n == 12;
        pieces_feed(&c, record, n / 2);
        pieces_feed(&c, record + n / 2, n - n / 2);
        assert_string_equal(pieces_end(&c, "EOF"), between ? "EOF" : "unexpected EOF");
        assert_string_equal(pieces_end(&c, "reset"), "reset");
    }
    struct pieces h = PIECES_HTTP2;
    pieces_feed(&h, (const uint8_t[]){0, 1, 0, 4, 0, 0, 0, 0, 0}, 9);
    assert_int_equal(h.left, 256);
}

static void hides_extensions_from_lws(void **state)
{
    (void)state;
    static const char head[] = SWITCHING "sec-websocket-extensions: permessage-deflate\r\nA: b\r\n\r\n";
    struct buf b = BUF_NULL;
    upgrade_reply_for_lws((const uint8_t *)head, sizeof head - 1, &b);
    assert_int_equal(buf_len(&b), strlen(SWITCHING "A: b\r\n\r\n"));
    assert_memory_equal(buf_data(&b), SWITCHING "A: b\r\n\r\n", buf_len(&b));
    buf_done(&b);
}

static void check_frames(const char *bytes, size_t n, const char *error)
{
    for (size_t piece = 1; piece <= n; piece++) { /* however it is cut */
        struct ws_frames f = {0};
        char *got = NULL;
        for (size_t i = 0; i < n && !got; i += piece)
            got = ws_frames_feed(&f, (const uint8_t *)bytes + i, n - i < piece ? n - i : piece);
        if (error)
            assert_text(got, error);
        else
            assert_null(got);
    }
}

static void follows_frames(void **state)
{
    (void)state;
    check_frames("\x02\x01"
                 "a\x89\x01p\x80\x01"
                 "b\x82\x00\x82\x01z",
                 14, NULL);
    check_frames("\xc2\x01z", 3,
                 "failed to get reader: received header with unexpected rsv bits set: true:false:false");
    check_frames("\x83\x01z", 3, "failed to get reader: received unknown opcode opcode(3)");
    check_frames("\x80\x01z", 3,
                 "failed to get reader: received continuation frame without text or binary frame");
    struct ws_frames f = {0};
    assert_null(ws_frames_feed(&f, (const uint8_t *)"\x82\x7e\x01\x00z", 5));
    assert_text(ws_frames_cut(&f, "EOF"), "failed to read: failed to read frame payload: unexpected EOF");
    f = (struct ws_frames){0};
    assert_text(ws_frames_cut(&f, "EOF"), "failed to get reader: failed to read frame header: EOF");
}

static void check_headers(const struct h2_header *h, size_t n, bool first, int code, const char *message)
{
    struct grpc_headers g;
    grpc_headers_read(h, n, first, &g);
    assert_true(g.has_status);
    assert_int_equal(g.status.code, code);
    assert_string_equal(g.status.message, message);
    grpc_headers_done(&g);
}

#define H(name, value)                                                                                      \
    {                                                                                                       \
        name, value, sizeof value - 1                                                                       \
    }

static void reads_statuses(void **state)
{
    (void)state;
    const struct h2_header ok[] = {H(":status", "200"), H("content-type", "application/grpc"),
                                   H("grpc-status", "7"), H("grpc-message", "no%21")};
    const struct h2_header html[] = {H(":status", "502"), H("content-type", "text/html")};
    const struct h2_header trailers[] = {H("grpc-status", "xx")};
    check_headers(ok, 4, true, GRPC_PERMISSION_DENIED, "no!");
    check_headers(html, 2, true, GRPC_UNAVAILABLE,
                  "unexpected HTTP status code received from server: 502 (Bad Gateway); transport: received "
                  "unexpected "
                  "content-type \"text/html\"");
    check_headers(html, 0, true, GRPC_INTERNAL,
                  "malformed header: missing HTTP status; malformed header: missing HTTP content-type");
    check_headers(trailers, 1, false, GRPC_INTERNAL,
                  "transport: malformed grpc-status: strconv.ParseInt: parsing \"xx\": invalid syntax");
    struct grpc_headers g;
    grpc_headers_read(ok, 2, true, &g);
    assert_false(g.has_status);
    grpc_headers_done(&g);
}

static void renders_configurations(void **state)
{
    (void)state;
    Agentcfg__LoggingCF logging = AGENTCFG__LOGGING_CF__INIT;
    logging.level = 1;
    Agentcfg__ObservabilityCF observability = AGENTCFG__OBSERVABILITY_CF__INIT;
    observability.logging = &logging;
    Agentcfg__ManifestProjectCF project = AGENTCFG__MANIFEST_PROJECT_CF__INIT, *projects[] = {&project};
    Agentcfg__GitopsCF gitops = AGENTCFG__GITOPS_CF__INIT;
    gitops.manifest_projects = projects;
    gitops.n_manifest_projects = 1;
    Agentcfg__AgentConfiguration c = AGENTCFG__AGENT_CONFIGURATION__INIT;
    c.observability = &observability;
    c.gitops = &gitops;
    c.agent_id = 7;
    struct buf b = BUF_NULL;
    go_json_message(&b, &c.base);
    buf_add(&b, "", 1);
    assert_string_equal((const char *)buf_data(&b),
                        "{\"gitops\":{\"manifest_projects\":[{\"PruneOneof\":null}]},"
                        "\"observability\":{\"logging\":{\"level\":1}},\"agent_id\":7}");
    buf_done(&b);

    AgentConfiguration__ConfigurationResponse r = AGENT_CONFIGURATION__CONFIGURATION_RESPONSE__INIT;
    assert_text(go_validate(&r.base),
                "invalid ConfigurationResponse.CommitId: value length must be at least 1 bytes");
    r.configuration = &c;
    assert_text(go_validate(&r.base),
                "invalid ConfigurationResponse.Configuration: embedded message failed validation | caused "
                "by: invalid "
                "AgentConfiguration.Gitops: embedded message failed validation | caused by: invalid "
                "GitopsCF.ManifestProjects[0]: embedded message failed validation | caused by: invalid "
                "ManifestProjectCF.Id: value length must be at least 1 bytes");
    r.commit_id = (char *)"x";
    c.gitops = NULL;
    assert_null(go_validate(&r.base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_as_go),
        cmocka_unit_test(escapes_json_as_zap),
        cmocka_unit_test(names_codes),
        cmocka_unit_test(parses_numbers),
        cmocka_unit_test(parses_urls),
        cmocka_unit_test(judges_handshakes),
        cmocka_unit_test(tells_where_it_was_cut), cmocka_unit_test(hides_extensions_from_lws),
        cmocka_unit_test(follows_frames),
        cmocka_unit_test(reads_statuses),
        cmocka_unit_test(renders_configurations),
    };
    return cmocka_run_group_tests_name("gotext", tests, NULL, NULL);
}
