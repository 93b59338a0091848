#include "fakegitlab/gitaly_pktline.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/mem.h"

#define ANNOUNCEMENT "001e# service=git-upload-pack\n0000"
#define CAPABILITIES_BEFORE                                                                                           \
    "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative "          \
    "no-progress include-tag multi_ack_detailed no-done"
#define CAPABILITIES_AFTER " object-format=sha1 agent=git/2.33.1"

void gitaly_pktline_begin(struct buf *out)
{
    buf_add(out, ANNOUNCEMENT, strlen(ANNOUNCEMENT));
}

void gitaly_pktline_add(struct buf *out, const char *id, const char *name, const char *head)
{
    bool first = buf_len(out) == strlen(ANNOUNCEMENT);
    _cleanup_(freep) char *can = !first ? NULL
                                 : head ? xasprintf(CAPABILITIES_BEFORE " symref=HEAD:%s" CAPABILITIES_AFTER, head)
                                        : xstrdup(CAPABILITIES_BEFORE CAPABILITIES_AFTER);
    size_t n = 4 + strlen(id) + 1 + strlen(name) + (can ? 1 + strlen(can) : 0) + 1;
    buf_addf(out, "%04zx%s %s", n, id, name);
    if (can) {
        buf_add(out, "", 1); /* the NUL that parts them */
        buf_add(out, can, strlen(can));
    }
    buf_add(out, "\n", 1);
}

void gitaly_pktline_end(struct buf *out)
{
    buf_add(out, "0000", 4);
}
