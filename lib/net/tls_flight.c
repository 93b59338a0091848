/* A message is noted when it has been written, after the headers of its records: so the records since the last
 * message are its own. */
#include "lib/net/tls_flight.h"

#include <string.h>

#define RECORD_HEADER 5

static const char *type_name(int content_type, const unsigned char *p, size_t n)
{
    static const struct {
        int type;
        const char *name;
    } names[] = {
        {SSL3_MT_SERVER_HELLO, "server_hello"},
        {SSL3_MT_ENCRYPTED_EXTENSIONS, "encrypted_extensions"},
        {SSL3_MT_CERTIFICATE_REQUEST, "certificate_request"},
        {SSL3_MT_CERTIFICATE, "certificate"},
        {SSL3_MT_CERTIFICATE_VERIFY, "certificate_verify"},
        {SSL3_MT_SERVER_KEY_EXCHANGE, "server_key_exchange"},
        {SSL3_MT_SERVER_DONE, "server_hello_done"},
        {SSL3_MT_NEWSESSION_TICKET, "new_session_ticket"},
        {SSL3_MT_FINISHED, "finished"},
    };
    if (content_type == SSL3_RT_CHANGE_CIPHER_SPEC)
        return "change_cipher_spec";
    if (content_type == SSL3_RT_ALERT)
        return "alert";
    for (size_t i = 0; n && content_type == SSL3_RT_HANDSHAKE && i < sizeof names / sizeof *names; i++)
        if (names[i].type == p[0])
            return names[i].name;
    return "other";
}

void tls_flight_note(struct tls_flight *f, int write, int content_type, const void *p, size_t n)
{
    if (!write || content_type == SSL3_RT_INNER_CONTENT_TYPE)
        return;
    if (content_type == SSL3_RT_HEADER) {
        f->records++;
        return;
    }
    if (f->n < FLIGHT_MESSAGES) {
        f->messages[f->n].type = type_name(content_type, p, n);
        f->messages[f->n++].records = f->records;
    }
    f->records = 0;
}

bool tls_flight_take(struct tls_flight *f, const struct buf *bytes, const char **ret_type, size_t *ret_len)
{
    const uint8_t *p = buf_data(bytes);
    size_t n = buf_len(bytes), at = 0;
    if (!f->n)
        return false;
    for (int i = 0; i < f->messages[0].records; i++) {
        if (n - at < RECORD_HEADER)
            return false;
        size_t record = RECORD_HEADER + (size_t)(p[at + 3] << 8 | p[at + 4]);
        if (n - at < record)
            return false;
        at += record;
    }
    *ret_type = f->messages[0].type;
    *ret_len = at;
    f->n--;
    memmove(f->messages, f->messages + 1, (size_t)f->n * sizeof *f->messages);
    return true;
}
