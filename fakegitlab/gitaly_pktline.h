/* What `git upload-pack --advertise-refs` says of a repository over HTTP: pkt-lines, with Git's capabilities behind
 * the first reference. */
#pragma once

#include "lib/base/buf.h"

/* The announcement of the service and its flush. */
void gitaly_pktline_begin(struct buf *out);
/* One line; the first carries the capabilities, among them `head`, the branch that HEAD stands for (NULL: not said).
 * A line is at most 65520 bytes: names that long are the caller's mistake. */
void gitaly_pktline_add(struct buf *out, const char *id, const char *name, const char *head);
void gitaly_pktline_end(struct buf *out);

/* Where there is no reference: Git's own line, so that the capabilities have something to stand behind. */
#define GITALY_NO_REFS_ID "0000000000000000000000000000000000000000"
#define GITALY_NO_REFS_NAME "capabilities^{}"
