/* Which protocol does the peer speak? Looks at ALPN, else at the first bytes: "PRI * HTTP/2.0" or an HTTP/1 request.
 *
 * Pushed above tcp or tls; once it knows, it calls `chosen`, which pushes the next layer, hands over what was read, and
 * passes everything through. Moment conn.protocol {protocol}.
 */
#pragma once

#include "lib/net/layer.h"

enum sniffed { SNIFF_HTTP1, SNIFF_H2, SNIFF_UNKNOWN };
struct layer *sniff_push(struct conn *c, void (*chosen)(void *arg, struct conn *c, enum sniffed what), void *arg);
