#include "conformance/refagent/tunnel_messages.h"

#include "conformance/refagent/grpc_client.h"
#include "lib/base/mem.h"
#include "reverse_tunnel.pb-c.h"

static void send(struct call *c, ReverseTunnel__ConnectRequest *r)
{
    size_t n = reverse_tunnel__connect_request__get_packed_size(r);
    _cleanup_(freep) uint8_t *p = xcalloc(n + 1, 1);
    reverse_tunnel__connect_request__pack(r, p);
    call_send(c, p, n, false);
}

void tunnel_send_descriptor(struct call *c)
{
    ReverseTunnel__Method method = REVERSE_TUNNEL__METHOD__INIT, *methods[] = {&method};
    method.name = (char *)TUNNEL_METHOD;
    ReverseTunnel__Service service = REVERSE_TUNNEL__SERVICE__INIT, *services[] = {&service};
    service.name = (char *)TUNNEL_SERVICE;
    service.methods = methods;
    service.n_methods = 1;
    ReverseTunnel__AgentDescriptor agent = REVERSE_TUNNEL__AGENT_DESCRIPTOR__INIT;
    agent.services = services;
    agent.n_services = 1;
    ReverseTunnel__Descriptor descriptor = REVERSE_TUNNEL__DESCRIPTOR__INIT;
    descriptor.agent_descriptor = &agent;
    ReverseTunnel__ConnectRequest r = REVERSE_TUNNEL__CONNECT_REQUEST__INIT;
    r.msg_case = REVERSE_TUNNEL__CONNECT_REQUEST__MSG_DESCRIPTOR;
    r.descriptor = &descriptor;
    send(c, &r);
}

void tunnel_send_header(struct call *c, const char *content_type)
{
    char *value[] = {(char *)content_type};
    Prototool__Values values = PROTOTOOL__VALUES__INIT;
    values.value = value;
    values.n_value = 1;
    ReverseTunnel__Header__MetaEntry entry = REVERSE_TUNNEL__HEADER__META_ENTRY__INIT, *entries[] = {&entry};
    entry.key = (char *)"content-type";
    entry.value = &values;
    ReverseTunnel__Header header = REVERSE_TUNNEL__HEADER__INIT;
    header.meta = entries;
    header.n_meta = content_type ? 1 : 0;
    ReverseTunnel__ConnectRequest r = REVERSE_TUNNEL__CONNECT_REQUEST__INIT;
    r.msg_case = REVERSE_TUNNEL__CONNECT_REQUEST__MSG_HEADER;
    r.header = &header;
    send(c, &r);
}

void tunnel_send_message(struct call *c, const uint8_t *p, size_t n)
{
    ReverseTunnel__Message message = REVERSE_TUNNEL__MESSAGE__INIT;
    message.data.data = (uint8_t *)p;
    message.data.len = n;
    ReverseTunnel__ConnectRequest r = REVERSE_TUNNEL__CONNECT_REQUEST__INIT;
    r.msg_case = REVERSE_TUNNEL__CONNECT_REQUEST__MSG_MESSAGE;
    r.message = &message;
    send(c, &r);
}

void tunnel_send_trailer(struct call *c, const char *content_type)
{
    char *value[] = {(char *)content_type};
    Prototool__Values values = PROTOTOOL__VALUES__INIT;
    values.value = value;
    values.n_value = 1;
    ReverseTunnel__Trailer__MetaEntry entry = REVERSE_TUNNEL__TRAILER__META_ENTRY__INIT,
                                      *entries[] = {&entry};
    entry.key = (char *)"content-type";
    entry.value = &values;
    ReverseTunnel__Trailer trailer = REVERSE_TUNNEL__TRAILER__INIT;
    trailer.meta = entries;
    trailer.n_meta = content_type ? 1 : 0;
    ReverseTunnel__ConnectRequest r = REVERSE_TUNNEL__CONNECT_REQUEST__INIT;
    r.msg_case = REVERSE_TUNNEL__CONNECT_REQUEST__MSG_TRAILER;
    r.trailer = &trailer;
    send(c, &r);
}

void tunnel_send_error(struct call *c, int code, const char *message)
{
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = code;
    status.message = (char *)message;
    ReverseTunnel__Error error = REVERSE_TUNNEL__ERROR__INIT;
    error.status = &status;
    ReverseTunnel__ConnectRequest r = REVERSE_TUNNEL__CONNECT_REQUEST__INIT;
    r.msg_case = REVERSE_TUNNEL__CONNECT_REQUEST__MSG_ERROR;
    r.error = &error;
    send(c, &r);
}
