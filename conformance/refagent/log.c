#include "conformance/refagent/log.h"

#include <string.h>
#include <unistd.h>

#include "conformance/refagent/gotext.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

static const char *level_names[] = {"debug", "info", "warn", "error"};

static void add_text(struct buf *b, const char *s)
{
    buf_add(b, "\"", 1);
    go_json_escape(b, s, strlen(s));
    buf_add(b, "\"", 1);
}

static void format_json(struct buf *b, const char *level, const char *time, const char *msg,
                        const struct log_field *f, size_t n)
{
    buf_addf(b, "{\"level\":\"%s\",\"time\":\"%s\",\"msg\":", level, time);
    add_text(b, msg);
    for (size_t i = 0; i < n; i++) {
        buf_addf(b, ",\"%s\":", f[i].key);
        if (f[i].json)
            buf_addf(b, "%s", f[i].json);
        else
            add_text(b, f[i].text);
    }
    buf_addf(b, "}\n");
}

static void format_plain(struct buf *b, const char *level, const char *time, const char *msg,
                         const struct log_field *f, size_t n)
{
    buf_addf(b, "%s %s %s", time, level, msg);
    for (size_t i = 0; i < n; i++)
        buf_addf(b, " %s=%s", f[i].key, f[i].json ? f[i].json : f[i].text);
    buf_add(b, "\n", 1);
}

void log_write(const struct log *l, enum level level, const char *msg, const struct log_field *f, size_t n)
{
    if (level < l->level || l->silent)
        return;
    char time[WALL_LEN];
    clock_wall(time);
    struct buf b = BUF_NULL;
    (l->plain ? format_plain : format_json)(&b, level_names[l->flat ? LEVEL_INFO : level], time, msg, f, n);
    /* One write a line: whoever follows the log never sees half of one. */
    if (write(STDERR_FILENO, buf_data(&b), buf_len(&b)) < 0) {
        /* nobody reads: an agent runs on */
    }
    buf_done(&b);
}
