/* The warm parent of all worlds: a process of one thread and no loop that has done once what every world needs
 * (OpenSSL's tables, certificates, the keys that some world wants; in memory only), and forks a world for each order. Its words with `conform run` are
 * below; worlds.h is what others use.
 *
 * One packet an order, one packet a notice, on a SOCK_SEQPACKET pair. An order to play has three descriptors with
 * it: the job (JSON, a file without a name), and where the world's standard output and error go. The end of the
 * socket ends the zygote, and with it every world. */
#pragma once

#include <stdint.h>

enum { ORDER_PLAY, ORDER_SIGNAL };
struct order {
    uint64_t id;
    int kind;
    int signum;         /* ORDER_SIGNAL */
    int own_namespaces; /* ORDER_PLAY */
    unsigned rsa_keys;  /* ORDER_PLAY: those that its world may want (tls_setup.h) */
};

enum { NOTICE_BORN, NOTICE_GONE, NOTICE_FAILED };
struct notice {
    uint64_t id;
    int kind;
    int pid;            /* NOTICE_BORN: as `conform run` sees it */
    int status, signum; /* NOTICE_GONE */
    char text[256];     /* NOTICE_FAILED: why there is no world */
};

/* Serves orders from `sock` until it ends; the exit code. */
int zygote_main(int sock);
