/* Text as Go's standard library and grpc-go word it. What they print, a user sees and searches for: quoting and
 * escaping belong to the message. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/base/buf.h"

/* fmt's %q: in double quotes, control characters as \x00, bytes that are no UTF-8 as \xff. */
char *go_quote(const char *s, size_t n);
/* A string as zap writes it into JSON, without the quotes around it. */
void go_json_escape(struct buf *to, const char *s, size_t n);
/* syscall.Errno.Error() */
char *go_errno(int e);
/* time.RFC3339, UTC */
char *go_rfc3339(time_t t);
/* net.Addr.String(): "10.0.0.1:80", "[::1]:80" */
char *go_addr(const struct sockaddr_storage *a);
char *go_ip(int family, const void *ip);
/* net/http's StatusText; "" if it has none. */
const char *go_http_status(int code);
/* codes.Code.String() */
char *go_grpc_code(int code);
/* What crypto/tls says of an alert that the other side sent: "handshake failure". */
char *go_tls_alert(int alert);
/* websocket.StatusCode.String() */
char *go_ws_status(int code);
/* http2.ErrCode.String() */
char *go_h2_code(uint32_t code);
/* grpc-message is percent-encoded. */
char *go_percent_decode(const char *s, size_t n);
/* strconv.ParseInt(s, 10, 32): false, and what it would say in *reterr. */
bool go_parse_int32(const char *s, int *ret, char **reterr);
