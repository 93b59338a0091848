/* Messages that JSON writes in a form of their own: Duration "1.5s", Any {"@type": …}, prototool.Values. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/duration.pb-c.h"
#include "lib/base/mem.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb_encode.h"
#include "lib/proto/pb_text.h"
#include "lib/proto/pb_wire.h"
#include "prototool.pb-c.h"

enum { NANOS = 1000000000 };

/* "-1.5s", "90s", and what lib/base/clock.h takes elsewhere: "250ms", "2m", "1h". */
static bool duration_text(const char *text, int64_t *seconds, int32_t *nanos)
{
    bool negative = *text == '-';
    const char *p = text + negative;
    uint64_t whole = 0, fraction = 0, scale = NANOS, unit; /* unit in nanoseconds */

    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++) {
        whole = whole * 10 + (uint64_t)(*p - '0');
        if (whole > 315576000000) /* 10 000 years: the most that a Duration holds */
            return false;
    }
    if (*p == '.')
        for (p++; isdigit((unsigned char)*p); p++)
            if (scale > 1) {
                scale /= 10;
                fraction += (uint64_t)(*p - '0') * scale;
            }
    if (strcmp(p, "ms") == 0)
        unit = 1000000;
    else if (strcmp(p, "s") == 0)
        unit = NANOS;
    else if (strcmp(p, "m") == 0)
        unit = 60ull * NANOS;
    else if (strcmp(p, "h") == 0)
        unit = 3600ull * NANOS;
    else
        return false;
    unsigned __int128 total = (unsigned __int128)whole * unit + (unsigned __int128)fraction * unit / NANOS;
    *seconds = (int64_t)(total / NANOS);
    *nanos = (int32_t)(total % NANOS);
    if (negative) {
        *seconds = -*seconds;
        *nanos = -*nanos;
    }
    return *seconds <= 315576000000 && *seconds >= -315576000000;
}

static bool encode_duration(struct pb_encoder *e, const json_t *j, const struct pb_place *at,
                            struct buf *out)
{
    int64_t seconds;
    int32_t nanos;

    if (!duration_text(json_string_value(j), &seconds, &nanos))
        return pb_fail(e, at, "\"%s\" is no duration; write \"1.5s\"", json_string_value(j));
    if (seconds != 0) {
        pb_put_tag(out, 1, PB_VARINT);
        pb_put_varint(out, (uint64_t)seconds);
    }
    if (nanos != 0) {
        pb_put_tag(out, 2, PB_VARINT);
        pb_put_varint(out, (uint64_t)(int64_t)nanos);
    }
    return true;
}

static bool any_content(struct pb_encoder *e, const char *url, const json_t *j, const struct pb_place *at,
                        struct buf *out)
{
    const json_t *value = json_object_get(j, "value");
    const ProtobufCMessageDescriptor *d = message_find(url);

    if (value) { /* the bytes themselves, whatever the type */
        json_t *plain = json_pack("{s:O}", "value", value);
        bool ok = pb_encode_fields(e, &google__protobuf__any__descriptor, plain, at, NULL, out);
        json_decref(plain);
        return ok;
    }
    if (!d && json_object_size(j) == 1) /* no value either */
        return true;
    if (!d)
        return pb_fail(e, at, "no message of type \"%s\" is known here; give its bytes as value", url);
    struct buf inner = BUF_NULL;
    bool ok = pb_encode_message(e, d, j, at, "@type", &inner);
    if (ok && buf_len(&inner) > 0) {
        pb_put_tag(out, 2, PB_BYTES);
        pb_put_bytes(out, buf_data(&inner), buf_len(&inner));
    }
    buf_done(&inner);
    return ok;
}

static bool encode_any(struct pb_encoder *e, const json_t *j, const struct pb_place *at, struct buf *out)
{
    const char *url = json_string_value(json_object_get(j, "@type"));

    if (!url)
        return pb_fail(e, at, "@type: expected a string, the type's URL");
    pb_put_tag(out, 1, PB_BYTES);
    pb_put_bytes(out, url, strlen(url));
    return any_content(e, url, j, at, out);
}

/* "text" or ["text", …] for {value: ["text", …]}. */
static bool encode_values(struct pb_encoder *e, const json_t *j, const struct pb_place *at, struct buf *out)
{
    json_t *list = json_is_array(j) ? json_incref((json_t *)j) : json_pack("[O]", j);
    json_t *plain = json_pack("{s:o}", "value", list);
    bool ok = pb_encode_fields(e, &prototool__values__descriptor, plain, at, NULL, out);

    json_decref(plain);
    return ok;
}

bool pb_encode_special(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                       const struct pb_place *at, struct buf *out, bool *ret)
{
    if (d == &google__protobuf__duration__descriptor && json_is_string(j))
        *ret = encode_duration(e, j, at, out);
    else if (d == &google__protobuf__any__descriptor && json_object_get(j, "@type"))
        *ret = encode_any(e, j, at, out);
    else if (d == &prototool__values__descriptor && (json_is_string(j) || json_is_array(j)))
        *ret = encode_values(e, j, at, out);
    else
        return false;
    return true;
}

static json_t *duration_json(const json_t *plain)
{
    json_int_t s = json_integer_value(json_object_get(plain, "seconds"));
    json_int_t ns = json_integer_value(json_object_get(plain, "nanos"));
    char text[48];
    int n;

    if (ns <= -NANOS || ns >= NANOS || (s > 0 && ns < 0) || (s < 0 && ns > 0))
        return NULL; /* none that a peer should send: shown as it is */
    n = snprintf(text, sizeof(text), "%s%llu.%09llu", s < 0 || ns < 0 ? "-" : "",
                 s < 0 ? 0 - (unsigned long long)s : (unsigned long long)s, ns < 0 ? -ns : ns);
    while (text[n - 1] == '0')
        n--;
    if (text[n - 1] == '.')
        n--;
    text[n] = 's';
    return json_stringn(text, (size_t)n + 1);
}

static json_t *any_json(const json_t *plain, int depth)
{
    const char *url = json_string_value(json_object_get(plain, "type_url"));
    const char *base64 = json_string_value(json_object_get(plain, "value"));
    const ProtobufCMessageDescriptor *d = url ? message_find(url) : NULL;
    struct buf bytes = BUF_NULL;
    json_t *j = NULL;

    if (!url)
        return NULL;
    if (d && base64_decode(base64 ? base64 : "", &bytes))
        j = pb_decode_message(d, buf_data(&bytes), buf_len(&bytes), depth + 1);
    buf_done(&bytes);
    /* One that has no object's form, or a field that Any's own form needs, stays bytes. */
    if (!json_is_object(j) || json_object_get(j, "value") || json_object_get(j, "@type")) {
        json_decref(j);
        j = json_object();
        if (base64)
            json_object_set_new(j, "value", json_string(base64));
    }
    json_object_set_new(j, "@type", json_string(url));
    return j;
}

json_t *pb_special_json(const ProtobufCMessageDescriptor *d, json_t *plain, int depth)
{
    json_t *special = NULL;

    if (d == &google__protobuf__duration__descriptor)
        special = duration_json(plain);
    else if (d == &google__protobuf__any__descriptor)
        special = any_json(plain, depth);
    if (!special)
        return plain;
    json_decref(plain);
    return special;
}
