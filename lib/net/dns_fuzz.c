/* Any bytes where a DNS query should be: read, and answered in one of the ways in which the resolver answers. First byte:
 * which, and whether over UDP. */
#include <stdlib.h>
#include <string.h>

#include "lib/net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void answer(const struct dns_question *q, uint8_t how)
{
    json_t *names = json_pack("{s:[s,s,s], s:s, s:s}", "kas.host.tld", "127.0.0.1", "::1", "no address", "*.wild",
                              "10.0.0.1", "big", "10.0.0.2");
    json_t *other = json_pack("{s:[s], s:[s], s:i}", "a", "127.0.0.9", "aaaa", "::9", "ttl", 0);
    struct dns_say say = {how & 2 ? other : NULL, how & 4 ? how >> 4 : -1, how & 8};
    uint8_t *out = NULL;
    size_t out_len;
    json_t *facts = NULL;
    if (dns_answer_write(q, names, &say, how & 1, &out, &out_len, &facts) == 0) {
        struct dns_question again;
        /* Our own answers are answers: nobody may answer them. */
        if (dns_question_read(out, out_len, &again) == 0)
            abort();
    }
    free(out);
    json_decref(facts);
    json_decref(other);
    json_decref(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct dns_question q;
    uint8_t refusal[12];
    if (n < 13)
        return 0;
    if (dns_question_read(p + 1, n - 1, &q) == 0) {
        answer(&q, p[0]);
        dns_question_done(&q);
    } else {
        dns_refuse(p + 1, refusal);
    }
    return 0;
}
