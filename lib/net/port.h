/* A port of the loopback whose number must be known before anybody listens on it: a row without a network of its own, a
 * scenario whose answers name {port}.
 *
 * It is claimed until it is released: from the choice of a port to the fake that listens on it much may pass, and
 * every client on this machine draws its own port from the same range. */
#pragma once

/* The port, 0 if there is none, and what holds it. A listener with SO_REUSEADDR can be opened on it all the same. */
int port_claim(int *ret_fd);
void port_release(int *fd); /* 0: nothing; becomes 0 */
