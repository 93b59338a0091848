/* One flow: completed as Cilium would tell it, and held against what a question asks for. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "hubble.pb-c.h"

#include "fakehubble/internal.h"
#include "lib/base/mem.h"
#include "lib/proto/pb.h"

enum { POLICY_VERDICT = 5, ACCESS_LOG = 129 }; /* of event_type: Cilium's monitor API */

static json_t *now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return json_pack("{sIsI}", "seconds", (json_int_t)t.tv_sec, "nanos", (json_int_t)t.tv_nsec);
}

json_t *hubble_flow_make(const json_t *written, char **reterr)
{
    uint8_t *p = NULL;
    size_t n = 0;

    if (!json_is_object(written)) {
        *reterr = xstrdup("flow: expected one such as {verdict: DROPPED, traffic_direction: INGRESS, l4: {TCP: {destination_port: 80}}}");
        return NULL;
    }
    json_t *whole = json_deep_copy(written);
    if (!json_object_get(whole, "time"))
        json_object_set_new(whole, "time", now());
    if (!json_object_get(whole, "event_type"))
        json_object_set_new(whole, "event_type",
                            json_pack("{si}", "type", json_object_get(whole, "l7") ? ACCESS_LOG : POLICY_VERDICT));
    _cleanup_(freep) char *why = NULL;
    json_t *flow = NULL;
    if (pb_from_json(&hubble__flow__descriptor, whole, &p, &n, &why) < 0)
        *reterr = xasprintf("flow: %s", why);
    else
        flow = pb_to_json(&hubble__flow__descriptor, p, n);
    free(p);
    json_decref(whole);
    return flow;
}

int64_t hubble_time_ns(const json_t *timestamp)
{
    return json_integer_value(json_object_get(timestamp, "seconds")) * 1000000000 +
           json_integer_value(json_object_get(timestamp, "nanos"));
}

static bool is_type(const json_t *filters, const json_t *type)
{
    size_t i;
    json_t *f;
    json_array_foreach (filters, i, f)
        if (json_integer_value(json_object_get(f, "type")) == json_integer_value(json_object_get(type, "type")) &&
            (!json_is_true(json_object_get(f, "match_sub_type")) ||
             json_integer_value(json_object_get(f, "sub_type")) == json_integer_value(json_object_get(type, "sub_type"))))
            return true;
    return !json_array_size(filters);
}

static bool is_verdict(const json_t *filters, const json_t *verdict)
{
    size_t i;
    json_t *f;
    json_array_foreach (filters, i, f)
        if (json_equal(f, verdict))
            return true;
    return !json_array_size(filters);
}

/* One filter holds where each of its keys does; of a list of filters one is enough. */
static bool any_filter(const json_t *filters, const json_t *flow)
{
    size_t i;
    json_t *f;
    json_array_foreach (filters, i, f)
        if (is_verdict(json_object_get(f, "verdict"), json_object_get(flow, "verdict")) &&
            is_type(json_object_get(f, "event_type"), json_object_get(flow, "event_type")))
            return true;
    return false;
}

bool hubble_flow_wanted(const json_t *request, const json_t *flow)
{
    const json_t *white = json_object_get(request, "whitelist"), *black = json_object_get(request, "blacklist");
    int64_t at = hubble_time_ns(json_object_get(flow, "time"));
    int64_t since = hubble_time_ns(json_object_get(request, "since")), until = hubble_time_ns(json_object_get(request, "until"));

    return (!since || at >= since) && (!until || at <= until) && (!json_array_size(white) || any_filter(white, flow)) &&
           !any_filter(black, flow);
}

static bool has_unknown(const json_t *filters)
{
    size_t i;
    json_t *f;
    json_array_foreach (filters, i, f)
        if (json_object_get(f, "@unknown"))
            return true;
    return false;
}

const char *hubble_request_refused(const json_t *request)
{
    if (has_unknown(json_object_get(request, "whitelist")) || has_unknown(json_object_get(request, "blacklist")))
        return "the fake relay filters by verdict and event_type only";
    return NULL;
}
