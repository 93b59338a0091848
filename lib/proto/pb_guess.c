/* What bytes may mean when nobody knows their message. A guess is for eyes, not for decisions. */
#include <stdio.h>

#include "lib/base/mem.h"
#include "lib/proto/pb.h"
#include "lib/proto/pb_text.h"
#include "lib/proto/pb_wire.h"

enum { GUESS_DEPTH = 16 };

static bool printable(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r') || p[i] == 0x7f)
            return false;
    return utf8_valid(p, n);
}

static json_t *guess_message(const uint8_t *p, size_t n, int depth);

static json_t *guess_bytes(const struct pb_value *v, int depth)
{
    if (printable(v->p, v->n))
        return json_stringn((const char *)v->p, v->n);
    json_t *j = depth < GUESS_DEPTH ? guess_message(v->p, v->n, depth + 1) : NULL;
    if (j)
        return j;
    _cleanup_(freep) char *base64 = base64_encode(v->p, v->n);
    return json_pack("{s:s}", "base64", base64);
}

static json_t *guess_value(const struct pb_value *v, int depth)
{
    char text[24];

    if (v->wire == PB_BYTES || v->wire == PB_GROUP)
        return guess_bytes(v, depth);
    if (v->scalar <= INT64_MAX)
        return json_integer((json_int_t)v->scalar);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v->scalar);
    return json_string(text);
}

/* Seen twice: a list. */
static void add(json_t *j, uint32_t number, json_t *value)
{
    char name[16];
    snprintf(name, sizeof(name), "%u", number);
    json_t *old = json_object_get(j, name);

    if (json_is_array(old))
        json_array_append_new(old, value);
    else if (old)
        json_object_set_new(j, name, json_pack("[O,o]", old, value));
    else
        json_object_set_new(j, name, value);
}

/* NULL: no message. */
static json_t *guess_message(const uint8_t *p, size_t n, int depth)
{
    struct pb_wire w = {p, p + n};
    struct pb_value v;
    json_t *j = json_object();
    int r;

    while ((r = pb_next(&w, &v)) == 1)
        add(j, v.number, guess_value(&v, depth));
    if (r < 0) {
        json_decref(j);
        return NULL;
    }
    return j;
}

json_t *pb_guess_json(const uint8_t *p, size_t n)
{
    json_t *j = guess_message(n ? p : (const uint8_t *)"", n, 0);
    if (j)
        return j;
    _cleanup_(freep) char *hex = hex_encode(p, n);
    return json_pack("{s:s}", "@malformed", hex);
}
