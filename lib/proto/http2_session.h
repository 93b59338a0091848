/* What the files of the HTTP/2 layer share; nobody else includes it.
 *
 *   http2.c          the session: made, opened, pumped, ended
 *   http2_receive.c  what nghttp2 reports of the peer
 *   http2_check.c    what HTTP asks of it
 *   http2_stream.c   answers on a stream
 *   http2_goaway.c   GOAWAY, pings and their enforcement
 *   http2_frame.c    frames and SETTINGS as a scenario has written them
 *
 * nghttp2 must not be entered again from its own callbacks, and owners call us from there. So everything only
 * submits, and h2_pump() runs when the outermost call is done (`depth`), or at the end of the turn.
 * A stream that has closed stays in memory until then, for those who still hold it further up the C stack.
 */
#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"
#include "lib/proto/http2.h"
#include "lib/proto/http2_check.h"
#include "lib/proto/turn.h"

enum {
    H2_QUEUE_MAX = 256 * 1024, /* beneath us; then nothing more is pulled until LAYER_DRAINED */
    H2_WRITE_CHUNK = 64 * 1024,
    H2_SEND_HEADERS_MAX = 64 * 1024 * 1024,
    H2_HEADERS_MAX = 1000,     /* fields in one request */
    H2_PREFACE_LEN = 24
};

struct h2_stream {
    struct h2 *h;
    void *user;
    struct buf out;              /* data not yet framed */
    struct h2_header *trailers;  /* owned, one block with what it points to */
    size_t trailer_count;
    int64_t length, received;    /* content-length, -1: none; DATA so far */
    int32_t id;
    uint32_t owed;               /* received, not yet given back to the peer's window */
    bool held : 1;
    bool announced : 1;          /* the owner knows it */
    bool overflow : 1;           /* its headers were too many */
    bool peer_ended : 1;
    bool peer_reset : 1;
    bool malformed : 1;          /* refused: nothing of it is heard any more */
    bool responded : 1;          /* HEADERS submitted */
    bool finished : 1;           /* end or trailers asked for */
    bool provider : 1;           /* a data provider is attached */
    bool deferred : 1;           /* … and waits for data */
    bool closed : 1;
    bool drain_pending : 1;
    TAILQ_ENTRY(h2_stream) link; /* of h->streams, then of h->graves */
};
TAILQ_HEAD(h2_stream_list, h2_stream);

struct h2 {
    struct layer l;
    struct turn turn; /* pumps */
    struct h2_owner owner;
    struct h2_options o;
    nghttp2_session *session;    /* owned */
    struct h2_stream_list streams, graves;
    size_t count;
    struct buf out;              /* frames of this turn */
    struct buf raw;              /* whole frames that nghttp2 would not write; go out between two of its own */
    struct buf head_bytes;       /* of the request being read: name NUL value NUL … */
    struct h2_header *heads;
    size_t head_count, head_cap, head_size;
    struct h2_check check;       /* of that head */
    struct h2_closed closed;
    int32_t last_id;             /* the highest stream that the peer has opened */
    struct h2_cut cut;           /* where we are in the peer's bytes */
    struct timer *drain_timer;   /* graceful goaway: waits for the ping */
    char *goaway_debug;
    uint64_t last_ping_ms;
    uint32_t goaway_code;
    int depth;
    uint8_t preface_seen;
    uint8_t strikes;
    uint8_t settings_queued;     /* SETTINGS submitted behind our first and not yet written … */
    uint32_t settings_fake;      /* … and which of them, from the lowest bit, are to be thrown away */
    uint8_t ping[8];             /* the one being answered */
    bool opened : 1;
    bool over : 1;               /* no stream lives, none will come; nothing is sent */
    bool held : 1;               /* nothing goes out: our SETTINGS are withheld or late */
    bool withheld : 1;           /* … and will be for ever */
    bool ending : 1;             /* close beneath once all is out */
    bool peer_ready : 1;
    bool sent_since_ping : 1;    /* DATA or HEADERS, which forgive strikes */
    bool any_drain : 1;
    bool settings_replaced : 1;  /* a scenario's went out in place of ours */
    bool settings_pass : 1;      /* … and ours go out as well */
    bool ping_pass : 1;          /* the ping is answered, whatever else a scenario did */
    bool wanted_goaway : 1;      /* the next GOAWAY is no accident */
};

static inline bool h2_over(const struct h2 *h)
{
    return h->over || h->l.conn->dead;
}

/* http2.c */
void h2_schedule(struct h2 *h);  /* something was submitted: pump before the turn ends */
void h2_pump(struct h2 *h);
void h2_end_session(struct h2 *h);
void h2_fail(struct h2 *h, const char *reason);
void h2_stream_over(struct h2_stream *s, uint32_t code);
/* Asks the scenario at a moment of the session that nothing waits for. */
void h2_moment(struct h2 *h, int32_t stream, const char *name, json_t *facts);

/* http2_stream.c */
void h2_give_back(struct h2_stream *s); /* to the window, what is owed, unless the stream is held */

/* http2_receive.c */
void h2_receive_callbacks(nghttp2_session_callbacks *cbs);
void h2_frame_begins(struct h2 *h); /* its head is in h->cut, nghttp2 has not seen it */
void h2_head_reset(struct h2 *h);
void h2_head_trim(struct h2 *h);

/* http2_goaway.c */
const char *h2_setting_name(int32_t id); /* of SETTINGS; NULL: none that is known */
void h2_ping_received(struct h2 *h, const nghttp2_ping *ping);
void h2_goaway_event(struct h2 *h, const char *by, uint32_t code, int32_t last, const void *debug, size_t n);

/* http2_frame.c */
void h2_settings_counted(struct h2 *h, bool fake);
bool h2_settings_dropped(struct h2 *h, const uint8_t *frame, size_t n); /* true: must not go out */
/* The verbs frame and settings. false: another verb. */
bool h2_act_frame(struct h2 *h, int32_t stream, const struct action *a);
