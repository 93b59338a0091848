/* The network of a world.
 *
 * A new network namespace holds nothing but a loopback that is down. Three rtnetlink messages make of it
 * what a Pod with documented addresses would see: link up, addresses on lo, and "unreachable" routes for
 * hosts that are to be away. There is no default route, so nothing in a world can reach the outside,
 * whatever it tries.
 */
#include "conformance/process/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/mem.h"

enum { LO_INDEX = 1 };

struct request {
    struct nlmsghdr head;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg addr;
        struct rtmsg route;
    } body;
    uint8_t attributes[64];
};

static void request_init(struct request *r, uint16_t type, size_t body, uint16_t flags)
{
    memset(r, 0, sizeof(*r));
    r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
    r->head.nlmsg_type = type;
    r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

static void request_attribute(struct request *r, uint16_t type, const void *p, size_t n)
{
    struct rtattr *a = (struct rtattr *)((uint8_t *)r + NLMSG_ALIGN(r->head.nlmsg_len));
    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(n);
    memcpy(RTA_DATA(a), p, n);
    r->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_LENGTH(n));
}

/* Sends one request and reads its acknowledgement. */
static int request_do(int fd, struct request *r)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        uint8_t rest[256];
    } answer;
    ssize_t n;

    if (send(fd, r, r->head.nlmsg_len, 0) < 0)
        return -errno;
    n = recv(fd, &answer, sizeof(answer), 0);
    if (n < 0)
        return -errno;
    if ((size_t)n < NLMSG_LENGTH(sizeof(struct nlmsgerr)) || answer.head.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    return answer.error.error;
}

static int link_up(int fd)
{
    struct request r;

    request_init(&r, RTM_NEWLINK, sizeof(r.body.link), 0);
    r.body.link.ifi_family = AF_UNSPEC;
    r.body.link.ifi_index = LO_INDEX;
    r.body.link.ifi_flags = IFF_UP;
    r.body.link.ifi_change = IFF_UP;
    return request_do(fd, &r);
}

static int address_parse(const char *text, int *ret_family, uint8_t ret[16], size_t *ret_len)
{
    if (inet_pton(AF_INET, text, ret) == 1) {
        *ret_family = AF_INET;
        *ret_len = 4;
        return 0;
    }
    if (inet_pton(AF_INET6, text, ret) == 1) {
        *ret_family = AF_INET6;
        *ret_len = 16;
        return 0;
    }
    return -EINVAL;
}

static int address_add(int fd, const char *text)
{
    struct request r;
    uint8_t raw[16];
    size_t n;
    int family, e;

    e = address_parse(text, &family, raw, &n);
    if (e < 0)
        return e;
    request_init(&r, RTM_NEWADDR, sizeof(r.body.addr), NLM_F_CREATE | NLM_F_EXCL);
    r.body.addr.ifa_family = (uint8_t)family;
    r.body.addr.ifa_prefixlen = (uint8_t)(n * 8);
    r.body.addr.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
    r.body.addr.ifa_index = LO_INDEX;
    request_attribute(&r, IFA_LOCAL, raw, n);
    request_attribute(&r, IFA_ADDRESS, raw, n);
    e = request_do(fd, &r);
    return e == -EEXIST ? 0 : e;
}

static int unreachable_add(int fd, const char *text)
{
    struct request r;
    uint8_t raw[16];
    size_t n;
    int family, e;

    e = address_parse(text, &family, raw, &n);
    if (e < 0)
        return e;
    request_init(&r, RTM_NEWROUTE, sizeof(r.body.route), NLM_F_CREATE | NLM_F_EXCL);
    r.body.route.rtm_family = (uint8_t)family;
    r.body.route.rtm_dst_len = (uint8_t)(n * 8);
    r.body.route.rtm_table = RT_TABLE_MAIN;
    r.body.route.rtm_protocol = RTPROT_BOOT;
    r.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
    r.body.route.rtm_type = RTN_UNREACHABLE;
    request_attribute(&r, RTA_DST, raw, n);
    return request_do(fd, &r);
}

int netns_up(const char *const *addresses, const char *const *unreachable, char **reterr)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), e = 0;
    const char *what = "a netlink socket";

    if (fd < 0)
        e = -errno;
    if (!e) {
        what = "loopback up";
        e = link_up(fd);
    }
    for (size_t i = 0; !e && addresses[i]; i++) {
        what = addresses[i];
        e = address_add(fd, what);
    }
    for (size_t i = 0; !e && unreachable[i]; i++) {
        what = unreachable[i];
        e = unreachable_add(fd, what);
    }
    if (fd >= 0)
        close(fd);
    if (e)
        *reterr = xasprintf("network of the world: %s: %s", what, strerror(-e));
    return e;
}
