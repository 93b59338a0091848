#include "conformance/refagent/upgrade.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "lib/base/mem.h"

#define BODY_READ 1024 /* of a refusal, for the sake of a log that 14.7 does not write */
#define BROKEN "net/http: HTTP/1.x transport connection broken: "

/* The value of a header in a head whose lines end with CRLF or LF; NULL if it is not there. */
static char *header(const char *head, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = head; (line = strchr(line, '\n'));) {
        line++;
        if (strncasecmp(line, name, n) || line[n] != ':')
            continue;
        const char *v = line + n + 1;
        v += strspn(v, " \t");
        size_t len = strcspn(v, "\r\n");
        while (len && (v[len - 1] == ' ' || v[len - 1] == '\t'))
            len--;
        return xstrndup(v, len);
    }
    return NULL;
}

static void copy_header(struct buf *out, const char *spelling, const char *lws_head)
{
    _cleanup_(freep) char *v = header(lws_head, spelling);
    if (v)
        buf_addf(out, "%s: %s\r\n", spelling, v);
}

void upgrade_request(const struct agent *a, const char *path, const char *lws_head, struct buf *out,
                     char **ret_key)
{
    buf_addf(out, "GET %s HTTP/1.1\r\nHost: %s\r\n", *path ? path : "/", a->kas.host);
    if (!mutant_is(a, M_NO_USER_AGENT))
        buf_addf(out, "User-Agent: " AGENT_USER_AGENT "\r\n");
    buf_addf(out, "Connection: Upgrade\r\n");
    copy_header(out, "Sec-Websocket-Extensions", lws_head);
    copy_header(out, "Sec-Websocket-Key", lws_head);
    copy_header(out, "Sec-Websocket-Protocol", lws_head);
    copy_header(out, "Sec-Websocket-Version", lws_head);
    buf_addf(out, "Upgrade: websocket\r\nAccept-Encoding: gzip\r\n\r\n");
    *ret_key = header(lws_head, "Sec-Websocket-Key");
}

static char *accept_of(const char *key)
{
    uint8_t digest[SHA_DIGEST_LENGTH];
    char text[32] = "";
    _cleanup_(freep) char *all = xasprintf("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    SHA1((const uint8_t *)all, strlen(all), digest);
    EVP_EncodeBlock((uint8_t *)text, digest, sizeof digest);
    return xstrdup(text);
}

static char *quoted(const char *format, const char *s, size_t n)
{
    _cleanup_(freep) char *q = go_quote(s, n);
    return xasprintf("%s%s", format, q);
}

/* "HTTP/1.1 101 Switching Protocols" */
static char *status_line(const char *line, int *ret_status)
{
    const char *space = strchr(line, ' ');
    if (!space)
        return quoted(BROKEN "malformed HTTP response ", line, strlen(line));
    const char *code = space + strspn(space, " ");
    size_t n = strcspn(code, " ");
    bool digits = n == 3 && isdigit((unsigned char)code[0]) && isdigit((unsigned char)code[1]) &&
                  isdigit((unsigned char)code[2]);
    if (!digits)
        return quoted(BROKEN "malformed HTTP status code ", code, n);
    if (strncmp(line, "HTTP/", 5) || !isdigit((unsigned char)line[5]) || line[6] != '.' ||
        !isdigit((unsigned char)line[7]))
        return quoted(BROKEN "malformed HTTP version ", line, (size_t)(space - line));
    *ret_status = atoi(code);
    return NULL;
}

/* A token in a comma-separated header, whatever its case. */
static bool has_token(const char *list, const char *token)
{
    size_t n = strlen(token);
    for (const char *p = list; p && *p; p += strcspn(p, ",")) {
        p += strspn(p, ", \t");
        size_t len = strcspn(p, ",");
        while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
            len--;
        if (len == n && !strncasecmp(p, token, n))
            return true;
    }
    return false;
}

static char *violation(const char *head, const char *key, size_t *body)
{
    _cleanup_(freep) char *connection = header(head, "Connection");
    _cleanup_(freep) char *upgrade = header(head, "Upgrade");
    _cleanup_(freep) char *accept = header(head, "Sec-WebSocket-Accept");
    _cleanup_(freep) char *protocol = header(head, "Sec-WebSocket-Protocol");
    _cleanup_(freep) char *extensions = header(head, "Sec-WebSocket-Extensions");
    _cleanup_(freep) char *right = accept_of(key);
    const char *c = connection ? connection : "", *u = upgrade ? upgrade : "", *ac = accept ? accept : "";
    if (!has_token(c, "Upgrade")) {
        _cleanup_(freep) char *q = go_quote(c, strlen(c));
        return xasprintf("WebSocket protocol violation: Connection header %s does not contain Upgrade", q);
    }
    if (!has_token(u, "websocket")) {
        _cleanup_(freep) char *q = go_quote(u, strlen(u));
        return xasprintf("WebSocket protocol violation: Upgrade header %s does not contain websocket", q);
    }
    *body = BODY_READ; /* the protocol was switched: to net/http, all that follows is the body */
    if (strcmp(ac, right)) {
        _cleanup_(freep) char *q = go_quote(ac, strlen(ac));
        _cleanup_(freep) char *k = go_quote(key, strlen(key));
        return xasprintf("WebSocket protocol violation: invalid Sec-WebSocket-Accept %s, key %s", q, k);
    }
    if (protocol && *protocol && strcasecmp(protocol, "ws-tunnel"))
        return quoted("WebSocket protocol violation: unexpected Sec-WebSocket-Protocol from server: ",
                      protocol, strlen(protocol));
    if (extensions && strncasecmp(extensions, "permessage-deflate", 18))
        return xstrdup("WebSocket protcol violation: unsupported extensions from server: []"); /* sic */
    *body = 0;
    return NULL;
}

static size_t body_length(const char *head, int status)
{
    if (status < 200 || status == 204 || status == 304)
        return 0;
    _cleanup_(freep) char *length = header(head, "Content-Length");
    unsigned long n = length ? strtoul(length, NULL, 10) : BODY_READ;
    return n < BODY_READ ? n : BODY_READ;
}

static char *check_lines(const char *head)
{
    for (const char *line = strchr(head, '\n'); line && line[1] && line[1] != '\r' && line[1] != '\n';
         line = strchr(line + 1, '\n')) {
        size_t n = strcspn(line + 1, "\r\n");
        if (!memchr(line + 1, ':', n))
            return quoted(BROKEN "malformed MIME header: missing colon: ", line + 1, n);
    }
    return NULL;
}

bool upgrade_judge(const uint8_t *p, size_t n, bool eof, const char *key, struct upgrade_reply *ret)
{
    *ret = (struct upgrade_reply){0};
    const uint8_t *newline = memchr(p, '\n', n);
    if (!newline && !eof && n < 65536)
        return false;
    size_t first = newline ? (size_t)(newline - p) : n;
    if (first && p[first - 1] == '\r')
        first--;
    if (memchr(p, 0, first)) { /* no text, hence no space before a status either */
        ret->transport = true;
        ret->error = quoted(BROKEN "malformed HTTP response ", (const char *)p, first);
        return true;
    }
    _cleanup_(freep) char *line = xstrndup((const char *)p, first);
    int status = 0;
    ret->error = status_line(line, &status);
    if (!ret->error) {
        const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
        if (!end && !eof && n < 1048576)
            return false;
        ret->head_len = end ? (size_t)(end - p) + 4 : n;
        _cleanup_(freep) char *head = xstrndup((const char *)p, ret->head_len);
        ret->error = check_lines(head); /* the last one too, which may be cut */
        if (!ret->error && !end)
            ret->error = xstrdup(BROKEN "unexpected EOF");
        if (!ret->error && status != 101) {
            ret->error = xasprintf("expected handshake response status code 101 but got %d", status);
            ret->location = header(head, "Location");
            ret->body = body_length(head, status);
            return true;
        }
        if (!ret->error) {
            ret->error = violation(head, key, &ret->body);
            return true;
        }
    }
    ret->transport = true;
    return true;
}

void upgrade_reply_for_lws(const uint8_t *head, size_t n, struct buf *out)
{
    static const char name[] = "Sec-WebSocket-Extensions:";
    for (size_t at = 0; at < n;) {
        const uint8_t *end = memchr(head + at, '\n', n - at);
        size_t len = end ? (size_t)(end - head) + 1 - at : n - at;
        if (len < sizeof name || strncasecmp((const char *)head + at, name, sizeof name - 1))
            buf_add(out, head + at, len);
        at += len;
    }
}

void upgrade_reply_done(struct upgrade_reply *r)
{
    free(r->error);
    free(r->location);
    *r = (struct upgrade_reply){0};
}
