/* Questions and answers of the fake resolver. */
#include "lib/net/dns_message.h"

#include <ctype.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"

#define HEADER 12
#define UDP_LIMIT 512
#define UDP_ANNOUNCED 1232
#define DEFAULT_TTL 5

/* Questions */

int dns_question_read(const uint8_t *p, size_t n, struct dns_question *ret)
{
    ldns_pkt *packet = NULL;
    if (n < HEADER || (p[2] & 0x80)) /* too short, or an answer: those are not answered */
        return -EINVAL;
    if (ldns_wire2pkt(&packet, p, n) != LDNS_STATUS_OK)
        return -EBADMSG;
    const ldns_rr_list *list = ldns_pkt_question(packet);
    if (!list || ldns_rr_list_rr_count(list) != 1) {
        ldns_pkt_free(packet);
        return -EBADMSG;
    }
    const ldns_rr *rr = ldns_rr_list_rr(list, 0);
    char *name = ldns_rdf2str(ldns_rr_owner(rr));
    char *type = ldns_rr_type2str(ldns_rr_get_type(rr));
    if (!name || !type) {
        free(name);
        free(type);
        ldns_pkt_free(packet);
        return -EBADMSG;
    }
    size_t len = strlen(name);
    if (len > 1 && name[len - 1] == '.')
        name[len - 1] = 0;
    for (char *c = name; *c; c++) /* resolvers may mix cases to make forging harder */
        *c = (char)tolower((unsigned char)*c);
    *ret = (struct dns_question){name, type, packet};
    return 0;
}

void dns_question_done(struct dns_question *q)
{
    free(q->name);
    free(q->type);
    ldns_pkt_free(q->packet);
    *q = (struct dns_question){0};
}

void dns_refuse(const uint8_t *query, uint8_t out[12])
{
    memset(out, 0, HEADER);
    memcpy(out, query, 2);
    out[2] = (uint8_t)(0x80 | (query[2] & 0x79)); /* QR, and opcode and RD as asked */
    out[3] = LDNS_RCODE_FORMERR;
}

int dns_rcode(const json_t *v)
{
    if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) < 16)
        return (int)json_integer_value(v);
    for (const ldns_lookup_table *t = ldns_rcodes; json_is_string(v) && t->name; t++)
        if (strcasecmp(t->name, json_string_value(v)) == 0)
            return t->id;
    return -EINVAL;
}

/* The table */

static const json_t *exact(const json_t *names, const char *name)
{
    const char *key;
    json_t *addresses;
    json_object_foreach((json_t *)names, key, addresses) {
        size_t n = strlen(key);
        if (n && key[n - 1] == '.')
            n--;
        if (strlen(name) == n && strncasecmp(key, name, n) == 0)
            return addresses;
    }
    return NULL;
}

const json_t *dns_lookup(const json_t *names, const char *name)
{
    const json_t *found = exact(names, name);
    /* "*.x" is for everything below x; the nearest one counts. */
    for (const char *dot = strchr(name, '.'); !found && dot; dot = strchr(dot + 1, '.')) {
        _cleanup_(freep) char *wildcard = xasprintf("*%s", dot);
        found = exact(names, wildcard);
    }
    return found ? found : exact(names, "*");
}

/* Answers */

static void add_address(ldns_pkt *reply, const ldns_rdf *owner, const char *address, ldns_rr_type wanted, uint32_t ttl,
                        json_t *told)
{
    ldns_rr_type type = strchr(address, ':') ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A;
    if (type != wanted && wanted != LDNS_RR_TYPE_ANY)
        return;
    ldns_rdf *data =
        ldns_rdf_new_frm_str(type == LDNS_RR_TYPE_A ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, address);
    if (!data)
        return; /* no address: schema and scenario see to that */
    ldns_rr *rr = ldns_rr_new();
    ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
    ldns_rr_set_type(rr, type);
    ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, ttl);
    ldns_rr_push_rdf(rr, data);
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, rr);
    json_array_append_new(told, json_string(address));
}

static void add_addresses(ldns_pkt *reply, const ldns_rr *question, const json_t *addresses, uint32_t ttl,
                          json_t *told)
{
    size_t i;
    json_t *one;
    ldns_rr_type wanted = ldns_rr_get_type(question);
    if (json_is_string(addresses))
        add_address(reply, ldns_rr_owner(question), json_string_value(addresses), wanted, ttl, told);
    json_array_foreach(addresses, i, one)
        if (json_is_string(one))
            add_address(reply, ldns_rr_owner(question), json_string_value(one), wanted, ttl, told);
}

static ldns_pkt *reply_new(ldns_pkt *query)
{
    ldns_pkt *reply = ldns_pkt_new();
    ldns_pkt_set_id(reply, ldns_pkt_id(query));
    ldns_pkt_set_opcode(reply, ldns_pkt_get_opcode(query));
    ldns_pkt_set_qr(reply, true);
    ldns_pkt_set_aa(reply, true);
    ldns_pkt_set_rd(reply, ldns_pkt_rd(query));
    ldns_pkt_set_ra(reply, true); /* Go takes an empty answer without AA and RA for a lame one */
    ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION, ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query), 0)));
    if (ldns_pkt_edns(query))
        ldns_pkt_set_edns_udp_size(reply, UDP_ANNOUNCED);
    return reply;
}

/* The rcode; addresses go into the reply and into `told`. */
static ldns_pkt_rcode fill(ldns_pkt *reply, const struct dns_question *q, const json_t *names,
                           const struct dns_say *say, json_t *told)
{
    const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(reply), 0);
    if (ldns_pkt_get_opcode(q->packet) != LDNS_PACKET_QUERY)
        return LDNS_RCODE_NOTIMPL;
    if (say->rcode > 0)
        return (ldns_pkt_rcode)say->rcode;
    if (say->truncate || (say->rcode == 0 && !say->answer))
        return LDNS_RCODE_NOERROR;
    if (say->answer) {
        const json_t *ttl = json_object_get(say->answer, "ttl");
        uint32_t seconds = json_is_integer(ttl) ? (uint32_t)json_integer_value(ttl) : DEFAULT_TTL;
        add_addresses(reply, question, json_object_get(say->answer, "a"), seconds, told);
        add_addresses(reply, question, json_object_get(say->answer, "aaaa"), seconds, told);
        return LDNS_RCODE_NOERROR;
    }
    const json_t *addresses = dns_lookup(names, q->name);
    add_addresses(reply, question, addresses, DEFAULT_TTL, told);
    return addresses ? LDNS_RCODE_NOERROR : LDNS_RCODE_NXDOMAIN;
}

static size_t udp_limit(ldns_pkt *query)
{
    size_t announced = ldns_pkt_edns(query) ? ldns_pkt_edns_udp_size(query) : 0;
    return announced > UDP_LIMIT ? announced : UDP_LIMIT;
}

/* Header and question alone, TC set: ldns has no way to take answers back, so the packet is built anew. */
static int write_truncated(const struct dns_question *q, uint8_t **ret, size_t *ret_len)
{
    ldns_pkt *reply = reply_new(q->packet);
    ldns_pkt_set_tc(reply, true);
    ldns_status r = ldns_pkt2wire(ret, reply, ret_len);
    ldns_pkt_free(reply);
    return r == LDNS_STATUS_OK ? 0 : -EINVAL;
}

int dns_answer_write(const struct dns_question *q, const json_t *names, const struct dns_say *say, bool udp,
                     uint8_t **ret, size_t *ret_len, json_t **ret_facts)
{
    ldns_pkt *reply = reply_new(q->packet);
    json_t *told = json_array();
    ldns_pkt_rcode rcode = fill(reply, q, names, say, told);
    ldns_pkt_set_rcode(reply, (uint8_t)rcode);
    ldns_pkt_set_tc(reply, say->truncate);
    int r = ldns_pkt2wire(ret, reply, ret_len) == LDNS_STATUS_OK ? 0 : -EINVAL;
    bool cut = say->truncate;
    if (r == 0 && udp && *ret_len > udp_limit(q->packet)) {
        free(*ret);
        r = write_truncated(q, ret, ret_len);
        cut = true;
    }
    ldns_pkt_free(reply);
    if (r == 0 && ret_facts) {
        char *text = ldns_pkt_rcode2str(rcode);
        *ret_facts = json_pack("{s:s, s:O, s:b}", "rcode", text ? text : "?", "answers", told, "truncated", cut);
        free(text);
    }
    json_decref(told);
    return r;
}
