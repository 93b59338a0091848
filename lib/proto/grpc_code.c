#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"

/* As Go prints them: with one l in Canceled. */
static const char *const names[] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

const char *grpc_code_name(int code)
{
    return code >= 0 && (size_t)code < ARRAY_SIZE(names) ? names[code] : "Code";
}

/* "PERMISSION_DENIED", "PermissionDenied", "permission denied": letters count. */
static bool same_letters(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*b == '_' || *b == ' ' || *b == '-')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
    }
}

int grpc_code_parse(const json_t *v, int *ret)
{
    const char *text = json_string_value(v);
    char *end;

    if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= INT32_MAX) {
        *ret = (int)json_integer_value(v);
        return 0;
    }
    if (!text || !*text)
        return -EINVAL;
    long number = strtol(text, &end, 10);
    if (!*end && number >= 0 && number <= INT32_MAX) {
        *ret = (int)number;
        return 0;
    }
    if (same_letters("Cancelled", text)) {
        *ret = GRPC_CANCELLED;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (same_letters(names[i], text)) {
            *ret = (int)i;
            return 0;
        }
    return -EINVAL;
}

char *grpc_encode_text(const char *text)
{
    char *out = xcalloc(3 * strlen(text) + 1, 1), *o = out;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p >= 0x20 && *p <= 0x7e && *p != '%') {
            *o++ = (char)*p;
            continue;
        }
        *o++ = '%';
        *o++ = "0123456789ABCDEF"[*p >> 4];
        *o++ = "0123456789ABCDEF"[*p & 15];
    }
    return out;
}

char *grpc_quote(const char *text)
{
    struct buf b = BUF_NULL;

    buf_add(&b, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_addf(&b, "\\%c", *p);
        else if (*p == '\n')
            buf_addf(&b, "\\n");
        else if (*p < 0x20 || *p == 0x7f)
            buf_addf(&b, "\\x%02x", *p);
        else
            buf_add(&b, p, 1);
    }
    buf_add(&b, "\"", 1);
    char *out = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out;
}
