/* A blocking client as small as one can be, for loads: TCP, TLS if asked for, WebSocket if asked for, and the bytes of
 * HTTP/2 in it. It checks little: who measures with it has tested the server with others. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target {
    bool websocket, tls;
    char host[64], path[256], authorization[512];
    uint16_t port;
};

struct client {
    int fd;
    SSL *ssl;          /* NULL: plain */
    bool websocket;
    size_t frame_left; /* payload of the server's frame that is being read */
};

/* "wss://127.0.0.1:443/path"; schemes ws, wss, grpc, grpcs. -EINVAL: not understood. */
int target_parse(struct target *t, const char *address, const char *token);
SSL_CTX *target_tls(const struct target *t);

/* Each ends the program with a word on standard error when it fails: a load that is not whole measures nothing. */
void client_connect(struct client *c, const struct target *t, SSL_CTX *ctx);
void client_send(struct client *c, const void *p, size_t n);    /* bytes of HTTP/2 */
size_t client_receive(struct client *c, void *p, size_t size);  /* likewise; at least one */
void client_close(struct client *c);
_Noreturn void die(const char *what);
