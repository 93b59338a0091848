/* The table. Moments first, in the order of the layers; then verbs. */
#include "lib/script/vocabulary.h"

#include <string.h>

#include "lib/base/mem.h"

/* What the connection itself can do, whatever its layer. */
#define COMMON_VERBS "reset close half_close stall send shape delay"
#define WS_VERBS COMMON_VERBS " withhold ws_frame fragment pass"
#define H2_VERBS COMMON_VERBS " withhold goaway rst_stream frame settings pass"
#define GRPC_VERBS                                                                                                    \
    COMMON_VERBS " status rst_stream goaway end message bytes repeat headers trailers respond frame settings "        \
                 "withhold pass"

const struct vocabulary_moment vocabulary_moments[] = {
    {"tcp.accept", "tcp", COMMON_VERBS, "peer local port", false,
     "a connection was accepted, before anything is read",
     "lib/net/tcp_test.c"},
    {"tcp.bytes", "tcp", COMMON_VERBS, "dir bytes total", true,
     "bytes are about to go up (`dir: in`) or out; `total` with them. A delay holds back `in` only",
     "lib/net/tcp_test.c"},
    {"tls.hello", "tls", COMMON_VERBS " alert", "sni alpn versions", false,
     "the ClientHello arrived, before we answer",
     "lib/net/tls_test.c"},
    {"tls.message", "tls", COMMON_VERBS " alert cut withhold", "type bytes", false,
     "a message of our handshake is about to go out: ServerHello, Certificate, …",
     "lib/net/tls_message_test.c"},
    {"tls.handshake", "tls", COMMON_VERBS " alert", "version cipher alpn sni", false,
     "the handshake is done",
     "lib/net/tls_test.c"},
    {"proxy.request", "proxy", COMMON_VERBS " respond withhold pass", "method target path query version host headers", false,
     "a CONNECT arrived at the proxy",
     "conformance/world/world_proxy_test.c"},
    {"http.request", "http", COMMON_VERBS " respond withhold pass", "method target path query version host headers", false,
     "the head of an HTTP/1.1 request arrived",
     "lib/proto/http1_test.c"},
    {"kube.request", "kube", COMMON_VERBS " respond refuse withhold pass", "verb method path group version resource subresource namespace name user "
     "impersonated manager patch dry_run", false,
     "the cluster knows what is asked, and by whom, before it does it",
     "fakekube/kube_test.c"},
    {"ws.handshake", "websocket", COMMON_VERBS " headers respond withhold pass", "headers", false,
     "the upgrade was asked for, before our 101 goes out",
     "lib/proto/websocket_fault_test.c"},
    {"ws.open", "websocket", WS_VERBS, "", false,
     "our 101 has gone out",
     "lib/proto/websocket_fault_test.c"},
    {"ws.message", "websocket", WS_VERBS, "opcode length fin direction", true,
     "a message begins",
     "lib/proto/websocket_test.c"},
    {"ws.ping", "websocket", WS_VERBS, "by data", false,
     "a ping arrived",
     "lib/proto/websocket_test.c", "no agent pings, its WebSocket library only answers; so no pong is missed either"},
    {"ws.close", "websocket", WS_VERBS, "code reason by", false,
     "a close frame arrived, or goes out",
     "lib/proto/websocket_test.c"},
    {"h2.settings", "http2", H2_VERBS, "", false,
     "before our SETTINGS go out",
     "lib/proto/http2_test.c"},
    {"h2.peer_settings", "http2", H2_VERBS, NULL, false,
     "the peer's SETTINGS arrived; the facts are the settings by name",
     "lib/proto/http2_test.c"},
    {"h2.ping", "http2", H2_VERBS, "ack data", true,
     "a PING arrived",
     "lib/proto/http2_end_test.c"},
    {"h2.goaway", "http2", H2_VERBS, "by code last debug", false,
     "a GOAWAY arrived",
     "lib/script/steps_test.c", "agents up to head end their connections without a word"},
    {"h2.rst_stream", "http2", H2_VERBS, "by code", false,
     "a RST_STREAM arrived",
     "lib/proto/http2_check_test.c"},
    {"h2.frame", "http2", H2_VERBS, NULL, true,
     "any frame",
     "lib/proto/http2_fault_test.c"},
    {"h2.failed", "http2", H2_VERBS, "reason", false,
     "the session broke",
     "lib/proto/http2_fault_test.c"},
    {"grpc.request", "grpc", GRPC_VERBS, "service method path authority scheme user_agent encoding accept_encoding headers", false,
     "the headers of a call arrived",
     "lib/proto/grpc_fault_test.c"},
    {"grpc.message", "grpc", GRPC_VERBS, "service method direction n message size compressed", true,
     "a message arrived, or is about to be sent",
     "lib/proto/grpc_fault_test.c"},
    {"grpc.end", "grpc", GRPC_VERBS, "service method", false,
     "the client has half-closed the call",
     "lib/proto/grpc_fault_test.c"},
    {"grpc.status", "grpc", GRPC_VERBS, "service method code name message", false,
     "before a status goes out",
     "lib/proto/grpc_fault_test.c"},
    {"grpc.closed", "grpc", COMMON_VERBS " goaway", "service method code", false,
     "the call is over",
     "lib/proto/grpc_test.c"},
    {"dns.query", "dns", "answer rcode stall delay truncate send reset", "name type over", false,
     "a query arrived",
     "lib/net/dns_test.c"},
    {0},
};

const struct vocabulary_verb vocabulary_verbs[] = {
    {"reset", "any", true, "a reset at once, without a word (TCP RST). Takes {layer}", "lib/net/tcp_test.c"},
    {"close", "any", true, "a goodbye as the protocol has it; at a ws.* moment {code, reason} of the close frame", "lib/net/act_test.c"},
    {"half_close", "any", true, "the end of our bytes (FIN, close_notify), while we go on reading", "lib/net/shape_test.c"},
    {"stall", "any", true, "silence: neither read nor answered from here on", "lib/net/dns_test.c"},
    {"send", "any", false, "the bytes to send: a text, {text: …}, {hex: …} or {base64: …}", "lib/net/act_test.c"},
    {"delay", "any", false, "how long to wait before going on, for instance 2s", "lib/net/act_test.c"},
    {"shape", "any", false, "a poor network for the rest of the connection {latency, jitter, bandwidth, slice, trickle, after_bytes, after, then, dir}", "lib/net/shape_test.c"},
    {"cut", "tls", false, "that only the first bytes of the message go out {bytes}", "lib/net/tls_message_test.c"},
    {"respond", "http", false, "an HTTP answer {status, reason, headers, body, close}", "lib/proto/http1_test.c"},
    {"refuse", "kube", false, "a Status as Kubernetes says no {code, reason, message, details}; default code 403", "fakekube/kube_test.c"},
    {"withhold", "http2", true, "that what was about to be sent is not sent", "lib/proto/http2_end_test.c"},
    {"alert", "tls", false, "a TLS alert by name, for instance handshake_failure, or {name}; at tls.handshake under the keys (TLS 1.3)", "lib/net/tls_test.c"},
    {"bytes", "grpc", false, "the bytes that stand where a framed message would: a text, {hex: …} or {base64: …}", "lib/proto/grpc_fault_test.c"},
    {"repeat", "grpc", false, "how often the message is sent", "lib/proto/grpc_fault_test.c"},
    {"headers", "grpc", false, "headers by lower-case name. A list sends the header several times, null leaves a default out", "lib/proto/grpc_fault_test.c"},
    {"status", "grpc", false, "the status that ends the call {code, message, trailers_only}", "lib/proto/grpc_fault_test.c"},
    {"rst_stream", "http2", false, "an HTTP/2 error by name or number, for instance ENHANCE_YOUR_CALM or 11", "lib/proto/http2_end_test.c"},
    {"goaway", "http2", true, "a GOAWAY {code, debug, last, graceful}", "lib/proto/http2_end_test.c"},
    {"end", "grpc", true, "the end of the stream without trailers", "lib/proto/grpc_fault_test.c"},
    {"message", "grpc", false, "a reply message, by the names of its .proto fields", "lib/proto/grpc_fault_test.c"},
    {"answer", "dns", false, "a DNS answer {a, aaaa, ttl}", "lib/net/dns_test.c"},
    {"rcode", "dns", false, "a DNS result code, for instance NXDOMAIN", "lib/net/dns_test.c"},
    {"truncate", "dns", true, "an answer with the TC bit, so that the client asks again over TCP", "lib/net/dns_test.c"},
    {"trailers", "grpc", false, "the end of the call with exactly these trailers", "lib/proto/grpc_trailers_test.c"},
    {"ws_frame", "websocket", false, "a WebSocket frame by its fields {opcode, fin, rsv, mask, payload, length, count}", "lib/proto/websocket_fault_test.c"},
    {"fragment", "websocket", false, "payload bytes in each frame of our messages, or {size, opcode, rsv, mask, between}", "lib/proto/websocket_fault_test.c"},
    {"frame", "http2", false, "an HTTP/2 frame by its fields {type, flags, stream, payload, length, count}", "lib/proto/http2_fault_test.c"},
    {"settings", "http2", false, "SETTINGS by name, or by number as text: {max_concurrent_streams: 0, \"0x99\": 1}", "lib/proto/http2_fault_test.c"},
    {"pass", "grpc", true, "that all goes on as if nothing had been said", "lib/proto/grpc_fault_test.c"},
    {0},
};

static json_t *words(const char *text)
{
    json_t *list = json_array();
    for (const char *p = text; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        json_array_append_new(list, json_stringn(p, n));
        p += n;
    }
    return list;
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p += n)
        if ((p == text || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

json_t *vocabulary_x_moments(void)
{
    json_t *all = json_object();
    for (const struct vocabulary_moment *m = vocabulary_moments; m->name; m++) {
        json_t *one = json_pack("{s:s}", "layer", m->layer);
        if (m->facts)
            json_object_set_new(one, "facts", words(m->facts));
        json_object_set_new(one, "verbs", words(m->verbs));
        json_object_set_new(all, m->name, one);
    }
    return all;
}

static json_t *moments_of(const char *verb)
{
    json_t *list = json_array();
    for (const struct vocabulary_moment *m = vocabulary_moments; m->name; m++)
        if (has_word(m->verbs, verb))
            json_array_append_new(list, json_string(m->name));
    return list;
}

json_t *vocabulary_json(void)
{
    json_t *moments = json_array(), *verbs = json_array();
    for (const struct vocabulary_moment *m = vocabulary_moments; m->name; m++)
        json_array_append_new(moments, json_pack("{s:s, s:s, s:o?, s:o, s:b, s:s, s:s?, s:s?}", "name", m->name, "layer",
                                                 m->layer, "facts", m->facts ? words(m->facts) : json_null(), "verbs",
                                                 words(m->verbs), "noisy", m->noisy, "when", m->when, "test",
                                                 m->test, "alone", m->alone));
    for (const struct vocabulary_verb *v = vocabulary_verbs; v->name; v++)
        json_array_append_new(verbs, json_pack("{s:s, s:s, s:b, s:s, s:s?, s:o}", "name", v->name, "layer", v->layer,
                                               "bare", v->bare, "does", v->does, "test", v->test, "at",
                                               moments_of(v->name)));
    return json_pack("{s:o, s:o}", "moments", moments, "verbs", verbs);
}
