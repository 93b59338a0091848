/* Any bytes where a message should be, and any JSON. First byte: which message; second: odd for JSON.
 *
 * What can be read can be written, and reads the same then; what pb_valid() passes protobuf-c takes.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "pb_fuzz: %s\n", what);
        abort();
    }
}

static const ProtobufCMessageDescriptor *choose(uint8_t which)
{
    size_t count = 0;
    while (message_at(count))
        count++;
    return message_at(which % count);
}

/* Nesting is counted per JSON level in one direction and per message in the other. */
static bool too_deep(const char *error)
{
    return strstr(error, "nested deeper");
}

static void written_reads_the_same(const ProtobufCMessageDescriptor *d, const json_t *j)
{
    uint8_t *first, *second;
    size_t n, m;
    _cleanup_(freep) char *error = NULL;

    if (pb_from_json(d, j, &first, &n, &error) < 0) {
        check(too_deep(error), error);
        return;
    }
    json_t *again = pb_to_json(d, first, n);
    check(again, "what was written cannot be read");
    check(pb_from_json(d, again, &second, &m, &error) == 0, "what was read cannot be written");
    check(n == m && memcmp(first, second, n) == 0, "written twice, it differs");
    json_decref(again);
    free(first);
    free(second);
}

static void bytes(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n)
{
    json_t *j = pb_to_json(d, p, n);
    const char *why = NULL;

    json_decref(pb_guess_json(p, n));
    if (pb_valid(d, p, n, &why))
        protobuf_c_message_free_unpacked(protobuf_c_message_unpack(d, NULL, n, p), NULL);
    else
        check(why, "no reason");
    if (j)
        written_reads_the_same(d, j);
    json_decref(j);
}

static void text(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n)
{
    json_t *j = json_loadb((const char *)p, n, JSON_DECODE_ANY, NULL);
    uint8_t *out;
    size_t len;
    char *error = NULL;

    if (!j)
        return;
    if (pb_from_json(d, j, &out, &len, &error) == 0)
        free(out);
    else
        check(error, "no reason");
    free(error);
    json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    if (p[1] & 1)
        text(choose(p[0]), p + 2, n - 2);
    else
        bytes(choose(p[0]), p + 2, n - 2);
    return 0;
}
