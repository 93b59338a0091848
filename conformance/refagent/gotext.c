#include "conformance/refagent/gotext.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

static char *buf_string(struct buf *b)
{
    char *s = xstrndup(buf_len(b) ? (const char *)buf_data(b) : "", buf_len(b));
    buf_done(b);
    return s;
}

/* Length of the UTF-8 sequence at p, 0 if there is none. */
static size_t utf8_at(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    if (!len || len > n)
        return 0;
    uint32_t c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return len;
}

char *go_quote(const char *s, size_t n)
{
    static const char plain[] = "\a\b\f\n\r\t\v\"\\", escaped[] = "abfnrtv\"\\";
    struct buf b = BUF_NULL;
    buf_add(&b, "\"", 1);
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t len = utf8_at(p, n - i);
        const char *at = len == 1 && *p ? strchr(plain, *p) : NULL;
        if (at)
            buf_addf(&b, "\\%c", escaped[at - plain]);
        else if (!len || (len == 1 && (*p < 0x20 || *p == 0x7f)))
            buf_addf(&b, "\\x%02x", *p);
        else if (len == 2 && p[0] == 0xc2 &&
                 p[1] < 0xa1) /* C1 controls and the no-break space are not printable */
            buf_addf(&b, "\\u%04x", p[1]);
        else
            buf_add(&b, p, len);
        i += len ? len : 1;
    }
    buf_add(&b, "\"", 1);
    return buf_string(&b);
}

void go_json_escape(struct buf *to, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t len = utf8_at(p, n - i);
        if (!len)
            buf_add(to, "\\ufffd", 6);
        else if (*p == '"' || *p == '\\')
            buf_addf(to, "\\%c", *p);
        else if (*p == '\n' || *p == '\r' || *p == '\t')
            buf_addf(to, "\\%c", *p == '\n' ? 'n' : *p == '\r' ? 'r' : 't');
        else if (*p < 0x20)
            buf_addf(to, "\\u%04x", *p);
        else
            buf_add(to, p, len);
        i += len ? len : 1;
    }
}

char *go_errno(int e)
{
    char *s = xstrdup(strerror(e));
    s[0] = (char)tolower((unsigned char)s[0]); /* Go took the C library's table and lowered it */
    return s;
}

char *go_rfc3339(time_t t)
{
    struct tm tm;
    gmtime_r(&t, &tm);
    return xasprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *go_ip(int family, const void *ip)
{
    char text[INET6_ADDRSTRLEN] = "?";
    inet_ntop(family, ip, text, sizeof text);
    return xstrdup(text);
}

char *go_addr(const struct sockaddr_storage *a)
{
    bool six = a->ss_family == AF_INET6;
    const struct sockaddr_in6 *in6 = (const void *)a;
    const struct sockaddr_in *in = (const void *)a;
    _cleanup_(freep) char *ip = go_ip(a->ss_family, six ? (const void *)&in6->sin6_addr : &in->sin_addr);
    return xasprintf(six ? "[%s]:%u" : "%s:%u", ip, ntohs(six ? in6->sin6_port : in->sin_port));
}

const char *go_http_status(int code)
{
    static const struct {
        int code;
        const char *text;
    } table[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {102, "Processing"},
        {103, "Early Hints"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {305, "Use Proxy"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Request Entity Too Large"},
        {414, "Request URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Requested Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {418, "I'm a teapot"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Entity"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
        {511, "Network Authentication Required"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].code == code)
            return table[i].text;
    return "";
}

char *go_grpc_code(int code)
{
    static const char *names[] = {
        "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
        "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
        "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
        "DataLoss", "Unauthenticated"};
    if (code >= 0 && (size_t)code < ARRAY_SIZE(names))
        return xstrdup(names[code]);
    return xasprintf("Code(%u)", (unsigned)code);
}

char *go_tls_alert(int alert)
{
    static const char *texts[121] = {
        [0] = "close notify",
        [10] = "unexpected message",
        [20] = "bad record MAC",
        [21] = "decryption failed",
        [22] = "record overflow",
        [30] = "decompression failure",
        [40] = "handshake failure",
        [42] = "bad certificate",
        [43] = "unsupported certificate",
        [44] = "revoked certificate",
        [45] = "expired certificate",
        [46] = "unknown certificate",
        [47] = "illegal parameter",
        [48] = "unknown certificate authority",
        [49] = "access denied",
        [50] = "error decoding message",
        [51] = "error decrypting message",
        [60] = "export restriction",
        [70] = "protocol version not supported",
        [71] = "insufficient security level",
        [80] = "internal error",
        [86] = "inappropriate fallback",
        [90] = "user canceled",
        [100] = "no renegotiation",
        [109] = "missing extension",
        [110] = "unsupported extension",
        [111] = "certificate unobtainable",
        [112] = "unrecognized name",
        [113] = "bad certificate status response",
        [114] = "bad certificate hash value",
        [115] = "unknown PSK identity",
        [116] = "certificate required",
        [120] = "no application protocol",
    };
    if (alert >= 0 && (size_t)alert < ARRAY_SIZE(texts) && texts[alert])
        return xasprintf("tls: %s", texts[alert]);
    return xasprintf("tls: alert(%d)", alert);
}

char *go_ws_status(int code)
{
    static const char *names[] = {"NormalClosure",
                                  "GoingAway",
                                  "ProtocolError",
                                  "UnsupportedData",
                                  NULL,
                                  "NoStatusRcvd",
                                  "AbnormalClosure",
                                  "InvalidFramePayloadData",
                                  "PolicyViolation",
                                  "MessageTooBig",
                                  "MandatoryExtension",
                                  "InternalError",
                                  "ServiceRestart",
                                  "TryAgainLater",
                                  "BadGateway",
                                  "TLSHandshake"};
    if (code == 1004)
        return xstrdup("statusReserved");
    if (code >= 1000 && (size_t)(code - 1000) < ARRAY_SIZE(names))
        return xasprintf("Status%s", names[code - 1000]);
    return xasprintf("StatusCode(%d)", code);
}

char *go_h2_code(uint32_t code)
{
    static const char *names[] = {"NO_ERROR",
                                  "PROTOCOL_ERROR",
                                  "INTERNAL_ERROR",
                                  "FLOW_CONTROL_ERROR",
                                  "SETTINGS_TIMEOUT",
                                  "STREAM_CLOSED",
                                  "FRAME_SIZE_ERROR",
                                  "REFUSED_STREAM",
                                  "CANCEL",
                                  "COMPRESSION_ERROR",
                                  "CONNECT_ERROR",
                                  "ENHANCE_YOUR_CALM",
                                  "INADEQUATE_SECURITY",
                                  "HTTP_1_1_REQUIRED"};
    if (code < ARRAY_SIZE(names))
        return xstrdup(names[code]);
    return xasprintf("unknown error code 0x%x", code);
}

char *go_percent_decode(const char *s, size_t n)
{
    struct buf b = BUF_NULL;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '%' && i + 2 < n && isxdigit((unsigned char)s[i + 1]) &&
            isxdigit((unsigned char)s[i + 2])) {
            char hex[3] = {s[i + 1], s[i + 2], 0};
            c = (unsigned char)strtoul(hex, NULL, 16);
            i += 2;
        }
        buf_add(&b, &c, 1);
    }
    return buf_string(&b);
}

bool go_parse_int32(const char *s, int *ret, char **reterr)
{
    char *end;
    bool digits =
        isdigit((unsigned char)s[0]) || ((s[0] == '-' || s[0] == '+') && isdigit((unsigned char)s[1]));
    errno = 0;
    long v = strtol(s, &end, 10);
    bool syntax = !digits || *end;
    if (!syntax && !errno && v >= INT_MIN && v <= INT_MAX) {
        *ret = (int)v;
        return true;
    }
    _cleanup_(freep) char *quoted = go_quote(s, strlen(s));
    *reterr = xasprintf("strconv.ParseInt: parsing %s: %s", quoted,
                        syntax ? "invalid syntax" : "value out of range");
    return false;
}
